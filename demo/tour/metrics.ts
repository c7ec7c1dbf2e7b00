import { randomBytes } from "node:crypto";
import { eventually } from "../../harness/expect/eventually.ts";
import { RATINGS_LIMIT } from "../filters.ts";
import { NAMESPACE, accountOf } from "../identities.ts";
import { type Hop, settledLog } from "../recorder.ts";
import { USER } from "../services/app.ts";
import { expectedHops, inbound } from "../topology.ts";
import type { Exchange } from "../watch.ts";
import { sendAsFarAsRatings } from "./as-far-as-ratings.ts";
import { type Grown, REQUESTS, countedMeanwhile, hopOf, samplesAt, serviceOfHop, tally } from "./metric-growth.ts";
import type { StepRun, TourStep } from "./step.ts";
import { chosenBy } from "./trace-checks.ts";

const PART = "metrics";
const PAGES = 3;
const REVIEWS = "/api/v1/products/0/reviews";
/** A bucket's bound, in milliseconds: jason waits longer than that, and nobody else. */
const SLOW = 500;

/** For Envoy to merge histograms, on a machine that is busy with other things. */
const PATIENCE = { timeout: 5_000 };

const newUser = (name: string) => `${name}-${randomBytes(3).toString("hex")}`;
const isDestination = ({ labels }: Grown) => labels["reporter"] === "destination";

/** Lines for a reader, sorted, one for each hop and status. */
function tell(step: StepRun, counts: Record<string, number>): void {
  step.saw(
    Object.entries(counts)
      .map(([line, by]) => `${line}: +${by}`)
      .join("\n") || "no counter grew",
  );
}

const everyHop: TourStep = {
  part: PART,
  claim: `${PAGES} pages are counted ${PAGES} times at the ingress, and on every hop as often as the topology says`,
  run: async (step) => {
    const exchanges: Exchange[] = [];
    const { grown } = await countedMeanwhile(step, async () => {
      for (let n = 0; n < PAGES; n++) exchanges.push(await step.send({ path: "/productpage" }));
    });
    const counted = tally(grown.map(({ labels, by }) => [`${hopOf(labels)} ${labels["response_code"]}`, by]));
    tell(step, counted);
    const expected = exchanges.flatMap((exchange) => expectedHops(chosenBy(exchange)).map(({ hop }) => `${hop} 200`));
    step.same("how often each hop was counted", counted, tally(expected));
    const elsewhere = grown.filter(({ proxy, labels }) => !hopOf(labels).startsWith(proxy));
    step.same("each by the proxy that it went through", elsewhere, []);
  },
};

const agreed: TourStep = {
  part: PART,
  claim: "who calls and who is called count the same: who asked whom, and what came of it",
  run: async (step) => {
    const { grown } = await countedMeanwhile(step, async () => {
      for (let n = 0; n < PAGES; n++) await step.send({ path: "/productpage" });
      await step.send({ path: "/api/v1/products/7" });
    });
    const of = (rows: readonly Grown[]) =>
      tally(
        rows.map(({ labels, by }) => {
          const [from, to] = ["source_principal", "destination_principal"].map((name) => labels[name]?.replace(/^.*\/bookinfo-/, ""));
          return [`${from} asked ${to}, ${labels["destination_service"]}: ${labels["response_code"]}`, by];
        }),
      );
    const [called, callers] = [of(grown.filter(isDestination)), of(grown.filter((row) => !isDestination(row)))];
    tell(step, called);
    step.same("both sides", callers, called);
    step.same("the page that is not there is among them", Object.keys(called).filter((line) => line.endsWith(": 404")).length, 1);
    if (step.mesh.filters.some(({ name }) => name === "peer-metadata")) {
      const workloads = (rows: readonly Grown[]) =>
        tally(rows.map(({ labels, by }) => [`${labels["source_workload"]} asked ${labels["destination_workload"]}`, by]));
      step.same("both sides, by workload", workloads(grown.filter((row) => !isDestination(row))), workloads(grown.filter(isDestination)));
    }
    const policies = new Set(grown.filter(isDestination).map(({ labels }) => labels["connection_security_policy"]));
    step.same("who is called knows whether it was mTLS", [...policies], [step.mesh.authority ? "mutual_tls" : "none"]);
  },
};

