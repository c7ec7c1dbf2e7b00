import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { probeId } from "./chain.ts";
import { coverage, functions, phaseOrder, probeTable } from "./coverage.ts";
import { readGolden, recording } from "./golden.ts";
import { fatal } from "./list/fatal.ts";
import { topics } from "./list/index.ts";

const table = coverage();

/** What cannot be called in a phase without ending Envoy is in the list of fatal probes, or has nothing to do there. */
const effectful = ["proc_exit", "send_local_response", "close_stream", "continue_stream"];

describe("functions without a probe: none", () => {
  test.each(functions)("%s", (name) => {
    expect([...(table.get(name)?.keys() ?? [])]).not.toEqual([]);
  });

  test.each(functions.filter((name) => !effectful.includes(name)))("%s in every phase", (name) => {
    const seen = table.get(name);

    expect(phaseOrder.filter((phase) => !seen?.has(phase))).toEqual([]);
  });
});

describe.each([...topics, fatal])("$topic", ({ topic, probes }) => {
  test("has a golden for every probe, and none for another", () => {
    expect([...readGolden(topic).keys()]).toEqual(probes.map(({ name }) => name));
  });
});

test("no two probes have one name", () => {
  const ids = [...topics, fatal].flatMap(({ topic, probes }) => probes.map(({ name }) => probeId(topic, name)));

  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
});

test("docs/envoy-probes.md is up to date (MESHSCRIPT_RECORD=1 writes it)", () => {
  const file = path.resolve(import.meta.dirname, "../../docs/envoy-probes.md");
  if (recording) writeFileSync(file, probeTable());

  expect(readFileSync(file, "utf8")).toBe(probeTable());
});

test("the table names every function once", () => {
  const text = probeTable();

  for (const name of functions) expect(text.split(`\n| ${name} |`)).toHaveLength(2);
});
