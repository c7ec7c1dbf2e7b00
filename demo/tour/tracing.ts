import { randomBytes } from "node:crypto";
import { valuesOf } from "../../harness/index.ts";
import { Reviews } from "../services/schemas.ts";
import { readTraceparent, readVerdict } from "../spans.ts";
import { type Service, workloadsOf } from "../topology.ts";
import type { TraceTree } from "../trace-tree.ts";
import type { Exchange } from "../watch.ts";
import type { StepRun, TourStep } from "./step.ts";
import { checkTrace, chosenBy, contexts } from "./trace-checks.ts";

/** A trace that a client begins; new ids each time, so that nothing can be right by chance. */
function clientTrace(flags: "00" | "01") {
  const traceId = randomBytes(16).toString("hex");
  const spanId = randomBytes(8).toString("hex");
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
}

const rootOf = (tree: TraceTree) => tree.roots[0]?.span;

/** How the tracing filter of the ingress came by its trace. */
function began({ hops }: Exchange, tree: TraceTree): string {
  const verdict = readVerdict(hops.find(({ name }) => name === "ingress")?.verdicts["tracing"]);
  return `${verdict?.action ?? "nothing"}, ${rootOf(tree)?.parentId === undefined ? "without a parent" : "with a parent"}`;
}

/** All values of a header that services received. */
function received({ sightings }: Exchange, header: string): string[][] {
  return sightings.map(({ headers }) => valuesOf(headers, header));
}

/** The different values among many, for a line of text. */
function distinct(values: readonly (string | string[])[]): string {
  const texts = new Set(values.flatMap((value) => (value.length === 0 ? ["none"] : value)));
  return texts.size === 0 ? "none" : [...texts].join(" | ");
}

const fresh: TourStep = {
  part: "tracing",
  claim: "a request without trace headers becomes one trace through every proxy and service",
  run: async (step) => {
    // The versions of reviews take turns, and not all ask for ratings: until one does, so that the tree to look at has every kind of hop.
    let longest = await oneFresh(step);
    for (let n = 1; n < workloadsOf("reviews").length && !reachesRatings(longest.exchange); n++) longest = await oneFresh(step);
    const { exchange, tree } = longest;
    step.check("it came as far as ratings", reachesRatings(exchange), "no version of reviews asked for them");
    step.sawTrace(tree);
    const told = exchange.response.header("server-timing");
    step.saw(`the client is told ${told === undefined ? "no server-timing" : `server-timing: ${told}`}`);
    const own = readTraceparent(told?.replace(/^trace;desc=/, ""));
    step.check("Server-Timing names this trace", own !== undefined && own.traceId === rootOf(tree)?.traceId, `got ${told ?? "none"}`);
  },
};

async function oneFresh(step: StepRun): Promise<{ exchange: Exchange; tree: TraceTree }> {
  const exchange = await step.send({ path: "/productpage" });
  const tree = checkTrace(step, exchange);
  step.same("the ingress began the trace", began(exchange, tree), "start, without a parent");
  step.check(
    "the page has its reviews",
    exchange.response.text().includes(`served by ${chosenBy(exchange).reviews}`),
    "they are not in it",
  );
  return { exchange, tree };
}

const reachesRatings = ({ sightings }: Exchange) => sightings.some(({ workload }) => workload === "ratings");

const continued: TourStep = {
  part: "tracing",
  claim: "a client's trace is continued: its trace id, its sampled flag and its tracestate reach every hop",
  run: async (step) => {
    const { traceId, spanId, traceparent } = clientTrace("01");
    const tracestate = `vendor=${randomBytes(4).toString("hex")},other=1`;
    const exchange = await step.send({ path: "/productpage", headers: { traceparent, tracestate } });
    const tree = checkTrace(step, exchange, { client: spanId });
    const root = rootOf(tree);
    step.saw(`trace ${root?.traceId ?? "none"} on ${exchange.hops.length} hops; the first has the parent ${root?.parentId ?? "none"}`);
    step.saw(`tracestate at ${exchange.sightings.length} services: ${distinct(received(exchange, "tracestate"))}`);
    step.same("the trace id is the client's", root?.traceId, traceId);
    step.same("the first hop's parent is the client's span", root?.parentId, spanId);
    step.same("it stays sampled", root?.sampled, true);
    const unchanged = exchange.sightings.map(() => [tracestate]);
    step.same("every service received the tracestate as it was", received(exchange, "tracestate"), unchanged);
  },
};

