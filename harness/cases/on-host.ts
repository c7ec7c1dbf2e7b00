import { openHost } from "../host/open.ts";
import type { Cases } from "./case.ts";
import { downstreamTlsOf } from "./security.ts";
import { type RunnableCase, type Target, accessLogOf, entriesOf, filterOf, ofModules } from "./target.ts";

/** Opens the in-process host for a case. Time is virtual, and starts when the target is open. */
export async function openHostTarget(cases: Cases, one: RunnableCase): Promise<Target> {
  const { upstreams } = cases;
  const tls = await downstreamTlsOf(one);
  const host = await openHost({
    filters: one.chain.map((plugin) => filterOf(plugin, one)),
    upstreams: Object.fromEntries(
      Object.entries(upstreams).map(([name, { protocol }]) => [name, { protocol, respond: one.upstreams[name] ?? {} }]),
    ),
    accessLog: accessLogOf(cases, one),
    // A test's own timeout cannot stop a module that loops.
    callbackLimit: "5s",
    ...(tls ? { tls } : {}),
  });
  const start = host.now.getTime();
  const logged = host.logs().wasm.length;
  return {
    host: "host",
    request: (request) => host.request({ ...request, metadata: one.metadata, filterState: one.filterState }),
    upstream: (name) => host.upstream(name),
    counters: async () => ofModules(await host.stats()),
    accessLog: () => entriesOf(host.accessLog(), one),
    log: () => host.logs().wasm.slice(logged),
    trap: () => host.failure?.log,
    waitUntil: async (milliseconds) => {
      const left = start + milliseconds - host.now.getTime();
      if (left > 0) host.advance(left);
    },
    // What can happen without time passing has happened; only promises of upstreams take a turn of the loop.
    settled: async (check) => {
      await new Promise<void>((resolve) => setImmediate(resolve));
      host.advance(0);
      return check();
    },
    close: () => host.stop(),
  };
}
