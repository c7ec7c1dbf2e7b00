// Nothing is lost and nothing counted twice: what the filter counts, what Envoy counts of itself, what its access log says and what was sent.
import net from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../../harness/expect/index.ts";
import { type Envoy, type HttpRequest, type NativeFilterSpec, openEnvoy } from "../../../harness/index.ts";
import type { MetricsConfig } from "../config.ts";
import { metricsModule } from "./support.ts";

const wasm = await metricsModule();

/** Each of these many times over HTTP/1.1 and over HTTP/2, where it can be. */
const ROUNDS = 20;
const EMPTY_CLUSTER = { name: "empty", type: "STATIC", connect_timeout: "1s", load_assignment: { cluster_name: "empty", endpoints: [] } };
/** Port 1 of the loopback: nobody listens there. */
const DEAD_CLUSTER = {
  name: "dead",
  type: "STATIC",
  connect_timeout: "1s",
  load_assignment: {
    cluster_name: "dead",
    endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: 1 } } } }] }],
  },
};

/** Refuses what has a header. */
const refuser = (name: string, header: string): NativeFilterSpec => ({
  name,
  typedConfig: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
    rules: {
      action: "DENY",
      policies: { all: { permissions: [{ header: { name: header, present_match: true } }], principals: [{ any: true }] } },
    },
  },
});
const aborter: NativeFilterSpec = {
  name: "envoy.filters.http.fault",
  typedConfig: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
    abort: { header_abort: {}, percentage: { numerator: 100 } },
  },
};
const modes = ["a filter", "an access logger"] as const;
type Mode = (typeof modes)[number];
function chain(mode: Mode, config: MetricsConfig) {
  const metrics = { name: "metrics", wasm, config };
  const [early, late] = [refuser("early", "x-refuse-early"), refuser("late", "x-refuse-late")];
  return mode === "a filter" ? { filters: [early, metrics, aborter, late] } : { filters: [early, aborter, late], accessLoggers: [metrics] };
}
const CONFIG: MetricsConfig = { reporter: "destination", metrics: [{ name: "own_requests_total" }] };

const routes = [
  { match: { prefix: "/dead" }, route: { cluster: "dead" } },
  { match: { prefix: "/empty" }, route: { cluster: "empty" } },
  { match: { prefix: "/late" }, route: { cluster: "app", timeout: "0.1s" } },
  { match: { prefix: "/moved" }, redirect: { path_redirect: "/elsewhere" } },
  { match: { prefix: "/direct" }, direct_response: { status: 204 } },
  { match: { prefix: "/grpc" }, route: { cluster: "grpc" } },
  { match: { prefix: "/app" }, route: { cluster: "app" } },
];

interface Kind {
  /** What Envoy says to it; 0: no answer began. */
  code: number;
  flags: string;
  /** [as the client chooses] */
  only?: "http/1.1" | "h2c";
  request?: HttpRequest;
  /** Instead of `request`, on a connection of HTTP/1.1: these bytes, then it leaves when an answer is there, or at once. */
  bytes?: string;
  leaves?: boolean;
  /** It gets no whole answer. */
  breaks?: boolean;
  /** It leaves when the upstream has it. */
  waits?: boolean;
  grpc?: string;
}

