import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MeshscriptError } from "../../diagnostics/index.ts";
import { validateConfig } from "../../harness/index.ts";
import { type CompiledMesh, compile } from "../compile.ts";
import { judge, refuseMistakes } from "../run/judge.ts";
import { readResources } from "../run/resources.ts";
import { randomYaml } from "./random-yaml.ts";
import { wholeOf } from "./whole.ts";

/** `MESHSCRIPT_YAML_RUNS=10000` for more, `MESHSCRIPT_YAML_SEED` for others. */
const RUNS = Number(process.env["MESHSCRIPT_YAML_RUNS"] ?? 10_000);
const SEED = Number(process.env["MESHSCRIPT_YAML_SEED"] ?? 7);
/** So many of what comes out are given to Envoy. */
const VALIDATED = Number(process.env["MESHSCRIPT_YAML_VALIDATED"] ?? 12);

/** What becomes of a text: a configuration for each proxy, or what is wrong with it. */
async function outcome(yaml: string): Promise<CompiledMesh | MeshscriptError> {
  try {
    const resources = await readResources(`${yaml}\n`);
    await refuseMistakes(resources);
    judge(resources, true);
    return compile(resources, { filters: () => [] });
  } catch (error) {
    // Anything else is a crash.
    if (error instanceof MeshscriptError) return error;
    throw error;
  }
}

describe("whatever is in the YAML", () => {
  test("a configuration comes of it, or a clear error, and never a crash", { timeout: 600_000 }, async () => {
    let compiled = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(randomYaml, async (yaml) => {
        const result = await outcome(yaml);
        if (!(result instanceof MeshscriptError)) {
          compiled += 1;
          return;
        }
        refused += 1;
        for (const { code, message, location } of result.diagnostics) {
          expect(code).toMatch(/^MS\d{4}$/);
          expect(message.length).toBeGreaterThan(10);
          expect(location?.line).toBeGreaterThan(0);
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
    // Both happen often enough to mean something.
    expect(compiled).toBeGreaterThan(RUNS / 10);
    expect(refused).toBeGreaterThan(RUNS / 10);
  });

  test("Envoy takes what comes of it", { timeout: 120_000 }, async () => {
    let validated = 0;
    for (const yaml of fc.sample(randomYaml, { numRuns: VALIDATED * 40, seed: SEED })) {
      const result = await outcome(yaml);
      if (result instanceof MeshscriptError) continue;
      const [proxy] = [...result.proxies.values()].filter(({ listeners }) => listeners.length > 1);
      if (proxy === undefined) continue;
      const config = await wholeOf(proxy, result);
      // Envoy would look for the files.
      if (JSON.stringify(config).includes('"filename"')) continue;
      await validateConfig(config);
      validated += 1;
      if (validated === VALIDATED) break;
    }
    expect(validated).toBe(VALIDATED);
  });
});
