import type { CodeEntry } from "../code-entry.ts";

/** MS04xx */
export const envoy = {
  MS0401: {
    level: "error",
    title: "Envoy did not start",
    help: "read Envoy's own message above; the whole log is in the run directory",
    kind: "environment",
    details:
      "The process ended before it served, without a word about the configuration: an argument that Envoy does not know, a missing library, no permission.",
  },
  MS0402: {
    level: "error",
    title: "Envoy rejected the configuration",
    help: "change what Envoy's message names",
    kind: "data",
    details:
      "The message is Envoy's own. When a module refused its configuration, what the module logged stands below it; `meshscript run` then reports MS0102. A wasm module that is missing or does not load is a rejection too, also under `FAIL_OPEN`.",
  },
  MS0403: {
    level: "error",
    title: "Envoy rejected the update and keeps the previous configuration",
    help: "change what Envoy's message names; the previous configuration is still in service",
    kind: "data",
  },
  MS0404: {
    level: "error",
    title: "Envoy was not ready in time",
    help: "look for what it waits for in the log; raise `startTimeout` on a slow machine",
    kind: "environment",
    details:
      "Envoy runs and does not serve yet. It waits for every cluster and listener to be known: a name that does not resolve, an xDS server that does not answer.",
  },
  MS0405: {
    level: "error",
    title: "Envoy ended by itself",
    help: "the last lines of the log say why; please report it when a filter of meshscript was loaded",
    kind: "environment",
    details:
      "A crash, the out-of-memory killer, or somebody's `kill`. No module may be able to end Envoy's process: if a filter of meshscript was loaded, please report it.",
  },
  MS0406: {
    level: "error",
    title: "a configuration that cannot be read",
    help: "pass the path of a .yaml or .json file, its text, or an object with an Envoy bootstrap",
    kind: "data",
  },
  MS0407: {
    level: "error",
    title: "an unknown listener, upstream or option",
    help: "use one of the names that the message lists",
    kind: "usage",
  },
  MS0408: {
    level: "error",
    title: "no complete answer from Envoy",
    help: "look for a reset or a timeout in the log and the access log of this Envoy",
    kind: "environment",
  },
  MS0409: {
    level: "error",
    title: "something that was waited for and did not come in time",
    help: "the message says what came instead",
    kind: "environment",
  },
} as const satisfies Record<string, CodeEntry>;