const grpc = (path: string): HttpRequest => ({
  path: `/grpc/${path}`,
  method: "POST",
  headers: { "content-type": "application/grpc", te: "trailers" },
  body: "\0\0\0\0\0",
});
const kinds: Record<string, Kind> = {
  "200 of the upstream": { code: 200, flags: "-", request: { path: "/app/200" } },
  "201 to a body": { code: 201, flags: "-", request: { path: "/app/201", method: "POST", body: "hello" } },
  "204 of the route": { code: 204, flags: "-", request: { path: "/direct" } },
  "301 of the route": { code: 301, flags: "-", request: { path: "/moved" } },
  "404 of the upstream": { code: 404, flags: "-", request: { path: "/app/404" } },
  "500 of the upstream": { code: 500, flags: "-", request: { path: "/app/500" } },
  "no route": { code: 404, flags: "NR", request: { path: "/nowhere" } },
  "refused by an earlier filter": { code: 403, flags: "-", request: { path: "/app/200", headers: { "x-refuse-early": "1" } } },
  "refused by a later filter": { code: 403, flags: "-", request: { path: "/app/200", headers: { "x-refuse-late": "1" } } },
  aborted: { code: 418, flags: "FI", request: { path: "/app/200", headers: { "x-envoy-fault-abort-request": "418" } } },
  "aborted with 503": { code: 503, flags: "FI", request: { path: "/app/200", headers: { "x-envoy-fault-abort-request": "503" } } },
  "upstream not there": { code: 503, flags: "UF", request: { path: "/dead" } },
  "cluster without endpoints": { code: 503, flags: "UH", request: { path: "/empty" } },
  "upstream too late": { code: 504, flags: "UT", request: { path: "/late/wait" } },
  "upstream resets before headers": { code: 503, flags: "UC", request: { path: "/app/reset" } },
  "upstream resets mid body": { code: 200, flags: "UPE", request: { path: "/app/tear" }, breaks: true },
  "client leaves while it waits": { code: 0, flags: "DC", request: { path: "/app/wait" }, waits: true },
  "client leaves mid body": {
    ...{ code: 0, flags: "DC", only: "http/1.1", leaves: true },
    bytes: "POST /app/201 HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhello",
  },
  "bad header": { code: 400, flags: "DPE", only: "http/1.1", bytes: "GET /app/200 HTTP/1.1\r\nhost: a\r\nbad header: 1\r\n\r\n" },
  "no host": { code: 400, flags: "-", only: "http/1.1", bytes: "GET /app/200 HTTP/1.1\r\n\r\n" },
  "no HTTP": { code: 400, flags: "DPE", only: "http/1.1", bytes: "\u0001\u0002\r\n\r\n" },
  "headers too slow": { code: 408, flags: "-", only: "http/1.1", bytes: "GET /app/200 HTTP/1.1\r\nhost: a\r\n" },
  "headers too large": {
    ...{ code: 431, flags: "DPE", only: "http/1.1" },
    bytes: `GET /app/200 HTTP/1.1\r\nhost: a\r\nx-large: ${"x".repeat(70_000)}\r\n\r\n`,
  },
  "gRPC, OK": { code: 200, flags: "-", only: "h2c", request: grpc("0"), grpc: "0" },
  "gRPC, error in trailers": { code: 200, flags: "-", only: "h2c", request: grpc("5"), grpc: "5" },
  "gRPC, trailers only": { code: 200, flags: "-", only: "h2c", request: grpc("only"), grpc: "7" },
  "gRPC, refused": {
    ...{ code: 200, flags: "-", only: "h2c", grpc: "7" },
    request: { ...grpc("0"), headers: { "content-type": "application/grpc", te: "trailers", "x-refuse-early": "1" } },
  },
};

/** They end without an answer before their headers are whole: Envoy makes no filters for them, and only an access logger hears of them. */
const headless: Record<string, Kind> = {
  "client leaves mid headers": { code: 0, flags: "DC", only: "http/1.1", bytes: "GET /app/200 HTTP/1.1\r\nho", leaves: true },
  "bad header of HTTP/2": {
    ...{ code: 0, flags: "DPE", only: "h2c", breaks: true },
    request: { path: "/app/200", headers: { "content-length": "many" } },
  },
};

type Tally = Record<string, number>;
function count(tally: Tally, what: string, by = 1): void {
  tally[what] = (tally[what] ?? 0) + by;
}
const sum = (tally: Tally) => Object.values(tally).reduce((all, one) => all + one, 0);
const classOf = (code: number) => (code === 0 ? "no answer" : `${Math.floor(code / 100)}xx`);

/** Series of a metric, with their labels. */
async function series(envoy: Envoy, metric: string): Promise<{ labels: Record<string, string>; count: number }[]> {
  const stats = await envoy.stats(`^wasmcustom\\.(.*;\\.;)?${metric}$`);
  return [...stats].map(([name, count]) => {
    const pairs = name.slice("wasmcustom.".length).split(";.;").slice(0, -1);
    return { labels: Object.fromEntries(pairs.map((pair) => pair.split("=.=") as [string, string])), count };
  });
}

/** Sends bytes and waits for the answer's end, or leaves at once. */
function sendBytes(envoy: Envoy, { bytes = "", leaves = false }: Kind, arrived: () => boolean): Promise<void> {
  const { host, port } = envoy.address();
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, noDelay: true });
    // It leaves when the kernel has what it sent: Envoy reads that before it hears of the end.
    socket.write(bytes, "latin1", () => {
      if (leaves) eventually(() => expect(arrived()).toBe(true)).then(() => socket.destroy(), reject);
    });
    socket.on("data", () => socket.destroy());
    // What was not read yet when the answer came makes the kernel reset.
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
  });
}

