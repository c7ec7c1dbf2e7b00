// What the labels say, and that they come out of Envoy as they went in.
import { describe, expect, test } from "vitest";
import { eventually, onBothHosts } from "../../../harness/expect/index.ts";
import {
  type ConfigObject,
  type Envoy,
  type OpenTarget,
  type Target,
  bootstrap,
  cluster,
  httpListener,
  openEnvoy,
  openHost,
  route,
  samplesOf,
} from "../../../harness/index.ts";
import { twoIdentities } from "../../../test/support/two-identities.ts";
import { type MetricsConfig, standardLabels } from "../config.ts";
import { type Labels, counted, metricsModule, nobody, ownAs, served, service, workload } from "./support.ts";

const { authority, server, client } = await twoIdentities();
const wasm = await metricsModule();
const filter = (config: MetricsConfig) => [{ name: "metrics", wasm, config }];

/** Labels of the only series. */
async function golden(target: Target): Promise<Labels> {
  const all = await counted(target, 1);
  return all[0]?.labels ?? {};
}

onBothHosts((open, host) => {
  describe("the destination's labels", () => {
    const openWith = (config: MetricsConfig, more: Partial<Parameters<OpenTarget>[0]> = {}) =>
      open({ filters: filter(config), upstreams: { app: {} }, ...more });

    test("where nothing is known", async () => {
      const target = await openWith({});
      await target.request();

      expect(await golden(target)).toEqual({ ...nobody, reporter: "destination", connection_security_policy: "none" });
    });

    test("in plain text", async () => {
      const target = await openWith({ reporter: "destination", workload, service });
      await target.request();

      expect(await golden(target)).toEqual({
        ...{ ...nobody, ...ownAs("destination"), ...served },
        ...{ reporter: "destination", connection_security_policy: "none" },
      });
      expect(Object.keys(await golden(target))).toEqual([...standardLabels]);
    });

    test("with mutual TLS", async () => {
      const target = await openWith({ reporter: "destination", workload, service }, { tls: { identity: server } });
      await target.request({ identity: client });

      expect(await golden(target)).toEqual({
        ...{ ...nobody, ...ownAs("destination"), ...served },
        ...{ reporter: "destination", connection_security_policy: "mutual_tls", source_workload_namespace: "shop" },
        source_principal: "spiffe://cluster.local/ns/shop/sa/productpage",
        destination_principal: "spiffe://cluster.local/ns/default/sa/reviews",
      });
    });

    test("with TLS of which only one side has a certificate", async () => {
      const target = await openWith({ workload, service }, { tls: { identity: server, clientCertificate: "optional" } });
      await target.request({ trust: authority });

      expect(await golden(target)).toMatchObject({
        ...{ connection_security_policy: "none", source_principal: "unknown" },
        source_workload_namespace: "unknown",
      });
    });

    test("who comes without a certificate is not who came before with one", async () => {
      const target = await openWith({ workload, service }, { tls: { identity: server, clientCertificate: "optional" } });
      await target.request({ identity: client });
      await counted(target, 1);
      await target.request({ trust: authority });

      expect(
        (await counted(target, 2)).map(({ labels }) => `${labels["source_principal"]} ${labels["connection_security_policy"]}`).sort(),
      ).toEqual(["spiffe://cluster.local/ns/shop/sa/productpage mutual_tls", "unknown none"]);
    });

    test.each<[NonNullable<MetricsConfig["workload"]>, Labels]>([
      [
        { name: "w" },
        {
          destination_canonical_service: "w",
          destination_canonical_revision: "latest",
          destination_service: "w",
          destination_service_name: "w",
        },
      ],
      [
        { name: "w", app: "a" },
        { destination_canonical_service: "a", destination_app: "a", destination_service: "a", destination_service_name: "a" },
      ],
      [{ version: "v2" }, { destination_canonical_revision: "v2", destination_version: "v2", destination_canonical_service: "unknown" }],
    ])("what is derived from %j", async (own, labels) => {
      const target = await openWith({ workload: own });
      await target.request();

      expect(await golden(target)).toMatchObject(labels);
    });
  });

  describe("the source's labels", () => {
    test.each<[string, Labels]>([
      ["outbound|9080||reviews.default.svc.cluster.local", served],
      ["outbound|9080|v1|reviews.default.svc.cluster.local", served],
      ["outbound|443||api.example.com", { destination_service: "api.example.com", destination_service_name: "api" }],
      ["plain", { destination_service: "plain", destination_service_name: "plain" }],
    ])("for the cluster %s", async (name, labels) => {
      const target = await open({
        filters: filter({ reporter: "source", workload }),
        upstreams: { app: {}, [name]: {} },
        routes: [route(name)],
      });
      expect((await target.request()).status).toBe(200);

      expect(await golden(target)).toEqual({ ...nobody, ...ownAs("source"), ...labels, reporter: "source" });
    });

    test("without a cluster", async () => {
      const target = await open({ filters: filter({ reporter: "source" }), routes: [] });
      expect((await target.request()).status).toBe(404);

      expect(await golden(target)).toEqual({ ...nobody, reporter: "source", response_code: "404", response_flags: "NR" });
    });
  });

  test("response flags are those of the access log", async () => {
    // The in-process host does not know them.
    const retries = host === "Envoy";
    /** The access log has several in the order in which they came up, the filter only their bits. */
    const sorted = (flags: unknown = "-") => String(flags).split(",").sort().join(",");
    const dead: ConfigObject = {
      ...{ name: "dead", type: "STATIC", connect_timeout: "1s" },
      load_assignment: {
        cluster_name: "dead",
        endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: 1 } } } }] }],
      },
    };
    const empty: ConfigObject = {
      name: "empty",
      type: "STATIC",
      connect_timeout: "1s",
      load_assignment: { cluster_name: "empty", endpoints: [] },
    };
    const target = await open({
      filters: filter({}),
      upstreams: {
        app: {
          respond: ({ path }) =>
            path === "/reset"
              ? { reset: "before-headers" }
              : path === "/late" || path === "/wait"
                ? { delay: new Promise(() => undefined) }
                : {},
        },
      },
      clusters: [dead, empty],
      routes: [
        { match: { prefix: "/dead" }, route: { cluster: "dead" } },
        ...(retries
          ? [{ match: { prefix: "/retried" }, route: { cluster: "dead", retry_policy: { retry_on: "connect-failure", num_retries: 1 } } }]
          : []),
        { match: { prefix: "/empty" }, route: { cluster: "empty" } },
        { match: { prefix: "/late" }, route: { cluster: "app", timeout: "0.1s" } },
        ...["/ok", "/reset", "/wait"].map((prefix) => ({ match: { prefix }, route: { cluster: "app" } })),
      ],
    });
    const paths = ["/ok", "/dead", "/empty", "/late", "/reset", "/nowhere", ...(retries ? ["/retried"] : [])];
    for (const path of paths) await target.request({ path });
    const leaving = target.request({ path: "/wait" });
    await target.upstream("app").received(4);
    leaving.abort();
    await target.request({ headers: { "bad header": "1" } });
    const entries = await target.waitForAccessLog(paths.length + 2);
    const seen = entries.map(({ status, flags }) => `${status} ${sorted(flags)}`);
    const all = await counted(target, seen.length);

    expect(
      all
        .flatMap(({ labels, count }) =>
          Array.from({ length: count }, () => `${labels["response_code"]} ${sorted(labels["response_flags"])}`),
        )
        .sort(),
    ).toEqual(seen.sort());
    expect(seen.map((one) => one.split(" ")[1]).sort()).toEqual([
      "-",
      "DC",
      "DPE",
      "NR",
      "UC",
      "UF",
      ...(retries ? ["UF,URX"] : []),
      "UH",
      "UT",
    ]);
  });

  test("gRPC statuses, of trailers, of headers alone, and of none", async () => {
    const type = { "content-type": "application/grpc" };
    const target = await open({
      filters: filter({}),
      upstreams: {
        app: {
          protocol: "h2c",
          respond: ({ path }) => {
            if (path === "/trailers") return { headers: type, body: "\0\0\0\0\0", trailers: { "grpc-status": "5" } };
            if (path === "/only") return { headers: { ...type, "grpc-status": "7" } };
            if (path === "/odd") return { headers: { ...type, "grpc-status": "4711" } };
            return { status: path === "/503" ? 503 : 200, body: "hello" };
          },
        },
      },
    });
    const ask = (path: string, contentType = "application/grpc") =>
      target.request({
        path,
        method: "POST",
        protocol: "h2c",
        headers: { "content-type": contentType, te: "trailers" },
        body: "\0\0\0\0\0",
      });
    for (const path of ["/trailers", "/only", "/odd"]) await ask(path);
    await ask("/trailers", "application/grpc+proto");
    await ask("/trailers", "application/grpc-web");
    await ask("/200", "text/plain");
    // Envoy makes a status of what has none.
    await ask("/503");
    const all = await counted(target, 7);
    const said = all.map(({ labels, count }) => {
      return `${labels["request_protocol"]} ${labels["response_code"]} ${labels["grpc_response_status"]}: ${count}`;
    });

    expect(said.sort()).toEqual(["grpc 200 5: 2", "grpc 200 7: 1", "grpc 200 unknown: 1", "grpc 503 14: 1", "http 200 : 2"]);
  });

  test("own metrics add up, keep the last and hear only of what they are about; what is nothing is no mistake", async () => {
    const target = await open({
      filters: filter({
        overrides: [{ disabled: true }],
        metrics: [
          { name: "in_total", value: "request.size" },
          { name: "out_total", value: "response.size", labels: { code: { standard: "response_code" } } },
          { name: "last", type: "GAUGE", value: "response.size" },
          { name: "posts_total", when: [{ attribute: "request.method", in: ["POST"] }] },
          { name: "sizes", type: "HISTOGRAM", value: "request.size" },
        ],
      }),
      upstreams: { app: { respond: ({ path }) => ({ status: Number(path.slice(1)), body: "x".repeat(Number(path.slice(1))) }) } },
    });
    await target.request({ path: "/200" });
    await target.request({ path: "/201", method: "POST", body: "hello" });
    await target.request({ path: "/404", method: "POST", body: "hello, world" });
    await counted(target, 2, "posts_total");
    const stats = [...(await target.stats("^wasmcustom\\."))].filter(([name]) => !name.startsWith("wasmcustom.meshscript"));

    expect(Object.fromEntries(stats)).toEqual({
      ...{ "wasmcustom.in_total": 17, "wasmcustom.last": 404, "wasmcustom.posts_total": 2 },
      ...{ "wasmcustom.code=.=200;.;out_total": 200, "wasmcustom.code=.=201;.;out_total": 201, "wasmcustom.code=.=404;.;out_total": 404 },
    });
    expect(target.logs().wasm.filter(({ level }) => /warn|error|critical/.test(level))).toEqual([]);
  });

  describe("overrides", () => {
    const openWith = (overrides: MetricsConfig["overrides"], reporter: "source" | "destination" = "destination") =>
      open({ filters: filter({ reporter, overrides: overrides ?? [], metrics: [{ name: "own_total" }] }), upstreams: { app: {} } });
    const labelsOf = async (target: Target) => {
      await target.request({ path: "/users/7?a=b", headers: { "x-user": "ann", "x-plan": "gold" } });
      await counted(target, 1, "own_total");
      const stats = await target.stats("^wasmcustom\\..*istio_requests_total$");
      return [...stats.keys()].map((name) => name.slice("wasmcustom.".length));
    };
    /** As a text without those that are always there. */
    const of = async (target: Target) => (await labelsOf(target))[0]?.split(";.;").slice(0, -1) ?? [];
    const usual = { ...nobody, reporter: "destination", connection_security_policy: "none" };
    const text = (labels: Labels) => Object.entries(labels).map(([name, value]) => `${name}=.=${value}`);

    test("nothing is changed by those that say nothing", async () => {
      expect(await of(await openWith([{}, { match: { metric: "ALL_METRICS" } }]))).toEqual(text(usual));
    });

    test("disabled metrics are not there", async () => {
      expect(await labelsOf(await openWith([{ disabled: true }]))).toEqual([]);
      expect(await labelsOf(await openWith([{ match: { metric: "REQUEST_COUNT" }, disabled: true }]))).toEqual([]);
      expect(await labelsOf(await openWith([{ match: { metric: "REQUEST_SIZE" }, disabled: true }]))).toHaveLength(1);
      expect(await labelsOf(await openWith([{ match: { mode: "CLIENT" }, disabled: true }]))).toHaveLength(1);
      expect(await labelsOf(await openWith([{ match: { mode: "SERVER" }, disabled: true }]))).toEqual([]);
      expect(await labelsOf(await openWith([{ match: { mode: "SERVER" }, disabled: true }], "source"))).toHaveLength(1);
      expect(await labelsOf(await openWith([{ match: { mode: "CLIENT" }, disabled: true }], "source"))).toEqual([]);
    });

    test("labels are removed, changed and added, for one metric, side or all", async () => {
      const target = await openWith([
        { tagOverrides: { source_app: { operation: "REMOVE" }, destination_app: { operation: "REMOVE" } } },
        { tagOverrides: { source_version: { value: { header: "x-plan" } }, user: { value: { header: "x-user" } } } },
        { match: { metric: "REQUEST_SIZE" }, tagOverrides: { size: { value: { header: "x-user" } } } },
        { match: { mode: "CLIENT" }, tagOverrides: { client: { value: { header: "x-user" } } } },
        { match: { mode: "SERVER" }, tagOverrides: { route: { value: { pathTemplates: ["/users/{id}"] } } } },
        { tagOverrides: { user: { value: { header: "x-plan", in: ["silver"] } }, copy: { value: { standard: "response_code" } } } },
      ]);
      const labels = Object.fromEntries((await of(target)).map((one) => one.split("=.=") as [string, string]));
      const { source_app: _source, destination_app: _destination, ...rest } = usual as Labels;

      expect(labels).toEqual({ ...rest, source_version: "gold", user: "other", route: "/users/{id}", copy: "200" });
    });

    test("what one removes, a later one may add", async () => {
      const target = await openWith([
        { tagOverrides: { source_app: { operation: "REMOVE" } } },
        { tagOverrides: { source_app: { value: { header: "x-user" } } } },
      ]);

      expect((await of(target)).filter((one) => one.startsWith("source_app"))).toEqual(["source_app=.=ann"]);
    });
  });
});

