/** Configurations with one place changed: what a schema and a module must judge alike. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A value within a configuration. */
export interface Place {
  /** The key that leads there; of a list's entry its list's. */
  name: string;
  old: Json;
  /** The whole with another value there. */
  put(value: Json): Json;
}

/** What is put where something else was. */
export interface Material {
  /** Keys to put in. */
  keys: readonly string[];
  /** Their values. */
  values: readonly Json[];
  /** Numbers for where one is. */
  numbers: readonly Json[];
  /** Of those, for the places of one key only. */
  byKey?: Readonly<Record<string, readonly Json[]>>;
  /** Anything, anywhere. */
  junk: readonly Json[];
}

/** Every place below the root. */
export function places(root: Json, name = ""): Place[] {
  if (Array.isArray(root)) {
    return root.flatMap((item, i) => below(item, name, (v) => root.with(i, v)));
  }
  if (typeof root !== "object" || root === null) return [];
  return Object.entries(root).flatMap(([key, item]) => below(item, key, (v) => ({ ...root, [key]: v })));
}

function below(item: Json, name: string, put: (value: Json) => Json): Place[] {
  return [{ name, old: item, put }, ...places(item, name).map((place) => ({ ...place, put: (v: Json) => put(place.put(v)) }))];
}

/** Changes one place of a configuration, chosen by `at`: another value, another type, a key renamed, removed or put in, an entry doubled or removed. */
export function mutated(valid: Json, at: number, kind: number, which: number, material: Material): Json {
  const all = [{ name: "", old: valid, put: (value: Json) => value }, ...places(valid)];
  const place = all[at % all.length] as Place;
  const { old } = place;
  const of = (list: readonly Json[]) => list[which % list.length] ?? null;
  if (Array.isArray(old) && old.length > 0) {
    const i = which % old.length;
    if (kind < 3) return place.put(old.toSpliced(i, 0, old[i] ?? null));
    if (kind < 4) return place.put(old.toSpliced(i, 1));
  } else if (typeof old === "object" && old !== null) {
    const entries = Object.entries(old);
    const [key = "", item = null] = entries[which % entries.length] ?? [];
    const without = entries.filter(([other]) => other !== key);
    if (kind < 2) return place.put(Object.fromEntries(without));
    if (kind < 3) return place.put(Object.fromEntries([...without, [`${key}x`, item]]));
    if (kind < 5) return place.put({ ...old, [material.keys[which % material.keys.length] ?? ""]: of(material.values) });
  } else if (kind < 5) {
    const special = material.byKey?.[place.name];
    if (special) return place.put(of(special));
    if (typeof old === "number") return place.put(of(material.numbers));
  }
  // What stands elsewhere: of the wrong type, mostly.
  if (kind < 7) return place.put(all[which % all.length]?.old ?? null);
  return place.put(of(material.junk));
}