/** What was sent, in the same words as what is counted. */
class Load {
  readonly kinds: Tally = {};
  readonly codes: Tally = {};
  readonly grpc: Tally = {};
  private ids = 0;

  constructor(
    private readonly envoy: Envoy,
    private readonly of: Record<string, Kind> = kinds,
  ) {}

  get sent(): number {
    return sum(this.kinds);
  }

  classes(): Tally {
    const classes: Tally = {};
    for (const [code, times] of Object.entries(this.codes)) count(classes, classOf(Number.parseInt(code, 10)), times);
    return classes;
  }

  /** All kinds once, over all protocols, at the same time. */
  async round(): Promise<void> {
    await Promise.all(
      Object.entries(this.of).flatMap(([name, kind]) =>
        (["http/1.1", "h2c"] as const)
          .filter((protocol) => kind.only === undefined || kind.only === protocol)
          .map((protocol) => this.send(name, kind, protocol)),
      ),
    );
  }

  private async send(name: string, kind: Kind, protocol: "http/1.1" | "h2c"): Promise<void> {
    const id = `${++this.ids}`;
    const arrived = () => name in headless || this.envoy.upstream("app").arrivals.some((head) => head.path.endsWith(`?${id}`));
    count(this.kinds, name);
    count(this.codes, `${kind.code} ${kind.flags}`);
    if (kind.grpc !== undefined) count(this.grpc, kind.grpc);
    if (kind.bytes !== undefined) return sendBytes(this.envoy, { ...kind, bytes: kind.bytes.replace("/201", `/201?${id}`) }, arrived);
    const pending = this.envoy.request({ ...kind.request, path: `${kind.request?.path}?${id}`, protocol });
    if (kind.waits) {
      await eventually(() => expect(arrived()).toBe(true));
      pending.abort();
      await pending.catch(() => undefined);
    } else if (kind.breaks) {
      await expect(pending, name).rejects.toMatchObject({ partial: kind.code === 0 ? undefined : { status: kind.code } });
    } else {
      expect((await pending).status, `${name} over ${protocol}`).toBe(kind.code);
    }
  }
}

const trailing = (status: string) => ({
  headers: { "content-type": "application/grpc" },
  body: "\0\0\0\0\0",
  trailers: { "grpc-status": status },
});
const open = (mode: Mode) =>
  openEnvoy({
    concurrency: 2,
    componentLogLevel: "wasm:info",
    drainSeconds: 3,
    ...chain(mode, CONFIG),
    // It waits a second for the client to close what the upstream broke.
    httpConnectionManager: { delayed_close_timeout: "0.05s", request_headers_timeout: "0.15s" },
    routes,
    clusters: [EMPTY_CLUSTER, DEAD_CLUSTER],
    accessLog: { grpc: "%GRPC_STATUS_NUMBER%", type: "%REQ(CONTENT-TYPE)%" },
    upstreams: {
      app: {
        respond: ({ path }) => {
          const what = path.replace(/\?.*/, "").split("/").at(-1) as string;
          if (what === "reset") return { reset: "before-headers" };
          if (what === "tear") return { status: 200, headers: { "content-length": "10" }, body: "hello", reset: "mid-body" };
          if (what === "wait") return { delay: new Promise(() => undefined) };
          return { status: Number(what), body: "hello" };
        },
      },
      grpc: {
        protocol: "h2c",
        respond: ({ path }) => {
          const what = path.replace(/\?.*/, "").split("/").at(-1) as string;
          return what === "only" ? { headers: { "content-type": "application/grpc", "grpc-status": "7" } } : trailing(what);
        },
      },
    },
  });

