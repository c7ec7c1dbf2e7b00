import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MeshscriptError } from "../../../diagnostics/index.ts";
import "../../expect/index.ts";
import { eventually, reportOnFailure } from "../../expect/index.ts";
import { type Envoy, bootstrap, cluster, httpListener, openEnvoy, openUpstream, provision, route, validateConfig } from "../../index.ts";
import { moduleFor } from "../../test/modules.ts";
import { openRunDirectory } from "../run-directory.ts";

const isAlive = (pid: number | undefined) => existsSync(`/proc/${pid}`);
const failureOf = (promise: Promise<unknown>): Promise<MeshscriptError> =>
  promise.then(
    () => Promise.reject(new Error("it should have failed")),
    (error: unknown) => {
      if (error instanceof MeshscriptError) return error;
      throw error;
    },
  );

describe("openEnvoy", () => {
  test("puts filters in front of an upstream and removes its files when it stops", async () => {
    const envoy = reportOnFailure(
      await openEnvoy({
        filters: [{ name: "marks", wasm: moduleFor("marks") }],
        upstreams: { app: { respond: { status: 201, body: "made" } } },
      }),
    );
    const response = await envoy.request({ path: "/a?b=c" });
    expect(response).toHaveStatus(201);
    expect(response).toHaveHeader("x-module", ["1"]);
    expect(response.text()).toBe("made");
    expect(envoy.upstream("app").requests.map(({ path }) => path)).toEqual(["/a?b=c"]);
    await envoy.stop();
    expect(isAlive(envoy.pid)).toBe(false);
    expect(existsSync(envoy.runDir)).toBe(false);
  });

  test("answers 200 by itself when there is no upstream", async () => {
    await using envoy = reportOnFailure(await openEnvoy());
    expect(await envoy.request()).toHaveStatus(200);
    expect(await envoy.stat("http.main.downstream_rq_2xx")).toBe(1);
    expect(await envoy.stat("http.main.no_such_thing")).toBeUndefined();
  });

  test("runs two at once, each with ports of its own", async () => {
    const [one, two] = await Promise.all([openEnvoy(), openEnvoy()]);
    expect(one.url).not.toBe(two.url);
    expect(one.adminUrl).not.toBe(two.adminUrl);
    await Promise.all([one.stop(), two.stop()]);
    expect([one.pid, two.pid].filter(isAlive)).toEqual([]);
  });

  test("takes a complete configuration as file, as text and as object", async () => {
    const directory = await openRunDirectory(undefined);
    const file = join(directory.path, "my.yaml");
    const config = bootstrap({ listeners: [httpListener({ name: "edge" })] });
    await writeFile(file, `# comment\n${JSON.stringify(config, null, 2)}`);
    for (const form of [file, new URL(`file://${file}`), JSON.stringify(config), config]) {
      await using envoy = await openEnvoy({ config: form });
      expect(await envoy.request({ listener: "edge" })).toHaveStatus(200);
    }
    await directory.remove();
  });

  test("points a cluster of the configuration at the upstream of the same name, and fixed ports at free ones", async () => {
    const config = bootstrap({
      listeners: [httpListener({ name: "edge", address: { host: "0.0.0.0", port: 80 }, routes: [route("reviews")] })],
      clusters: [cluster({ name: "reviews", endpoints: [{ host: "192.0.2.1", port: 9080 }] })],
      bootstrap: { admin: { address: { socket_address: { address: "0.0.0.0", port_value: 9901 } } } },
    });
    await using envoy = reportOnFailure(
      await openEnvoy({ config, ephemeralPorts: true, upstreams: { reviews: { respond: { body: "five stars" } } } }),
    );
    expect((await envoy.request()).text()).toBe("five stars");
    expect(envoy.address().host).toBe("127.0.0.1");
    expect(envoy.adminUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(envoy.adminUrl).not.toContain(":9901");
  });

  test("passes configuration, VM configuration and environment to the module", async () => {
    await using envoy = await openEnvoy({
      filters: [
        {
          name: "echoes",
          wasm: moduleFor("echoes"),
          config: { limit: 3 },
          vmConfig: { region: "eu" },
          environment: { TOKEN: "s3cret" },
          failurePolicy: "FAIL_RELOAD",
          allowOnHeadersStopIteration: true,
          // Without proxy_on_configure Envoy would run it unconfigured and say nothing: the builder adds it.
          capabilities: ["proxy_log", "proxy_get_buffer_bytes"],
        },
      ],
    });
    expect(envoy).toHaveLogged('{"limit":3}');
    const dump = JSON.stringify(await envoy.configDump());
    expect(dump).toContain("eu");
    expect(dump).toContain("allowed_capabilities");
  });

  test("tells at the start and at an update what is no configuration at all", async () => {
    const broken = { match: { prefix: "/", path: "/x" }, direct_response: { status: 200 } };
    await expect(openEnvoy({ routes: [broken] })).rejects.toThrow(/MS0402: .*Unable to parse JSON as proto.*path/s);

    await using envoy = await openEnvoy();
    await expect(envoy.update({ routes: [broken] })).rejects.toThrow(/MS0403: .*Unable to parse JSON as proto.*path/s);
    expect(await envoy.request()).toHaveStatus(200);
  });

  test("a route's own match takes the place of the default prefix", async () => {
    await using upstream = await openUpstream({ respond: { status: 201 } });
    await using envoy = await openEnvoy({
      config: bootstrap({
        listeners: [httpListener({ routes: [route("app", { match: { path: "/x" } })] })],
        clusters: [cluster({ name: "app", endpoints: [upstream.address] })],
      }),
    });
    expect(await envoy.request({ path: "/x" })).toHaveStatus(201);
    expect(await envoy.request({ path: "/y" })).toHaveStatus(404);
  });

  test("keeps what it was told where it was told", async () => {
    const directory = await openRunDirectory(undefined);
    const envoy = await openEnvoy({ runDir: directory.path, accessLog: { agent: "%REQ(USER-AGENT)%" } });
    await envoy.request({ path: "/seen", headers: { "user-agent": "me" } });
    const [entry] = await envoy.waitForAccessLog(1);
    expect(entry).toMatchObject({ path: "/seen", status: 200, details: "direct_response", agent: "me", flags: "-" });
    await envoy.stop();
    expect(readFileSync(join(directory.path, "envoy.log"), "utf8")).toContain("starting main dispatch loop");
    await directory.remove();
  });

  test("runs Envoy directly when there is no func-e, and hears what a configuration logs to /dev/stdout", async () => {
    const { envoy: binary, notes } = await provision();
    const type = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog";
    const log = { name: "stdout", typed_config: { "@type": type, log_format: { json_format: { code: "%RESPONSE_CODE%" } } } };
    const config = bootstrap({ listeners: [httpListener({ httpConnectionManager: { access_log: [log] } })] });
    for (const tools of [{ envoy: binary, notes }, await provision()]) {
      await using envoy = reportOnFailure(await openEnvoy({ config, tools }));
      await envoy.request();
      expect(await envoy.waitForAccessLog(1)).toEqual([{ code: 200 }]);
    }
  });

  test("tells whoever asks for a listener or an upstream that is not there which ones are", async () => {
    await using envoy = await openEnvoy({ upstreams: { app: {} } });
    expect(() => envoy.address("inbound")).toThrow(/MS0407: no listener "inbound"; there are: main/);
    expect(() => envoy.upstream("users")).toThrow(/there are: app/);
  });

  test("stops when its signal is aborted", async () => {
    const controller = new AbortController();
    const envoy = await openEnvoy({ signal: controller.signal });
    controller.abort();
    await envoy.ended;
    await envoy.stop();
    expect(isAlive(envoy.pid)).toBe(false);
    await expect(openEnvoy({ signal: controller.signal })).rejects.toThrow(/abort/i);
  });
});

describe("a start that fails", () => {
  test("says what the module said, in Envoy's words, with the configuration's path", async () => {
    const error = await failureOf(openEnvoy({ filters: [{ name: "limits", wasm: moduleFor("refuses") }] }));
    expect(error.code).toBe("MS0402");
    expect(error.message).toContain("Unable to create Wasm plugin limits");
    expect(error.message).toContain("error: limits[0] must be a number");
    expect(error.message).toMatch(/configuration: \/.+lds\.json/);
    expect(error.message).toMatch(/whole log: \S+envoy\.log/);
  });

  test("names a module that does not exist", async () => {
    const error = await failureOf(openEnvoy({ filters: [{ name: "ghost", wasm: "no/such.wasm" }] }));
    expect(error.code).toBe("MS0402");
    expect(error.message).toMatch(/Invalid path: .+no\/such\.wasm/);
  });

  test("gives Envoy's reason for a bootstrap that it cannot read", async () => {
    const error = await failureOf(openEnvoy({ config: { admin: { adress: {} } } }));
    expect(error.code).toBe("MS0402");
    expect(error.message).toContain("adress");
    expect(error.exitCode).toBe(65);
  });

  test("refuses a typo in a listener, in a cluster and in a filter, as it would in a static configuration", async () => {
    const typos = [
      { listeners: [httpListener({ listener: { adress_typo: {} } })] },
      { listeners: [httpListener({ httpConnectionManager: { stream_idle_timeuot: "3s" } })] },
      { clusters: [cluster({ name: "app", endpoints: [], cluster: { connect_timeuot: "3s" } })] },
    ];
    for (const typo of typos) {
      const error = await failureOf(openEnvoy({ config: bootstrap(typo) }));
      expect(error.code).toBe("MS0402");
      expect(error.message).toMatch(/adress_typo|_timeuot/);
    }
    await using envoy = await openEnvoy({ config: bootstrap(typos[0] ?? {}), args: ["--allow-unknown-fields"] });
    expect(await envoy.request()).toHaveStatus(200);
  });

  test("shows the line of a file that is no YAML", async () => {
    const directory = await openRunDirectory(undefined);
    const file = join(directory.path, "broken.yaml");
    await writeFile(file, "admin:\n  address: {\nnode: 1\n");
    const error = await failureOf(openEnvoy({ config: file }));
    expect(error.code).toBe("MS0406");
    expect(error.diagnostics[0]?.location).toMatchObject({ file, line: 3 });
    await directory.remove();
  });

  test("reports an argument that Envoy does not know", async () => {
    const error = await failureOf(openEnvoy({ args: ["--no-such-flag"] }));
    expect(error.code).toBe("MS0401");
    expect(error.message).toContain("no-such-flag");
  });
});

describe("a running Envoy", () => {
  test("keeps the lines of modules apart, and a module cannot forge one of Envoy's", async () => {
    await using envoy = await openEnvoy({ filters: [{ name: "talks", wasm: moduleFor("talks") }] });
    const { wasm, envoy: own } = envoy.logs();
    expect(wasm[0]).toMatchObject({ level: "info", component: "wasm" });
    expect(wasm[0]?.message).toMatch(/^say "hi" é\n\[2026-01-01/);
    expect(own.filter(({ level }) => level === "critical")).toEqual([]);
    expect(envoy.logTail().filter((line) => line.startsWith("[2026-01-01"))).toEqual([]);
  });

  test("waits for a log line, and says what there was when it does not come", async () => {
    await using envoy = await openEnvoy();
    const { mark } = envoy.logs();
    const later = envoy.waitForLog(/request end stream/, { from: mark });
    await envoy.admin("/logging?http=debug", "POST");
    await envoy.request();
    await expect(later).resolves.toContain("[debug][http]");
    await expect(envoy.waitForLog("never written", { timeout: 20 })).rejects.toThrow(
      /MS0409: no log line matching never written within 20 ms/,
    );
  });

  test("offers histograms without waiting for a flush, and the text for Prometheus", async () => {
    await using envoy = await openEnvoy();
    await envoy.request();
    await eventually(async () => {
      const histograms = await envoy.histograms("downstream_rq_time");
      expect(histograms.get("http.main.downstream_rq_time")?.get(50)).not.toBeNull();
    });
    expect(await envoy.prometheus()).toMatch(
      /envoy_http_downstream_rq_xx\{envoy_response_code_class="2",envoy_http_conn_manager_prefix="main"\} 1/,
    );
    expect((await envoy.memory())["allocated"]).toBeGreaterThan(1_000_000);
  });

  test("fails its stop when Envoy had ended before, and keeps the files", async () => {
    const envoy = await openEnvoy();
    process.kill(envoy.pid ?? 0, "SIGKILL");
    await envoy.ended;
    const error = await failureOf(envoy.stop());
    expect(error.code).toBe("MS0405");
    expect(existsSync(envoy.runDir)).toBe(true);
    const expected = await openEnvoy({ mayEnd: true });
    process.kill(expected.pid ?? 0, "SIGKILL");
    await expected.ended;
    await expected.stop();
  });
});

describe("update", () => {
  const body = async (envoy: Envoy) => (await envoy.request()).text();
  const answer = (text: string) => ({ match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: text } } });

  test("is live on all workers when it resolves, on the same port", async () => {
    await using envoy = reportOnFailure(await openEnvoy({ concurrency: 4, routes: [answer("0")] }));
    const { url } = envoy;
    for (let i = 1; i <= 10; i += 1) {
      await envoy.update({ routes: [answer(String(i))] });
      expect(await Promise.all(Array.from({ length: 8 }, () => body(envoy)))).toEqual(Array(8).fill(String(i)));
    }
    expect(envoy.url).toBe(url);
  });

  test("loses no request under traffic", async () => {
    await using envoy = reportOnFailure(await openEnvoy({ concurrency: 2, upstreams: { app: { respond: { body: "x" } } } }));
    let updating = true;
    const traffic = Array.from({ length: 3 }, async () => {
      const statuses = new Set<number>();
      while (updating) statuses.add((await envoy.request()).status);
      return [...statuses];
    });
    for (let i = 0; i < 10; i += 1) {
      await envoy.update({ filters: i % 2 === 0 ? [{ name: "marks", wasm: moduleFor("marks"), config: i }] : [] });
    }
    updating = false;
    expect(await Promise.all(traffic)).toEqual([[200], [200], [200]]);
  });

  test("puts a filter in and takes it out, and starts upstreams that are new", async () => {
    await using envoy = reportOnFailure(await openEnvoy({ upstreams: { v1: { respond: { body: "one" } } } }));
    await envoy.update({ filters: [{ name: "marks", wasm: moduleFor("marks") }] });
    expect(await envoy.request()).toHaveHeader("x-module");
    await envoy.update({ filters: [], upstreams: { v2: { respond: { body: "two" } } }, routes: [route("v2")] });
    const response = await envoy.request();
    expect(response).toHaveHeader("x-module", []);
    expect(response.text()).toBe("two");
    expect(envoy.upstream("v1").requests).toHaveLength(1);
  });

  test("that Envoy rejects says why, and the old configuration serves on", async () => {
    await using envoy = reportOnFailure(await openEnvoy({ routes: [answer("old")] }));
    const error = await failureOf(envoy.update({ filters: [{ name: "limits", wasm: moduleFor("refuses") }], routes: [answer("new")] }));
    expect(error.code).toBe("MS0403");
    expect(error.message).toContain(
      "keeps the old configuration: Error adding/updating listener(s) main: Unable to create Wasm plugin limits",
    );
    expect(error.message).toContain("limits[0] must be a number");
    expect(await body(envoy)).toBe("old");
    await envoy.update({ routes: [answer("newer")] });
    expect(await body(envoy)).toBe("newer");
  });

  test("refuses a typo", async () => {
    await using envoy = reportOnFailure(await openEnvoy({ routes: [answer("old")] }));
    const error = await failureOf(envoy.update({ httpConnectionManager: { stream_idle_timeuot: "3s" }, routes: [answer("new")] }));
    expect(error.code).toBe("MS0403");
    expect(error.message).toContain("stream_idle_timeuot");
    expect(await body(envoy)).toBe("old");
  });

  test("with a bad cluster leaves listeners and clusters as they were", async () => {
    await using envoy = reportOnFailure(await openEnvoy({ routes: [answer("old")] }));
    const bad = { name: "bad", type: "STATIC", connect_timeout: "-1s" };
    const error = await failureOf(envoy.update({ clusters: [cluster({ name: "good", endpoints: [] }), bad], routes: [answer("new")] }));
    expect(error.code).toBe("MS0403");
    expect(error.message).toContain("Invalid duration: Expected positive duration: seconds: -1");
    expect(await body(envoy)).toBe("old");
    expect(await envoy.stat("cluster_manager.active_clusters")).toBe(0);
  });

  test("works for a complete configuration, and refuses what needs a restart", async () => {
    const config = (text: string) => bootstrap({ listeners: [httpListener({ name: "edge", routes: [answer(text)] })] });
    await using envoy = await openEnvoy({ config: config("a") });
    await envoy.update({ config: config("b") });
    expect(await body(envoy)).toBe("b");
    const error = await failureOf(envoy.update({ config: bootstrap({ node: { id: "other" } }) }));
    expect(error.code).toBe("MS0407");
    expect(await body(envoy)).toBe("b");
  });
});

