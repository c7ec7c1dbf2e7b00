import { describe, expect, test } from "vitest";
import { readYamlDocuments } from "../../harness/cases/source.ts";
import { validateConfig } from "../../harness/index.ts";
import { compile } from "../compile.ts";
import { resourcesOf } from "../resources/resource.ts";
import { caseNames, readCase } from "./pilot/cases.ts";
import { wholeOf } from "./whole.ts";

/** Of `gateway-files` Envoy would look for the files. */
const names = (await caseNames()).filter((name) => name !== "gateway-files");
describe("what every scene leads to", () => {
  test.each(names)("passes Envoy's validation: %s", async (name) => {
    const resources = readYamlDocuments(await readCase(name), `${name}.yaml`, "MS0914").flatMap((source) => resourcesOf(source));
    const compiled = compile(resources);
    // One that calls, one that only answers, and gateways: the others differ from these in names.
    const wanted = [...compiled.proxies.values()].filter(
      ({ workload }) => workload.type === "gateway" || /^(productpage|details)/.test(workload.name),
    );
    expect(wanted.length).toBeGreaterThan(1);
    for (const proxy of wanted) await validateConfig(await wholeOf(proxy, compiled));
  });
});