describe("who the own workload is, by the node's metadata", () => {
  const metadata = {
    ...{ WORKLOAD_NAME: "ratings-v2", NAMESPACE: "prod", CLUSTER_ID: "c2" },
    LABELS: { app: "ratings", version: "v2", "service.istio.io/canonical-name": "canonical", "service.istio.io/canonical-revision": "r2" },
  };
  const expected: Labels = {
    ...{
      destination_workload: "ratings-v2",
      destination_workload_namespace: "prod",
      destination_app: "ratings",
      destination_version: "v2",
    },
    ...{ destination_canonical_service: "canonical", destination_canonical_revision: "r2", destination_cluster: "c2" },
    ...{ destination_service: "canonical", destination_service_name: "canonical", destination_service_namespace: "prod" },
    ...{ reporter: "destination", connection_security_policy: "none" },
  };
  const hosts: [string, (config: MetricsConfig, metadata: Record<string, unknown>) => Promise<Target>][] = [
    ["in-process host", (config, node) => openHost({ filters: filter(config), node: { metadata: node } })],
    [
      "Envoy",
      (config, node) =>
        openEnvoy({ config: bootstrap({ node: { metadata: node }, listeners: [httpListener({ filters: filter(config) })] }) }),
    ],
  ];

  test.each(hosts)("%s: all of it", async (_, open) => {
    await using target = await open({}, metadata);
    await target.request();

    expect(await golden(target)).toEqual({ ...nobody, ...expected });
  });

  test.each(hosts)("%s: what the configuration says goes first, and some may be missing or of another kind", async (_, open) => {
    const odd = { ...metadata, CLUSTER_ID: "", LABELS: { app: "ratings" } };
    await using target = await open({ workload: { namespace: "mine", version: "v9" }, service: "a.b.svc" }, odd);
    await target.request();

    expect(await golden(target)).toEqual({
      ...{ ...nobody, ...expected },
      ...{ destination_workload_namespace: "mine", destination_service_namespace: "mine", destination_version: "v9" },
      ...{ destination_canonical_service: "ratings", destination_canonical_revision: "v9", destination_cluster: "unknown" },
      ...{ destination_service: "a.b.svc", destination_service_name: "a" },
    });
  });
});