const restarted: TourStep = {
  part: "tracing",
  claim: "a repeated or malformed traceparent is not believed: a new trace begins and tracestate is dropped",
  run: async (step) => {
    const { traceId, traceparent } = clientTrace("01");
    const other = clientTrace("01");
    const bad = {
      repeated: [traceparent, other.traceparent],
      malformed: [traceparent.toUpperCase()],
    };
    for (const [kind, values] of Object.entries(bad)) {
      const headers = values.map((value): [string, string] => ["traceparent", value]);
      const exchange = await step.send({ path: "/productpage", headers: [...headers, ["tracestate", "vendor=1"]] });
      const tree = checkTrace(step, exchange);
      const root = rootOf(tree);
      const state = `tracestate at ${exchange.sightings.length} services: ${distinct(received(exchange, "tracestate"))}`;
      step.saw(`${kind}: ingress: ${began(exchange, tree)}; trace ${root?.traceId ?? "none"}; ${state}`);
      step.same(`${kind}: the ingress began a trace anew`, began(exchange, tree), "restart, without a parent");
      const ids = [traceId, other.traceId];
      step.check(`${kind}: the trace id is new`, root !== undefined && !ids.includes(root.traceId), `got ${root?.traceId ?? "none"}`);
      const none = exchange.sightings.map(() => []);
      step.same(`${kind}: no service received a tracestate`, received(exchange, "tracestate"), none);
    }
  },
};

const unsampled: TourStep = {
  part: "tracing",
  claim: "a trace that is not sampled stays so on every hop",
  run: async (step) => {
    const { traceId, spanId, traceparent } = clientTrace("00");
    const exchange = await step.send({ path: "/productpage", headers: { traceparent } });
    const tree = checkTrace(step, exchange, { client: spanId });
    const flags = contexts(exchange).map(({ sampled }) => (sampled ? "sampled" : "not sampled"));
    step.saw(`trace ${rootOf(tree)?.traceId ?? "none"} at ${exchange.sightings.length} services: ${distinct(flags)}`);
    step.same("the trace id is the client's", rootOf(tree)?.traceId, traceId);
    step.same(
      "no service received it as sampled",
      flags,
      exchange.sightings.map(() => "not sampled"),
    );
  },
};

const ROUNDS = 2;
const COLORS: Record<string, string> = { "reviews-v1": "none", "reviews-v2": "black", "reviews-v3": "red" };

const versions: TourStep = {
  part: "tracing",
  claim: "the traces show which version of reviews answered, and that the versions take turns",
  run: async (step) => {
    const all = workloadsOf("reviews").map(({ name }) => name);
    const calls: Service[] = ["reviews"];
    const answers: { version: string; spans: number; colour: string }[] = [];
    for (let i = 0; i < ROUNDS * all.length; i++) answers.push(await oneReview(step, calls));
    for (const version of all) {
      const of = answers.filter((answer) => answer.version === version);
      step.saw(
        `${version}: ${of.length} of ${answers.length} requests, ${of[0]?.spans ?? 0} spans, stars: ${distinct(of.map(({ colour }) => colour))}`,
      );
      step.same(`${version} had its turns`, of.length, ROUNDS);
      step.same(`${version} shows its stars`, [...new Set(of.map(({ colour }) => colour))], [COLORS[version]]);
    }
  },
};

async function oneReview(step: StepRun, calls: Service[]) {
  const exchange = await step.send({ path: "/api/v1/products/0/reviews" });
  const tree = checkTrace(step, exchange, { calls });
  const { podname, reviews } = Reviews.parse(exchange.response.json());
  const names = exchange.hops.filter(({ verdicts }) => readVerdict(verdicts["tracing"])).map(({ name }) => name);
  const version = workloadsOf("reviews").find(({ name }) => names.includes(`${name} inbound`))?.name ?? "none";
  step.same("the trace names the version that answered", version, podname);
  const rated = reviews.map(({ rating }) => (rating === undefined ? "none" : "color" in rating ? rating.color : rating.error));
  return { version, spans: tree.roots.length === 1 ? names.length : 0, colour: distinct(rated) };
}

export const tracing: readonly TourStep[] = [fresh, continued, restarted, unsampled, versions];
