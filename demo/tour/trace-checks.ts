import { spansOf, traceparentOf } from "../spans.ts";
import { type Edge, type Service, entry, expectedHops, workloads } from "../topology.ts";
import { type TraceTree, buildTree, walk } from "../trace-tree.ts";
import type { Exchange } from "../watch.ts";
import type { StepRun } from "./step.ts";

export interface Expectation {
  /** The client's own span, when it sent one. */
  client?: string;
  /** Whom productpage calls for this path [all that it may]. */
  calls?: readonly Service[];
}

/** Builds the trace of an exchange and checks that it is whole: one trace, exactly the expected hops, and services that got it. */
export function checkTrace(step: StepRun, exchange: Exchange, { client, calls }: Expectation = {}): TraceTree {
  const { hops, sightings, response } = exchange;
  const { spans, untraced } = spansOf(hops, sightings);
  const tree = buildTree(spans, client);
  step.same("the answer is 200", response.status, 200);
  const missing = `${untraced.length} of ${hops.length} have none: ${untraced.join(", ")}`;
  step.check("every hop has a span", untraced.length === 0, missing);
  // The rest would only say the same in other words.
  if (spans.length === 0) return tree;
  step.check("one trace id, one root, no span twice, every parent is there", tree.problems.length === 0, tree.problems.join("; "));

  const seen = tree.roots
    .flatMap((root) => [...walk(root)])
    .map(({ node, parent }) => ({ hop: node.span.name, parent: parent?.span.name }));
  const expected = expectedHops(chosenBy(exchange), calls);
  step.check("exactly the expected hops, each below the right one", sameEdges(seen, expected), difference(seen, expected));

  const inbound = spans.filter(({ name }) => name.endsWith(" inbound"));
  const got = sightings.map(({ workload, headers }) => `${workload} ${show(traceparentOf(headers)?.spanId)}`).sort();
  step.same(
    "every service received the span of its own sidecar, once",
    got,
    inbound.map(({ name, spanId }) => `${name.replace(" inbound", "")} ${spanId}`).sort(),
  );
  step.same(
    "ingress, sidecars and services agree whether it is sampled",
    new Set([...spans, ...contexts(exchange)].map(({ sampled }) => sampled)).size,
    1,
  );
  return tree;
}

/** Trace contexts that the services received; what is no valid traceparent is left out. */
export function contexts({ sightings }: Exchange) {
  return sightings.map(({ headers }) => traceparentOf(headers)).filter((context) => context !== undefined);
}

/** Which version answered for each service, from what the services themselves received. */
export function chosenBy({ sightings }: Exchange): Partial<Record<Service, string>> {
  const chosen: Partial<Record<Service, string>> = {};
  for (const { name, service } of workloads) {
    if (service !== entry && sightings.some(({ workload }) => workload === name)) chosen[service] = name;
  }
  return chosen;
}

const show = (value: string | undefined) => value ?? "none";
const line = ({ hop, parent }: Edge) => (parent === undefined ? hop : `${hop} (from ${parent})`);

function sameEdges(seen: readonly Edge[], expected: readonly Edge[]): boolean {
  return seen.map(line).sort().join() === expected.map(line).sort().join();
}

function difference(seen: readonly Edge[], expected: readonly Edge[]): string {
  const [have, want] = [seen.map(line), expected.map(line)];
  const missing = want.filter((edge) => !have.includes(edge));
  const extra = have.filter((edge, i) => !want.includes(edge) || have.indexOf(edge) !== i);
  return [missing.length > 0 ? `missing: ${missing.join(", ")}` : "", extra.length > 0 ? `not expected: ${extra.join(", ")}` : ""]
    .filter((part) => part !== "")
    .join("; ");
}
