import { type HttpRequest, IncompleteResponse, createAuthority } from "../../harness/index.ts";
import { TRUST_DOMAIN, accountOf, spiffeIdOf } from "../identities.ts";
import { MTLS } from "../parts.ts";
import { expectedHops, workloads } from "../topology.ts";
import type { StepRun, TourStep } from "./step.ts";
import { chosenBy } from "./trace-checks.ts";

const INBOUND = / inbound$/;

/** The SPIFFE ID of the proxy that a hop belongs to: `productpage outbound details` is productpage's. */
function idOf(hop: string | undefined): string {
  return spiffeIdOf(workloads.find(({ name }) => name === hop?.split(" ", 1)[0])?.service ?? "gateway");
}

const identified: TourStep = {
  part: MTLS,
  claim: "every sidecar knows its caller by the SPIFFE ID in its certificate",
  run: async (step) => {
    const exchange = await step.send({ path: "/productpage" });
    const seen = exchange.hops.filter(({ name }) => INBOUND.test(name)).map(({ name, peer }) => `${name}: ${peer ?? "no certificate"}`);
    for (const line of seen) step.saw(line);
    const edges = expectedHops(chosenBy(exchange)).filter(({ hop }) => INBOUND.test(hop));
    step.same("the answer is 200", exchange.response.status, 200);
    step.same("each saw the one that called it", [...seen].sort(), edges.map(({ hop, parent }) => `${hop}: ${idOf(parent)}`).sort());
    const fromClient = exchange.hops.find(({ name }) => name === "ingress");
    step.check("the client of the ingress needs no certificate", fromClient !== undefined && fromClient.peer === undefined);
  },
};

const refused: TourStep = {
  part: MTLS,
  claim: "a sidecar refuses a caller without a certificate of this mesh before any filter or application hears of it",
  run: async (step) => {
    const authority = step.mesh.authority;
    if (authority === undefined) return step.check("the proxies have identities", false, "they speak plain HTTP");
    const serviceAccount = accountOf("productpage");
    // Of the same name and trust domain: only its key is another.
    const impostor = await createAuthority({ trustDomain: TRUST_DOMAIN });
    const mark = step.mesh.recorder.mark;
    const good = await ask(step, "a certificate of productpage's account", { identity: await authority.issue({ serviceAccount }) });
    step.check("who has a good certificate is served", good === 200, `got ${good}`);
    const strangers: [string, HttpRequest][] = [
      ["plain HTTP", {}],
      ["TLS without a certificate", { trust: authority }],
      ["one that has expired", { identity: await authority.issue({ serviceAccount, validFor: "-1s" }) }],
      ["one of another authority", { identity: await impostor.issue({ serviceAccount }), trust: authority }],
    ];
    for (const [who, request] of strangers) {
      const answer = await ask(step, who, request);
      step.check(`${who} is refused`, typeof answer === "string", `got ${answer}`);
    }
    const reached = step.mesh.recorder.since(mark).map(({ workload }) => workload);
    step.same("only the good one reached the application", reached, ["details"]);
  },
};

/** Asks the sidecar of details; gives the status, or why there is none. */
async function ask(step: StepRun, who: string, request: HttpRequest): Promise<number | string> {
  const answer = await step.sendTo("details", { path: "/details/0", ...request });
  const result = answer instanceof IncompleteResponse ? (answer.diagnostics[0]?.message ?? answer.message) : answer.status;
  step.saw(`${who}: ${typeof result === "number" ? result : `refused, ${result}`}`);
  return result;
}

export const mtls: readonly TourStep[] = [identified, refused];
