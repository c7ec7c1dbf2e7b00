import { valuesOf } from "../../harness/index.ts";
import type { Hop } from "../recorder.ts";
import { entry, expectedHops, workloadsOf } from "../topology.ts";
import { tally } from "./metric-growth.ts";
import { type TourStep, stepWithIdentities } from "./step.ts";
import { chosenBy } from "./trace-checks.ts";

const PART = "peer-metadata";
const HEADERS = ["x-envoy-peer-metadata", "x-envoy-peer-metadata-id"];
const PAGES = 3;

/** The name in a record: the first of its texts. */
const nameIn = (hop: Hop | undefined, field: "caller" | "callee") => String(hop?.entry[field] ?? "nobody").split("\0")[0] ?? "";
const workloadOf = (hop: string) => hop.split(" ")[0] ?? "";

const known = stepWithIdentities(
  PART,
  "each sidecar knows which workload called it, and each caller which one answered, by version",
  async (step) => {
    const byCallee: string[] = [];
    const byCaller: string[] = [];
    const expected: string[] = [];
    for (let n = 0; n < PAGES; n++) {
      const exchange = await step.send({ path: "/productpage" });
      const hopOf = (name: string | undefined) => exchange.hops.find((hop) => hop.name === name);
      for (const { hop, parent } of expectedHops(chosenBy(exchange))) {
        if (parent === undefined || !hop.endsWith(" inbound")) continue;
        expected.push(`${workloadOf(parent)} asked ${workloadOf(hop)}`);
        byCallee.push(`${nameIn(hopOf(hop), "caller")} asked ${workloadOf(hop)}`);
        byCaller.push(`${workloadOf(parent)} asked ${nameIn(hopOf(parent), "callee")}`);
      }
    }
    const seen = tally(byCallee);
    step.saw(
      Object.entries(seen)
        .map(([line, times]) => `${line}: ${times}`)
        .join("\n"),
    );
    step.same("as who was asked knows it", seen, tally(expected));
    step.same("as who asked knows it", tally(byCaller), tally(expected));
  },
);

const hidden = stepWithIdentities(PART, "no service and no client sees the headers that say it, and none can write them", async (step) => {
  const headers: [string, string][] = HEADERS.map((name) => [name, "CgA="]);
  const exchange = await step.send({ path: "/productpage", headers });
  const ingress = exchange.hops.find(({ name }) => name === "ingress");
  const atServices = exchange.sightings.flatMap(({ headers }) => HEADERS.flatMap((name) => valuesOf(headers, name)));
  const atClient = HEADERS.flatMap((name) => exchange.response.header(name) ?? []);
  step.saw(
    `at ${exchange.sightings.length} services: ${atServices.length}; at the client: ${atClient.length}; told the ingress: ${nameIn(ingress, "callee")}`,
  );
  step.same("at services", atServices, []);
  step.same("at the client", atClient, []);
  step.same("the ingress knows who answered all the same", nameIn(ingress, "callee"), workloadsOf(entry)[0]?.name);
});

export const peerMetadata: readonly TourStep[] = [known, hidden];
