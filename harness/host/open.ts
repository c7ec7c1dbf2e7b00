import { Host } from "./host.ts";
import { Runtime } from "./runtime.ts";
import type { HostOptions } from "./types.ts";

/**
 * Opens an in-process host that behaves as Envoy 1.40: the real modules, in Node's V8, with virtual time and a seed for chance. It has the
 * verbs of `openEnvoy`, so that one test can run on both.
 *
 * @throws (rejects) MeshscriptError MS0402 when a module does not load or refuses its configuration, MS0703 for an option that only the
 *   real Envoy has.
 * @example
 * await using host = await openHost({ plugins: [{ wasm: "build/tracing.wasm", config: {} }], upstreams: { app: {} } });
 * const response = await host.request({ path: "/" });
 * expect(host.upstream("app").requests[0]?.header("traceparent")).toBeDefined();
 */
export async function openHost(options: HostOptions = {}): Promise<Host> {
  let host: Host | undefined;
  const runtime = new Runtime(options, () => host?.run());
  runtime.configure(options, "MS0402");
  host = new Host(runtime, options);
  host.run();
  return host;
}
