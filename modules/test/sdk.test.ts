import { expect, test, vi } from "vitest";
import { callbackExports, compileModule, parseModule } from "../index.ts";
import { openProject } from "./project.ts";

vi.setConfig({ testTimeout: 120_000 });

test("a first filter on the real SDK becomes a module that Envoy loads, with one callback beyond the lifecycle", async () => {
  await using project = await openProject("real sdk ", true);
  const { wasm, report, warnings } = await compileModule({ name: "hello", ...project });
  expect(report.callbacks).toEqual([
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_delete",
    "proxy_on_request_headers",
    "proxy_on_vm_start",
  ]);
  expect(warnings).toEqual([]);
  expect(report.memory.initialPages).toBeLessThanOrEqual(8);
  expect(
    parseModule(wasm)
      .exports.filter((e) => e.kind === "function")
      .every((e) => e.name in callbackExports || /^(_init|proxy_)/.test(e.name)),
  ).toBe(true);
});
