import { isDeepStrictEqual } from "node:util";
import { isMap, isSeq } from "yaml";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { valueAt } from "../../harness/cases/findings.ts";
import { inFull } from "../model/hosts.ts";
import type { Wanted } from "./destinations.ts";
import { type ResourceFile, parsed } from "./resource-file.ts";
import type { ServiceRoute } from "./route.ts";
import { type Cut, cut, newDestinationsCut, weightCut } from "./surgery.ts";

/**
 * The text of a file in which a route's destinations have other weights, and nothing else is different.
 * @param host whose destinations new ones are made like
 * @throws MeshscriptError MS1102 where that cannot be done in place: what is written there by an alias also stands elsewhere
 */
export function rewritten(file: ResourceFile, found: ServiceRoute, host: string, { destinations, present }: Wanted): string {
  const { text } = file;
  const path = [...found.resource.path, ...found.path, "route"];
  const list = found.resource.source.nodeAt(path);
  if (!isSeq(list)) throw notInPlace(found);
  const weights = destinations.slice(0, present).map(({ weight }) => weight);
  const before = (found.route.route ?? []).map(({ weight }) => weight);
  const stays = (weight: number, i: number) =>
    before[i] === weight || (before[i] === undefined && weight === implied(present) && weight === implied(destinations.length));
  const changed = weights.flatMap((weight, i) => (stays(weight, i) ? [] : [weightCut(text, list.items[i], weight)]));
  const added = destinations.slice(present);
  const ours = (item: unknown) => isMap(item) && inFull(String(item.getIn(["destination", "host"])), found.resource.namespace) === host;
  const cuts = [...changed, ...(added.length > 0 ? [newDestinationsCut(text, list, list.items.findLast(ours), added)] : [])];
  if (!cuts.every((each) => each !== undefined)) throw notInPlace(found);
  const made = cut(text, cuts as Cut[]);
  if (!onlyWeightsDiffer(file, made, found, { destinations, present })) throw notInPlace(found);
  return made;
}

/** What a weight that is not written means: an only destination gets everything, one of several nothing. */
const implied = (count: number): number => (count === 1 ? 100 : 0);

/** Reads the new text, and compares it with what the old one is to become. */
function onlyWeightsDiffer(
  { documents, name }: ResourceFile,
  made: string,
  found: ServiceRoute,
  { destinations, present }: Wanted,
): boolean {
  const { resource } = found;
  const index = documents.indexOf(resource.source);
  const path = [...resource.path, ...found.path];
  const after = valuesOf(made, name);
  if (after === undefined || after.length !== documents.length) return false;
  return documents.every(({ value }, i) => {
    const [old, now] = [copy(value), after[i]];
    if (i !== index) return isDeepStrictEqual(old, now);
    const [oldRoute, newRoute] = [old, now].map((each) => valueAt(each, path) as { route?: Item[] } | undefined);
    const list = newRoute?.route ?? [];
    if (oldRoute?.route === undefined || list.length !== destinations.length) return false;
    const right = list.every(({ weight = implied(list.length) }, k) => weight === destinations[k]?.weight);
    // What is left: the same list, but for weights and what was added.
    const like = oldRoute.route;
    for (const [k, item] of list.entries()) setWeight(item, like[k]?.weight);
    const fresh = list.splice(present);
    return (
      right && fresh.every(({ destination }, k) => destination?.subset === destinations[present + k]?.subset) && isDeepStrictEqual(old, now)
    );
  });
}

interface Item {
  weight?: number;
  destination?: { subset?: string };
}

function setWeight(item: Item, weight: number | undefined): void {
  if (weight === undefined) delete item.weight;
  else item.weight = weight;
}

function valuesOf(text: string, name: string): unknown[] | undefined {
  try {
    return parsed(text, name).documents.map(({ value }) => copy(value));
  } catch {
    return undefined;
  }
}

/** Without anything that is in two places at once, as what an alias stands for is. */
const copy = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null)) as unknown;

function notInPlace({ resource, path }: ServiceRoute): MeshscriptError {
  const location = resource.at([...path, "route"], "key");
  const help = "write the route out, without anchors, aliases and merge keys; or change its weights by hand";
  return new MeshscriptError(diagnostic("MS1102", "the weights of this route cannot be changed in place", { location, help }));
}