/** Every equation between those who count, one after the other; what is off is in the difference. */
async function balance(envoy: Envoy, load: Load): Promise<void> {
  const stats = await eventually(
    async () => {
      const found = await envoy.stats("^http\\.main\\.downstream_rq_(total|completed|active|[1-5]xx)$");
      expect(found.get("http.main.downstream_rq_total")).toBe(load.sent);
      expect(found.get("http.main.downstream_rq_active")).toBe(0);
      return found;
    },
    { timeout: 5_000 },
  );
  const of = (name: string) => stats.get(`http.main.downstream_rq_${name}`) ?? 0;
  const envoys: Tally = { "no answer": of("total") - of("completed") };
  for (const one of ["1xx", "2xx", "3xx", "4xx", "5xx"]) if (of(one) > 0) envoys[one] = of(one);

  const standard = await series(envoy, "istio_requests_total");
  const classes: Tally = {};
  const codes: Tally = {};
  const statuses: Tally = {};
  for (const { labels, count: times } of standard) {
    count(classes, classOf(Number(labels["response_code"])), times);
    count(codes, `${labels["response_code"]} ${labels["response_flags"]}`, times);
    if (labels["request_protocol"] === "grpc") count(statuses, labels["grpc_response_status"] as string, times);
  }
  const own = await series(envoy, "own_requests_total");

  const logged: Tally = {};
  const loggedStatuses: Tally = {};
  // Lines of the access log come a moment later.
  for (const { status, flags, grpc: code, type } of await envoy.waitForAccessLog(load.sent)) {
    count(logged, `${status} ${flags ?? "-"}`);
    if (type === "application/grpc") count(loggedStatuses, `${code}`);
  }

  expect.soft(classes, "classes: the filter's against what was sent").toEqual(load.classes());
  expect.soft(classes, "classes: the filter's against Envoy's downstream_rq_*").toEqual(envoys);
  expect.soft(codes, "codes and flags: the filter's against what was sent").toEqual(load.codes);
  expect.soft(codes, "codes and flags: the filter's against the access log").toEqual(logged);
  expect.soft(statuses, "gRPC statuses: the filter's against what was sent").toEqual(load.grpc);
  expect.soft(statuses, "gRPC statuses: the filter's against the access log").toEqual(loggedStatuses);
  const sums = { standard: sum(classes), own: own.reduce((all, { count: times }) => all + times, 0), envoy: of("total") };
  expect.soft(sums, "sums").toEqual({ standard: load.sent, own: load.sent, envoy: load.sent });
}

describe.each(modes)("as %s, two workers, every class at once", (mode) => {
  let envoy: Envoy;
  let load: Load;
  beforeAll(async () => {
    envoy = await open(mode);
    load = new Load(envoy, mode === "a filter" ? kinds : { ...kinds, ...headless });
  });
  afterAll(() => envoy?.stop());

  test("what is counted is what was sent, to the last one", async () => {
    for (let round = 0; round < ROUNDS; round++) await load.round();
    console.log(`metrics as ${mode}: ${load.sent} requests of ${Object.keys(load.kinds).length} kinds: ${JSON.stringify(load.classes())}`);

    expect(Object.keys(load.classes()).sort()).toEqual(["2xx", "3xx", "4xx", "5xx", "no answer"]);
    await balance(envoy, load);
  });

  test("and so it is across configuration updates under load", async () => {
    let begun = 0;
    let over = false;
    // Three at a time, so that there is always something under way.
    const rounds = Promise.all(
      [1, 2, 3].map(async () => {
        while (!over) {
          begun++;
          await load.round();
        }
      }),
    );
    /** Several rounds that begin from now on. */
    const some = (from = begun) => eventually(() => expect(begun).toBeGreaterThan(from + ROUNDS / 2), { timeout: 20_000 });
    try {
      await some();
      // Other labels: other series, of the same sum.
      await envoy.update(chain(mode, { ...CONFIG, overrides: [{ tagOverrides: { source_app: { operation: "REMOVE" } } }] }));
      await some();
      await envoy.update(chain(mode, { ...CONFIG, workload: { name: "other" } }));
      await some();
    } finally {
      over = true;
      await rounds;
    }
    console.log(`metrics as ${mode}: ${load.sent} requests, ${begun} rounds during the updates`);

    // Of each configuration there are some.
    const standard = await series(envoy, "istio_requests_total");
    const of = (test: (labels: Record<string, string>) => boolean) => standard.filter(({ labels }) => test(labels)).length;
    expect(of((labels) => labels["source_app"] === undefined)).toBeGreaterThan(0);
    expect(of((labels) => labels["destination_workload"] === "other")).toBeGreaterThan(0);
    await balance(envoy, load);
  }, 60_000);
});

test("as a filter it does not hear of those whose headers never were whole, and of nothing else", async () => {
  await using envoy = await open("a filter");
  const unheard = new Load(envoy, headless);
  for (let round = 0; round < 5; round++) await unheard.round();
  const heard = new Load(envoy);
  await heard.round();
  await eventually(async () => expect(await envoy.stat("http.main.downstream_rq_total")).toBe(unheard.sent + heard.sent));
  await envoy.waitForAccessLog(unheard.sent + heard.sent);

  expect((await series(envoy, "own_requests_total")).map(({ count: times }) => times)).toEqual([heard.sent]);
});