describe("validateConfig", () => {
  test("accepts what Envoy accepts", async () => {
    await expect(validateConfig(bootstrap({ listeners: [httpListener()] }))).resolves.toBeUndefined();
  });

  test("gives Envoy's reason and what the module said", async () => {
    const config = bootstrap({ listeners: [httpListener({ filters: [{ name: "limits", wasm: moduleFor("refuses") }] })] });
    const error = await failureOf(validateConfig(config));
    expect(error.code).toBe("MS0402");
    expect(error.message).toContain("MS0402: Envoy rejected the configuration: Unable to create Wasm plugin limits\n");
    expect(error.message).toContain("limits[0] must be a number");
  });

  test("does not repeat the whole configuration, which Envoy does", async () => {
    const config = { ...bootstrap({ clusters: [{ name: "c", connect_timeout: "250ms" }] }), node: { id: "secret-".repeat(100) } };
    const error = await failureOf(validateConfig(config));
    expect(error.message).toContain("duration must end with a single 's'");
    expect(error.message).not.toContain("secret-".repeat(70));
  });

  test("gives a file to Envoy as it is, and names it", async () => {
    const directory = await openRunDirectory(undefined);
    const file = join(directory.path, "my.yaml");
    await writeFile(file, "static_resources: { listeners: [{ nam: x }] }\n");
    const error = await failureOf(validateConfig(file));
    expect(error.diagnostics[0]?.location).toEqual({ file });
    expect(error.message).toMatch(/no such field: 'nam'/);
    await directory.remove();
  });
});
