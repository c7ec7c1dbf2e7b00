import { setTimeout as delay } from "node:timers/promises";
import { MeshscriptError } from "../../diagnostics/index.ts";
import { bootstrap, httpListener, route } from "../envoy/builders.ts";
import type { Envoy } from "../envoy/envoy.ts";
import { openEnvoy } from "../envoy/open.ts";
import type { ConfigObject, NativeFilterSpec } from "../envoy/types.ts";
import { poll } from "../envoy/wait.ts";
import type { Cases } from "./case.ts";
import { downstreamTlsOf } from "./security.ts";
import { type RunnableCase, type Target, accessLogOf, entriesOf, filterOf, ofModules } from "./target.ts";

/** How long what Envoy does after an answer may take: a counter in `onLog`, a line of the log, a callout that nobody waits for. */
const SETTLE_MS = 2_000;

/**
 * One Envoy for all cases of a file: each has a listener and VMs of its own. Cases run one after the other, since they share the upstreams.
 * A case whose configuration is refused gets an Envoy for itself, so that the others are not refused with it.
 */
export class EnvoyForCases {
  private shared: Envoy | undefined;

  constructor(
    private readonly cases: Cases,
    private readonly all: readonly RunnableCase[],
  ) {}

  async start(): Promise<void> {
    const serving = this.all.filter(({ refused }) => refused === undefined);
    if (serving.length === 0) return;
    try {
      this.shared = await openFor(this.cases, serving);
    } catch (error) {
      // Some module refuses its configuration; one Envoy per case will tell which.
      if (!(error instanceof MeshscriptError) || error.code !== "MS0402") throw error;
    }
  }

  async open(one: RunnableCase): Promise<Target> {
    if (this.shared && one.refused === undefined) return targetOf(this.shared, this.cases, one, async () => {});
    const own = await openFor(this.cases, [one]);
    return targetOf(own, this.cases, one, () => own.stop());
  }

  async stop(): Promise<void> {
    await this.shared?.stop();
  }
}

async function openFor(file: Cases, cases: readonly RunnableCase[]): Promise<Envoy> {
  const { upstreams } = file;
  const [app = "app"] = Object.keys(upstreams);
  const listeners = cases.map(async (one) => {
    const tls = await downstreamTlsOf(one);
    return httpListener({
      name: one.name,
      statPrefix: "cases",
      filters: [...filtersInFront(one), ...one.chain.map((plugin) => filterOf(plugin, one))],
      routes: [route(app)],
      // Which the harness reads, too.
      accessLog: { path: "/dev/stdout", fields: accessLogOf(file, one) },
      ...(tls ? { tls } : {}),
    });
  });
  return openEnvoy({
    config: bootstrap({ listeners: await Promise.all(listeners) }),
    upstreams,
    startTimeout: 20_000 + 1_000 * cases.length,
  });
}

/** Envoy's own filters that set what the case says other filters have set. */
function filtersInFront({ metadata, filterState }: RunnableCase): NativeFilterSpec[] {
  const type = "type.googleapis.com/envoy.extensions.filters.http";
  const namespaces = Object.entries(metadata).map(([metadata_namespace, value]) => ({ metadata_namespace, value }));
  const keys = Object.entries(filterState).map(([object_key, text]) => ({
    object_key,
    factory_key: "envoy.string",
    // A percent sign begins a command of Envoy's format strings.
    format_string: { text_format_source: { inline_string: text.replaceAll("%", "%%") } },
  }));
  return [
    ...(namespaces.length === 0
      ? []
      : [native("envoy.filters.http.set_metadata", { "@type": `${type}.set_metadata.v3.Config`, metadata: namespaces })]),
    ...(keys.length === 0
      ? []
      : [native("envoy.filters.http.set_filter_state", { "@type": `${type}.set_filter_state.v3.Config`, on_request_headers: keys })]),
  ];
}

function native(name: string, typedConfig: ConfigObject): NativeFilterSpec {
  return { name, typedConfig };
}

function targetOf(envoy: Envoy, { upstreams }: Cases, one: RunnableCase, close: () => Promise<void>): Target {
  for (const name of Object.keys(upstreams)) {
    const upstream = envoy.upstream(name);
    upstream.respond(one.upstreams[name] ?? {});
  }
  const logged = envoy.logs().wasm.length;
  const before = envoy.logs().envoy.length;
  const start = performance.now();
  return {
    host: "envoy",
    request: (request) => envoy.request({ ...request, listener: one.name }),
    upstream: (name) => envoy.upstream(name),
    counters: async () => ofModules(await envoy.stats("^wasmcustom\\.")),
    accessLog: () => entriesOf(envoy.accessLog(), one),
    log: () => envoy.logs().wasm.slice(logged),
    trap: () => {
      const own = envoy.logs().envoy.slice(before);
      return own.find(({ component, message }) => component === "wasm" && /^Function: \w+ failed: /.test(message))?.message;
    },
    waitUntil: (milliseconds) => sleepUntil(start + milliseconds),
    settled: async (check) => {
      let last = await check();
      const empty = async () => {
        last = await check();
        return last.length === 0 ? last : undefined;
      };
      if (last.length > 0) await poll(empty, { timeout: SETTLE_MS });
      return last;
    },
    close,
  };
}

/** The only place where a case waits for real time: it asked for it with `at`. */
async function sleepUntil(time: number): Promise<void> {
  const left = time - performance.now();
  if (left > 0) await delay(left);
}
