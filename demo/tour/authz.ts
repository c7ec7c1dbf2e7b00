import { type Authority, type HttpResponse, IncompleteResponse } from "../../harness/index.ts";
import { NAMESPACE, accountOf, spiffeIdOf } from "../identities.ts";
import { callersPolicy } from "../policies.ts";
import { type Hop, readHop } from "../recorder.ts";
import { type Caller, type Service, callers, callersOf, expectedHops, inbound, serviceOf, workloads } from "../topology.ts";
import { sendAsFarAsRatings } from "./as-far-as-ratings.ts";
import { growth } from "./growth.ts";
import { type StepRun, type TourStep, stepWithIdentities } from "./step.ts";
import { chosenBy } from "./trace-checks.ts";

const PART = "authz";
const REFUSAL = "RBAC: access denied";
/** No rule matched, so there is none to name. */
const NO_RULE = "verdict=denied policy=none";

/** What verdicts and counters call the one rule that a service's policy has. */
const ruleOf = (service: Service) => `ns[${NAMESPACE}]-policy[${callersPolicy(service).metadata.name}]-rule[0]`;

const isInbound = (hop: string) => workloads.some(({ name }) => hop === inbound(name));

/** What became of a request, told by the one who asked, the sidecar and the application. */
interface Ask {
  answer: HttpResponse;
  /** The sidecar's entry in its access log. */
  hop: Hop | undefined;
  /** The application got it. */
  arrived: boolean;
}

/** Asks a workload's sidecar with the certificate of a service account. */
async function askAs(step: StepRun, authority: Authority, caller: Caller, workload: string, path: string): Promise<Ask> {
  const { mesh } = step;
  const sidecar = mesh.envoy(workload);
  const identity = await authority.issue({ serviceAccount: accountOf(caller), namespace: NAMESPACE });
  const [logged, mark] = [sidecar.accessLog().length, mesh.recorder.mark];
  const answer = await step.sendTo(workload, { path, identity });
  if (answer instanceof IncompleteResponse) throw answer;
  const hops = sidecar.accessLog().slice(logged);
  const hop = hops.map((entry) => readHop(entry, [PART])).find((one) => one?.name === inbound(workload));
  const arrived = mesh.recorder.since(mark).some((sighting) => sighting.workload === workload);
  return { answer, hop, arrived };
}

const allowed = stepWithIdentities(
  PART,
  "a page comes through: each sidecar finds its caller in its policy and notes the rule",
  async (step) => {
    const exchange = await sendAsFarAsRatings(step, { path: "/productpage" });
    const judged = exchange.hops.filter(({ name }) => isInbound(name));
    for (const { name, peer, verdicts } of judged) step.saw(`${name}, for ${peer ?? "nobody"}:\n  ${verdicts[PART] ?? "nothing noted"}`);
    step.same("the answer is 200", exchange.response.status, 200);
    step.same(
      "each noted the rule of its service that allows it",
      judged.map(({ name, verdicts }) => `${name}: ${verdicts[PART] ?? "nothing"}`).sort(),
      expectedHops(chosenBy(exchange))
        .filter(({ hop }) => isInbound(hop))
        .map(({ hop }) => `${hop}: verdict=allowed policy=${ruleOf(serviceOf(hop.split(" ", 1)[0] ?? ""))}`)
        .sort(),
    );
    const atRatings = judged.find(({ name }) => name === inbound("ratings"));
    step.same("ratings was asked by reviews", atRatings?.peer, spiffeIdOf("reviews"));
  },
);

const refused = stepWithIdentities(
  PART,
  "a good certificate is not enough: whom no rule allows gets 403, the access log says so, and the application hears nothing",
  async (step, authority) => {
    const asks: [Caller, Service, string][] = [
      ["productpage", "ratings", "/ratings/0"],
      ["reviews", "details", "/details/0"],
    ];
    for (const [caller, callee, path] of asks) {
      const { answer, hop, arrived } = await askAs(step, authority, caller, callee, path);
      const details = hop?.entry["details"];
      const noted = hop?.verdicts[PART];
      step.saw(
        [
          `${caller} asks ${callee}: ${answer.status} ${answer.text()}`,
          `  the sidecar of ${callee} noted ${noted ?? "nothing"}; details: ${String(details)}`,
        ].join("\n"),
      );
      const what = `${caller} at ${callee}`;
      step.same(`${what}: status and body`, [answer.status, answer.text()], [403, REFUSAL]);
      step.same(`${what}: the sidecar knows who it was`, hop?.peer, spiffeIdOf(caller));
      step.same(`${what}: the sidecar says why`, [noted, details], [NO_RULE, "rbac_access_denied_matched_policy[none]"]);
      step.check(`${what}: the application heard nothing of it`, !arrived);
    }
  },
);

const everybody = stepWithIdentities(
  PART,
  "every sidecar serves whom the topology has call it, and nobody else",
  async (step, authority) => {
    for (const { name, service } of workloads) {
      const asks: (Ask & { caller: Caller })[] = [];
      for (const caller of callers) asks.push({ caller, ...(await askAs(step, authority, caller, name, "/health")) });
      const answered = (status: number) => asks.filter(({ answer }) => answer.status === status).map(({ caller }) => caller);
      const list = (some: Caller[]) => some.join(", ") || "nobody";
      step.saw(`${name} serves ${list(answered(200))}; refuses ${list(answered(403))}`);
      const may = callersOf(service);
      const mayNot = callers.filter((caller) => !may.includes(caller));
      step.same(`${name}: who is served, and who is refused`, [answered(200), answered(403)], [may, mayNot]);
      const heard = asks.filter(({ arrived }) => arrived).map(({ caller }) => caller);
      step.same(`${name}: whom its application heard`, heard, may);
    }
  },
);

const counted = stepWithIdentities(
  PART,
  "ratings' Envoy counts exactly what was allowed, by rule, and what was refused",
  async (step, authority) => {
    const times = { reviews: 3, productpage: 2 };
    const counters = "wasm_filter\\.authz\\.policy=\\.=.*;\\.;meshscript_authz_.*_total$";
    const all = await growth(step, "ratings", counters, async () => {
      for (let n = 0; n < times.reviews; n++) await askAs(step, authority, "reviews", "ratings", "/ratings/0");
      for (let n = 0; n < times.productpage; n++) await askAs(step, authority, "productpage", "ratings", "/ratings/0");
    });
    const grown = all.filter(([, more]) => more !== 0);
    for (const [name, more] of grown) step.saw(`${name}: +${more}`);
    step.same("by how much", Object.fromEntries(grown.map(([name, more]) => [name.replace(/^.*\.policy=\.=/, ""), more])), {
      [`${ruleOf("ratings")};.;meshscript_authz_allowed_total`]: times.reviews,
      "none;.;meshscript_authz_denied_total": times.productpage,
    });
  },
);

export const authz: readonly TourStep[] = [allowed, refused, everybody, counted];
