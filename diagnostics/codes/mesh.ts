import type { CodeEntry } from "../code-entry.ts";

/** MS10xx: what a mesh makes of resources. docs/coverage.md lists every field. */
export const mesh = {
  MS1001: {
    level: "error",
    title: "a part of a resource that the mesh does not support",
    help: "take it out, or run what depends on it in a cluster; docs/coverage.md lists what is supported",
    kind: "findings",
    details:
      "Without this part the mesh would behave otherwise than a cluster, or be less safe: a request would take another way, or be let through where it is refused. Nothing is left out in silence: docs/coverage.md lists every field of Istio's APIs, and what becomes of it here.",
    example: `sidecar.yaml:6:3: error MS1001: Sidecar default/frontend: spec.ingress is not supported: a workload's ports are those of its services
    6 |   ingress:
      |   ^^^^^^^
help: take it out, or run what depends on it in a cluster; docs/coverage.md lists what is supported
      docs/errors/MS1001.md`,
  },
  MS1002: {
    level: "warning",
    title: "a part of a resource that has no effect in the mesh",
    help: "nothing needs to be done: it matters in a cluster only; docs/coverage.md lists every field",
    kind: "findings",
    details:
      "On one machine this part means nothing, or Istio itself does nothing with it. The message says which. The mesh behaves as it would with it, as far as requests can tell.",
    example: `gateway.yaml:10:5: warning MS1002: Gateway default/web: spec.servers[0].bind has no effect here: every listener is on the loopback address, at a port of its own
   10 |     bind: 10.0.0.1
      |     ^^^^
help: nothing needs to be done: it matters in a cluster only; docs/coverage.md lists every field
      docs/errors/MS1002.md`,
  },
  MS1003: {
    level: "warning",
    title: "resources that do not say together what they say alone",
    help: "change one of the two; the notes say where the other is",
    kind: "findings",
    details:
      "Istio takes such resources and decides in silence: of two that speak of the same it heeds one, a name that nothing has leads nowhere, a route behind one that catches everything never gets a request. The mesh decides as Istio does, and says it.",
  },
  MS1004: {
    level: "error",
    title: "a module of a resource that is not there",
    help: "build it, or correct the path: it is one from the file that names it",
    kind: "findings",
    details:
      "A WasmPlugin, a TrafficExtension or a Filter names a WebAssembly module by its path. Proxies load it when they start, so it must be there by then. A path without a slash in front begins at the file of the resource, and not where the command runs.",
    example: `meshscript.yaml:6:9: error MS1004: /app/build/greeting.wasm is no module: no such file
    6 |   wasm: build/greeting.wasm
      |         ^^^^^^^^^^^^^^^^^^^
help: build it, or correct the path: it is one from the file that names it
      docs/errors/MS1004.md`,
  },
} as const satisfies Record<string, CodeEntry>;
