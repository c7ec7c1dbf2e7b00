import fc from "fast-check";
import { destinationRule } from "./random/destination-rules.ts";
import { gateways, peerAuthentication, sidecar } from "./random/gateways.ts";
import type { Draft } from "./random/names.ts";
import { serviceEntry, services } from "./random/services.ts";
import { leaf, virtualService } from "./random/virtual-services.ts";

/** Later than what Pilot takes for resources without a time; who competes is often of the same age. */
const created = fc.constantFrom(undefined, undefined, "2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z");
const letter = fc.constantFrom("a", "m", "z");

const nothing = fc.constant<Draft[]>([]);

/** Names that sort in another order than the resources stand in. */
const named = (prefix: string, drafts: fc.Arbitrary<Draft[]>) =>
  fc.tuple(drafts, fc.array(fc.tuple(letter, created), { minLength: 4, maxLength: 4 })).map(([all, marks]) =>
    all.map((each, i): Draft => {
      const [first, time] = marks[i % marks.length] ?? ["a", undefined];
      const name = `${prefix === "leaf" ? "" : `${first}-`}${prefix}-${i}`;
      return { ...each, metadata: { ...each.metadata, name, ...(time === undefined ? {} : { creationTimestamp: time }) } };
    }),
  );

/** One to three namespaces with everything that decides where requests go, as resources. */
export const randomMesh: fc.Arbitrary<Draft[]> = fc
  .tuple(
    services,
    named("entry", fc.array(serviceEntry, { maxLength: 2 })),
    named("rule", fc.array(destinationRule, { maxLength: 4 })),
    named("routes", fc.array(virtualService, { maxLength: 4 })),
    named("leaf", fc.array(leaf, { maxLength: 2 })),
    named(
      "sidecar",
      fc.oneof({ weight: 2, arbitrary: nothing }, { weight: 1, arbitrary: fc.array(sidecar, { minLength: 1, maxLength: 2 }) }),
    ),
    named("peers", fc.oneof({ weight: 2, arbitrary: nothing }, { weight: 1, arbitrary: fc.array(peerAuthentication, { maxLength: 3 }) })),
    fc.oneof({ weight: 2, arbitrary: nothing }, { weight: 1, arbitrary: gateways }),
  )
  .map((parts) => withAddresses(distinct(parts.flat())));

/**
 * Without ServiceEntries whose host another has: of one namespace Pilot joins their ports and endpoints, we take the older; of two, our files of
 * endpoints have the same name, which is not mended yet.
 */
function distinct(all: readonly Draft[]): Draft[] {
  const taken = new Set<string>();
  return all.filter(({ kind, spec }) => {
    if (kind !== "ServiceEntry") return true;
    const keys = (spec as { hosts: string[] }).hosts;
    const free = keys.every((key) => !taken.has(key));
    if (free) for (const key of keys) taken.add(key);
    return free;
  });
}

/** Each Service one of its own, as Kubernetes gives them. */
function withAddresses(all: readonly Draft[]): Draft[] {
  let last = 0;
  return all.map((each) =>
    each.kind === "Service" ? { ...each, spec: { clusterIP: `10.96.1.${++last}`, ...(each.spec as object) } } : each,
  );
}

/** JSON is YAML. */
export const asYaml = (resources: readonly Draft[]): string => resources.map((each) => JSON.stringify(each)).join("\n---\n");
