// Each filter's own cases with the filter as a part of the fused module: nothing may tell the two apart.
import { describe } from "vitest";
import { runCases } from "../../harness/cases/index.ts";
import { meshModule } from "./support.ts";

const mesh = await meshModule();

describe.each(["authz", "canary", "fault-injection", "metrics", "peer-metadata", "ratelimit", "tracing"])("%s", (name) => {
  runCases(new URL(`../../filters/${name}/cases.yaml`, import.meta.url), {
    change: (one) => ({
      ...one,
      chain: one.chain.map((plugin) => ({ ...plugin, wasm: mesh, config: { filters: [{ name, config: plugin.config ?? {} }] } })),
      // Its path begins elsewhere, and so does its column.
      ...(one.refused === undefined ? {} : { refused: one.refused.replace(/^\S+ \(line \d+, column \d+\): /, "") }),
    }),
  });
});
