// Whether a schema and a module judge configurations alike: shared by the filters' config tests.
import fc from "fast-check";
import { expect } from "vitest";
import { type Json, type Material, mutated, places } from "./mutations.ts";

/** What three judges say of one configuration. */
export interface Judgement {
  zod: boolean;
  /** config.schema.json, which some rules are beyond. */
  schema: boolean;
  module: boolean;
  /** What the module said. */
  logs: string[];
}

/** All must accept so many valid configurations. @returns how often each key was there */
export function acceptAll(config: fc.Arbitrary<Json>, judge: (candidate: Json) => Judgement, numRuns: number): Map<string, number> {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(config, (valid) => {
      for (const { name } of places(valid)) seen.set(name, (seen.get(name) ?? 0) + 1);
      const { zod, schema, module, logs } = judge(valid);
      expect({ valid, zod, schema, module, logs }).toEqual({ valid, zod: true, schema: true, module: true, logs: [] });
    }),
    { numRuns },
  );
  return seen;
}

export interface Mutations {
  filter: string;
  config: fc.Arbitrary<Json>;
  material: Material;
  judge: (candidate: Json) => Judgement;
  /** The module's words for rules that a schema cannot say. */
  beyondSchema: readonly string[];
  numRuns: number;
}

/** Of configurations with one place changed zod must say what the module says, and the schema must refuse none that the module takes. */
export function judgeMutations({ filter, config, material, judge, beyondSchema, numRuns }: Mutations): {
  refused: number;
  accepted: number;
} {
  const counts = { refused: 0, accepted: 0 };
  const line = expect.stringMatching(new RegExp(`^\\[${filter} #\\d+\\] configuration refused: .`)) as unknown;
  fc.assert(
    fc.property(config, fc.nat(), fc.nat({ max: 9 }), fc.nat(), (valid, at, kind, which) => {
      const candidate = mutated(valid, at, kind, which, material);
      const { zod, schema, module, logs } = judge(candidate);
      expect({ candidate, zod, logs }).toEqual({ candidate, zod: module, logs });
      if (module) {
        counts.accepted++;
        expect({ candidate, schema, logs }).toEqual({ candidate, schema: true, logs: [] });
        return;
      }
      counts.refused++;
      expect({ candidate, logs }).toEqual({ candidate, logs: [line] });
      const excused = beyondSchema.some((rule) => logs[0]?.includes(rule));
      if (schema) expect({ candidate, logs, excused }).toEqual({ candidate, logs, excused: true });
    }),
    { numRuns },
  );
  return counts;
}
