import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parseAllDocuments, stringify } from "yaml";
import { packageRoot } from "../../harness/provision/cache.ts";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const folders = ["mesh/test/pilot/cases", "mesh/test/fixtures/fields"];

/** Every resource that the scenes and the fixtures have. */
const known: readonly Json[] = folders.flatMap((folder) =>
  readdirSync(join(packageRoot(), folder)).flatMap((file) => {
    const documents = parseAllDocuments(readFileSync(join(packageRoot(), folder, file), "utf8"));
    return documents.map((document) => document.toJS() as Json).filter((value) => value !== null);
  }),
);

/** What stands in resources where it does not belong: other types, nothing, much too much, and what looks like something else. */
const strange: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    null,
    true,
    0,
    -1,
    1.5,
    65_536,
    2 ** 53,
    "",
    "*",
    "/",
    "..",
    "a b",
    "__proto__",
    "*.*",
    "1h",
    "outbound|80||a",
    "é",
  ),
  fc.string({ maxLength: 12 }),
  fc.constantFrom<Json>([], {}, [null], [[]], [{}], { exact: "a", prefix: "b" }, { constructor: {} }),
);

/** How one place of a resource is changed: `at` chooses it among all of its places. */
const change = fc.record({
  at: fc.nat(),
  how: fc.constantFrom("remove", "replace", "rename", "repeat", "borrow"),
  value: strange,
  from: fc.nat(),
});

/** Resources as people have them, and with a few mistakes in them; as a text of YAML. */
export const randomYaml: fc.Arbitrary<string> = fc
  .record({
    picked: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
    changes: fc.array(change, { maxLength: 4 }),
  })
  .map(({ picked, changes }) => {
    const resources = picked.map((index) => structuredClone(known[index % known.length] as Json));
    for (const each of changes) apply(resources, each);
    return resources.map((resource) => stringify(resource)).join("---\n");
  });

interface Place {
  parent: Json[] | { [name: string]: Json };
  key: string | number;
}

function apply(resources: Json[], { at, how, value, from }: { at: number; how: string; value: Json; from: number }): void {
  const places = resources.flatMap((resource) => placesIn(resource));
  const place = places[at % Math.max(1, places.length)];
  const other = places[from % Math.max(1, places.length)];
  if (place === undefined || other === undefined) return;
  const holder = place.parent as Record<string | number, Json>;
  const old = holder[place.key] as Json;
  if (how === "remove") delete holder[place.key];
  else if (how === "rename" && !Array.isArray(place.parent)) {
    delete holder[place.key];
    holder[`${place.key}x`] = old;
  } else if (how === "repeat" && Array.isArray(place.parent)) place.parent.push(structuredClone(old));
  else if (how === "borrow") holder[place.key] = structuredClone((other.parent as Record<string | number, Json>)[other.key] as Json);
  else holder[place.key] = structuredClone(value);
}

function placesIn(value: Json): Place[] {
  if (typeof value !== "object" || value === null) return [];
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  return [...keys].flatMap((key) => [{ parent: value, key }, ...placesIn((value as Record<string | number, Json>)[key] as Json)]);
}
