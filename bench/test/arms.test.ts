import { describe, expect, test } from "vitest";
import { BARE, allArms } from "../arms/arms.ts";
import type { Modules } from "../arms/modules.ts";
import { claims } from "../run/claims.ts";

const modules: Modules = {
  ours: {
    tracing: "tracing.wasm",
    authz: "authz.wasm",
    ratelimit: "ratelimit.wasm",
    "fault-injection": "fault.wasm",
    metrics: "metrics.wasm",
  },
  empty: "empty.wasm",
  calibrator: "calibrator.wasm",
  callbacks: "callbacks.wasm",
  rust: { wasm: "peers.wasm" },
  fused: "mesh.wasm",
};

interface Wasm {
  name: string;
  vmId?: string;
  config?: unknown;
}
const wasmOf = (arms: ReturnType<typeof allArms>) => arms.flatMap(({ filters = [] }) => filters.filter((one) => "wasm" in one) as Wasm[]);

describe("the arms", () => {
  const arms = allArms(modules);
  const names = arms.map(({ name }) => name);

  test("have names of their own, the bare listener first", () => {
    expect(names[0]).toBe(BARE);
    expect(new Set(names).size).toBe(names.length);
  });

  test("are all there that a claim is about", () => {
    expect(claims.flatMap(({ arm, reference }) => [arm, reference]).filter((name) => !names.includes(name))).toEqual([]);
  });

  test("prove something, every one", () => {
    expect(arms.filter(({ evidence }) => evidence.length === 0)).toEqual([]);
  });

  test("have a VM for each filter, but the calibrators, which share one", () => {
    const own = wasmOf(arms.filter(({ name }) => !name.includes(" x "))).map(({ vmId }) => vmId);
    expect(new Set(own).size).toBe(own.length);
    expect(new Set(wasmOf(arms.filter(({ name }) => name.includes(" x "))).map(({ vmId }) => vmId)).size).toBe(1);
  });

  test("take the same configurations fused as one by one", () => {
    const [five] = wasmOf(arms.filter(({ name }) => name === "fused/five"));
    const separate = wasmOf(arms.filter(({ name }) => name === "ours/five"));
    expect(five?.config).toEqual({ filters: separate.map(({ name, config }) => ({ name, config })) });
  });

  test("leave out what cannot be built, and go on", () => {
    const { fused: _, ...rest } = modules;
    const without = allArms({ ...rest, rust: { missing: "there is no cargo" } }).map(({ name }) => name);
    expect(without).toEqual(names.filter((name) => !/^(rust|fused|apart)\//.test(name)));
  });
});