const outcomes: TourStep = {
  part: PART,
  claim: "refusals, faults and limits are counted by their status where they happen, and a retry only by who is called",
  run: async (step) => {
    const { hops, grown } = await countedMeanwhile(step, async () => {
      await sendAsFarAsRatings(step, { path: REVIEWS, headers: { [USER]: newUser("rita") } });
      const ann = newUser("ann");
      const identity = await step.mesh.authority?.issue({ serviceAccount: accountOf("reviews"), namespace: NAMESPACE });
      const ask = { path: "/ratings/0", headers: { [USER]: ann }, ...(identity ? { identity } : {}) };
      for (let n = 0; n <= RATINGS_LIMIT.requests; n++) await step.sendTo("ratings", ask);
      const stranger = await step.mesh.authority?.issue({ serviceAccount: accountOf("productpage"), namespace: NAMESPACE });
      await step.sendTo("ratings", { path: "/ratings/0", ...(stranger ? { identity: stranger } : {}) });
    });
    const counted = tally(grown.map(({ labels, by }) => [`${hopOf(labels)} ${labels["response_code"]} ${labels["response_flags"]}`, by]));
    tell(step, counted);
    step.check("something is counted", grown.length > 0);
    step.same("what the access logs say", counted, tally(hops.map((hop) => `${hop.name} ${hop.status} ${flagsOf(hop)}`)));
    const atRatings = Object.keys(counted).filter((line) => line.startsWith(inbound("ratings")));
    for (const [filter, status] of [
      ["authz", 403],
      ["ratelimit", 429],
      ["fault-injection", 503],
    ] as const) {
      if (!step.mesh.filters.some(({ name }) => name === filter)) continue;
      step.check(
        `${filter} is seen as ${status}`,
        atRatings.some((line) => line.includes(` ${status} `)),
        atRatings.join(", "),
      );
      const elsewhere = Object.keys(counted).filter((line) => !line.startsWith(inbound("ratings")) && line.includes(` ${status} `));
      step.same(`and nobody else saw a ${status}`, elsewhere, []);
    }
    const hosts = grown.filter(({ labels }) => labels["destination_service"] !== serviceOfHop(hopOf(labels)));
    step.same("each is counted for the service that was meant", hosts, []);
  },
};

const flagsOf = ({ entry }: Hop) => (typeof entry["flags"] === "string" ? entry["flags"] : "-");

const conserved: TourStep = {
  part: PART,
  claim: "since the start each proxy has counted as many requests as its Envoy has, and as its access log has lines",
  run: async (step) => {
    await step.send({ path: "/productpage" });
    for (const [name, envoy] of step.mesh.envoys) {
      const lines = (await settledLog(envoy)).length;
      const own = await envoy.stats("^http\\.(ingress|inbound|outbound_[a-z]+)\\.downstream_rq_[1-5]xx$");
      const counted = (await samplesAt(envoy, REQUESTS)).map(({ value }) => value);
      const [requests, envoys] = [sum(counted), sum([...own.values()])];
      step.saw(`${name.padEnd(12)} ${requests} requests in ${counted.length} series; Envoy ${envoys}; access log ${lines}`);
      step.same(name, [requests, requests], [envoys, lines]);
    }
  },
};

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

const measured: TourStep = {
  part: PART,
  claim: "each request is in the buckets of durations and sizes; those that jason waits for are in the slow ones",
  run: async (step) => {
    const ratings = step.mesh.envoy("ratings");
    await sendAsFarAsRatings(step, { path: REVIEWS, headers: { [USER]: newUser("jason") } });
    const entries = await settledLog(ratings);
    const slow = entries.filter((entry) => Number(entry["microseconds"]) >= SLOW * 1_000).length;
    for (const metric of ["istio_request_duration_milliseconds", "istio_request_bytes", "istio_response_bytes"]) {
      // Envoy merges its workers' histograms while it answers: the next answer has them.
      const total = await eventually(async () => {
        const found = sum((await samplesAt(ratings, `${metric}_count`)).map(({ value }) => value));
        if (found !== entries.length) throw new Error(`${metric} has ${found} of ${entries.length} requests`);
        return found;
      }, PATIENCE);
      step.same(metric, total, entries.length);
    }
    const within = (await samplesAt(ratings, "istio_request_duration_milliseconds_bucket")).filter(
      ({ labels }) => labels["le"] === String(SLOW),
    );
    const counted = entries.length - sum(within.map(({ value }) => value));
    step.saw(`ratings: ${entries.length} requests, ${counted} of them took ${SLOW} ms or more`);
    step.same(`as many took ${SLOW} ms as the access log says`, counted, slow);
  },
};

export const metrics: readonly TourStep[] = [everyHop, agreed, outcomes, conserved, measured];
