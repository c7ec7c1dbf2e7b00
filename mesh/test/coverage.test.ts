import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { type Field, fieldsOf } from "../coverage/fields.ts";
import { coveragePage } from "../coverage/page.ts";
import { isAtOrAbove } from "../coverage/paths.ts";
import { supportOf } from "../coverage/support.ts";
import { coverageOf, coverages } from "../coverage/tables/index.ts";
import { type Kind, knownKinds } from "../index.ts";
import { compiled, effectOf, fixture, fixtureName, kindsWithFixture } from "./support-of-fields.ts";

const supported = (kind: Kind): Field[] => {
  const coverage = coverageOf(kind);
  return coverage ? fieldsOf(kind).filter((field) => supportOf(coverage, field).level === "supported") : [];
};
const kinds = knownKinds().filter((kind) => supported(kind).length > 0);

test("fields are named with lists and maps, the objects around them too, and each once", () => {
  const kind = knownKinds().find((each) => each.kind === "VirtualService") as Kind;
  const fields = fieldsOf(kind);
  expect(fields).toContainEqual({ path: "spec.http[].match[].headers{}", leaf: false });
  expect(fields).toContainEqual({ path: "spec.http[].match[].headers{}.exact", leaf: true });
  expect(fields).toContainEqual({ path: "spec.exportTo[]", leaf: true });
  expect(new Set(fields.map(({ path }) => path)).size).toBe(fields.length);
  expect(fields.length).toBeGreaterThan(150);
});

describe("docs/coverage.md", () => {
  test("is up to date", async () => {
    expect(await readFile("docs/coverage.md", "utf8")).toBe(coveragePage());
  });

  test("knows every kind, and its tables name only fields that a schema has", () => {
    for (const kind of knownKinds()) expect([kind.kind, coverageOf(kind) !== undefined]).toEqual([kind.kind, true]);
    for (const coverage of coverages) {
      const kind = knownKinds().find((each) => each.group === coverage.group && each.kind === coverage.kind);
      if (kind === undefined) continue;
      const fields = fieldsOf(kind);
      const strays = (coverage.entries ?? []).filter(
        ({ path }) => !fields.some((field) => field.path === path && isAtOrAbove(path, field.path)),
      );
      expect(strays.map(({ path }) => `${kind.kind} ${path}`)).toEqual([]);
    }
  });

  test("has a fixture for each kind that is supported in part", () => {
    expect(kindsWithFixture().sort()).toEqual(kinds.map(fixtureName).sort());
  });
});

test.each(kinds.map((kind) => [fixtureName(kind), kind] as const))(
  "what is said to be supported of a %s changes what the proxies get",
  (name, kind) => {
    const resources = fixture(name);
    const whole = compiled(resources);
    const idle = supported(kind).flatMap(({ path }) => {
      const { present, effective } = effectOf(resources, kind.kind, kind.group, path, whole);
      return effective ? [] : [`${path} ${present ? "changes nothing" : "is in no fixture"}`];
    });
    expect(idle).toEqual([]);
  },
);