describe("in Envoy", () => {
  test.each([
    ["OUTBOUND", "source"],
    ["INBOUND", "destination"],
    ["UNSPECIFIED", "destination"],
  ])("the reporter of a listener whose direction is %s is the %s", async (direction, reporter) => {
    const listener = httpListener({ filters: filter({}), listener: { traffic_direction: direction } });
    await using envoy = await openEnvoy({ config: bootstrap({ listeners: [listener] }) });
    await envoy.request();

    expect((await golden(envoy))["reporter"]).toBe(reporter);
  });

  test("the source's labels over TLS, and the destination's of the same request", async () => {
    const both: Envoy[] = [];
    try {
      const inbound = await openEnvoy({ filters: filter({ workload, service }), tls: { identity: server }, upstreams: { app: {} } });
      both.push(inbound);
      const name = "outbound|9080||reviews.default.svc.cluster.local";
      const clusters = [cluster({ name, endpoints: [inbound.address()], tls: { identity: client } })];
      const from = { name: "productpage", namespace: "shop" };
      const listeners = [httpListener({ filters: filter({ reporter: "source", workload: from }), routes: [route(name)] })];
      const outbound = await openEnvoy({ config: bootstrap({ listeners, clusters }) });
      both.push(outbound);
      expect((await outbound.request()).status).toBe(200);
      const principals = {
        source_principal: "spiffe://cluster.local/ns/shop/sa/productpage",
        destination_principal: "spiffe://cluster.local/ns/default/sa/reviews",
      };

      expect(await golden(outbound)).toEqual({
        ...{ ...nobody, ...served, ...principals, reporter: "source" },
        ...{ source_workload: "productpage", source_workload_namespace: "shop", source_canonical_service: "productpage" },
        destination_workload_namespace: "default",
      });
      expect(await golden(inbound)).toEqual({
        ...{ ...nobody, ...ownAs("destination"), ...served, ...principals },
        ...{ reporter: "destination", connection_security_policy: "mutual_tls", source_workload_namespace: "shop" },
      });
    } finally {
      for (const envoy of both.reverse()) await envoy.stop();
    }
  });

  describe("what Prometheus sees", () => {
    const tag = (name: string, regex: string) => ({ tag_name: name, regex });
    /** Those that Istio's bootstrap always has beside one for each label. */
    const istio = [
      tag("wasm_filter", "(wasm_filter\\.(.+?)\\.)"),
      tag("component", "(component\\.(.+?)\\.)"),
      tag("cache", "(cache\\.(.+?)\\.)"),
      tag("tag", "(tag\\.(.+?);\\.)"),
    ];
    const own = ["user", "route"];
    const openWith = (config: MetricsConfig, names: readonly string[] = [...standardLabels, ...own], begin = "") =>
      openEnvoy({
        config: bootstrap({
          listeners: [httpListener({ filters: filter(config) })],
          bootstrap: { stats_config: { stats_tags: [...istio, ...names.map((name) => tag(name, `(${begin}${name}=\\.=(.*?);\\.;)`))] } },
        }),
      });
    const scrape = async (envoy: Envoy, metric: string) => samplesOf(await envoy.prometheus(), metric);
    const latin = (value: string) => Buffer.from(value).toString("latin1");

    test("are the standard metrics with Istio's names and labels, histograms among them", async () => {
      await using envoy = await openWith({ workload, service });
      await envoy.request();
      await counted(envoy, 1);
      const labels: Labels = {
        ...{ ...nobody, ...ownAs("destination"), ...served },
        ...{ reporter: "destination", connection_security_policy: "none" },
      };
      // Prometheus takes an empty label for none.
      const { grpc_response_status: _, ...shown } = labels;

      for (const metric of [
        "istio_requests_total",
        ...["duration_milliseconds", "bytes"].map((name) => `istio_request_${name}_count`),
        "istio_response_bytes_count",
      ]) {
        await eventually(async () =>
          expect(
            (await scrape(envoy, metric)).map(({ value }) => value),
            metric,
          ).toEqual([1]),
        );
        const found = (await scrape(envoy, metric))[0]?.labels ?? {};
        const { grpc_response_status: status = "", ...others } = found;
        expect(status).toBe("");
        expect(others).toEqual(shown);
      }
    });

    test.each<[what: string, value: string, label: string]>([
      ["a plain one", "ann", "ann"],
      ["dots", "a.b.c.example.com", "a.b.c.example.com"],
      ["a URL", "https://a.example:8080/x?y=z&w", "https://a.example:8080/x?y=z&w"],
      ["another label", "a;.;reporter=.=x", "a_._reporter_.=x"],
      ["another label's beginning", "reporter=.=x", "reporter_.=x"],
      ["many of them", "=.=.=.=", "_._._.="],
      ["a tag of Istio's", "cache.b.c", "cache_b.c"],
      ["another", "component.b.c", "component_b.c"],
      ["and another", "tag.b", "tag_b"],
      ["the tag that is first of all", "wasm_filter.evil.x", "wasm_filter_evil.x"],
      ["quotes and backslashes", '"q" \\ \\n', '"q" \\ \\n'],
      ["braces and commas", 'a{b="c"},d', 'a{b="c"},d'],
      ["UTF-8", latin("zoë 日本"), "zoë 日本"],
      ["no UTF-8", "zo\u00eb", "zo_"],
      ["a tab", "a\tb", "a_b"],
      ["what is too long", "x".repeat(300), "x".repeat(128)],
      ["what is too long in UTF-8", latin("日".repeat(100)), "日".repeat(42)],
      ["bars and stars", "a|b*c$d", "a|b*c$d"],
      ["an ending like ours", "a=", "a="],
      ["a beginning like ours", ".=a", ".=a"],
    ])("a label's value with %s", async (_, value, label) => {
      const envoy = await hostile();
      await envoy.request({ path: "/users/7", headers: { "x-user": value, "x-case": String(++cases) } });
      const known = await counted(envoy, cases, "own_total");
      expect(known.length).toBeGreaterThan(0);
      const found = await scrape(envoy, "own_total");

      expect(found.map(({ labels }) => labels)).toContainEqual({ user: label, route: "/users/{id}" });
      // Nothing is torn off into another metric.
      expect(
        (await envoy.prometheus()).split("\n").filter((line) => /own_total/.test(line) && !/^(# TYPE )?own_total[{ ]/.test(line)),
      ).toEqual([]);
    });

    let cases = 0;
    let opened: Promise<Envoy> | undefined;
    const hostile = () => {
      opened ??= openWith({
        overrides: [{ disabled: true }],
        metrics: [{ name: "own_total", labels: { user: { header: "x-user" }, route: { pathTemplates: ["/users/{id}"] } } }],
      });
      return opened;
    };
    test("and that was all", async () => {
      await (await opened)?.stop();
    });

    // Istio makes the first of its `extraStatTags`; in a bootstrap of one's own a word's beginning can be asked for.
    test.each([
      ["as Istio matches it", ""],
      ["as a word", "\\b"],
    ])("a label whose name is the end of another one's, %s", async (_, begin) => {
      const config: MetricsConfig = { overrides: [{ tagOverrides: { app: { value: { header: "x-user" } } } }], workload };
      await using envoy = await openWith(config, ["app", ...standardLabels], begin);
      await envoy.request({ headers: { "x-user": "ann" } });
      await counted(envoy, 1);
      const found = await scrape(envoy, "istio_requests_total");

      expect(found.map(({ labels }) => [labels["app"], labels["destination_app"], labels["source_app"]])).toEqual([
        ["ann", "reviews", "unknown"],
      ]);
    });
  });
});
