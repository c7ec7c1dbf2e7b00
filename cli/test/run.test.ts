import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { minimalModule, provision } from "../../harness/index.ts";
import { DebugCompiler } from "../../modules/index.ts";
import { envoyFlags } from "../run/envoy-flags.ts";
import { logLine, requestLine } from "../run/log-lines.ts";
import { upstreamAddress } from "../run/options.ts";
import { DevProject } from "./dev-project.ts";
import { cli, isAlive, root, start } from "./support.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshscript-run-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const curl = /try +curl -i (\S+)/;
const TRACEPARENT = /00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]/;

describe("run --filter", () => {
  test("serves, prints each request, stops on Ctrl-C and leaves nothing", async () => {
    const running = start(["run", "--filter", 'tracing={"response":{"serverTiming":true}}', "--port", "0"]);
    const url = (await running.saw(curl))[1] ?? "";
    const response = await fetch(`${url}hello`);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("no --upstream: Envoy answered by itself\n");
    const traceparent = TRACEPARENT.exec(response.headers.get("server-timing") ?? "")?.[0];
    expect(traceparent).toBeDefined();
    await running.saw(/^GET \/hello/m);
    const runDir = join(root, (await running.saw(/logs +(\S+)/))[1] ?? "");
    expect(existsSync(runDir)).toBe(true);
    running.signals.emit("SIGINT");
    const { code, stdout, stderr } = await running.done;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^GET \/hello {2}200 \d+ ms {2}tracing: action=start traceparent=/);
    expect(stdout).toContain(`traceparent=${traceparent}`);
    expect(stderr).toMatch(/^√ Envoy 1\.\S+ is ready after \d\.\d\d s, with tracing\n {2}main +http:\/\/127\.0\.0\.1:\d+\n {2}admin /);
    expect(stderr).toMatch(/Ctrl-C stops it\nstopped\n$/);
    expect(existsSync(runDir)).toBe(false);
    await expect(fetch(url)).rejects.toThrow();
    expect(running.signals.listenerCount("SIGINT")).toBe(0);
  });

  test("goes to the upstream; --json tells where, --run-dir stays", async () => {
    const upstream = createServer((request, response) => response.end(JSON.stringify(request.headers)));
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    const runDir = join(folder, "run");
    try {
      const { port } = upstream.address() as AddressInfo;
      const config = join(folder, "tracing.json");
      await writeFile(config, '{ "tracestate": { "key": "mine" } }');
      const argv = [
        "run",
        "--filter",
        `tracing=${config}`,
        "--upstream",
        `127.0.0.1:${port}`,
        "--port",
        "0",
        "--run-dir",
        runDir,
        "--json",
      ];
      const running = start(argv);
      await running.saw(/Ctrl-C stops it/);
      const { pid, listeners } = JSON.parse((await running.saw(/^\{[\s\S]*\n\}\n/))[0]) as {
        pid: number;
        listeners: { name: string; url: string }[];
      };
      expect(isAlive(pid)).toBe(true);
      const seen = (await (await fetch(listeners[0]?.url ?? "")).json()) as Record<string, string>;
      expect(seen["traceparent"]).toMatch(TRACEPARENT);
      expect(seen["tracestate"]).toMatch(/^mine=/);
      running.signals.emit("SIGTERM");
      const { code, stdout } = await running.done;
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ apiVersion: "meshscript/v1", command: "run", success: true, runDir });
      expect(isAlive(pid)).toBe(false);
      expect(existsSync(join(runDir, "envoy.log"))).toBe(true);
    } finally {
      upstream.close();
    }
  });

  test("a configuration that the filter refuses is shown at its place in the flag, exit 65", async () => {
    for (const more of [[], ["--validate"]]) {
      const { code, stderr } = await cli(["run", "--filter", 'tracing={"mode":"x"}', "--port", "0", ...more]);
      expect(code).toBe(65);
      expect(stderr.split("\n").slice(0, 3)).toEqual([
        '--filter tracing:1:10: error MS0102: tracing refused its configuration: mode: must be one of "enforce", "observe", "off", got "x"',
        '    1 | {"mode":"x"}',
        "      |          ^",
      ]);
    }
  });

  test("each problem of a configuration file is shown at its line", async () => {
    const file = join(folder, "tracing.json");
    await writeFile(file, '{\n  "sampling": { "percentage": 101 },\n  "strp": true\n}\n');
    const { code, stderr } = await cli(["run", "--filter", `tracing=${file}`, "--port", "0"]);
    expect(code).toBe(65);
    expect(stderr).toContain(
      `${file}:2:31: error MS0102: tracing refused its configuration: sampling.percentage: must be a number from 0 to 100, got 101`,
    );
    expect(stderr).toContain(`${file}:3:4: error MS0102: tracing refused its configuration: strp: unknown field; known: mode, `);
    expect(stderr).toMatch(/2 errors\n$/);
    await writeFile(file, '\uFEFF{ "mode": "off" }');
    expect(await cli(["run", "--filter", `tracing=${file}`, "--port", "0"])).toMatchObject({
      code: 65,
      stderr: expect.stringContaining(`${file}:1:1: error MS0101: no JSON: a byte order mark in front of the JSON`) as string,
    });
  });

  test("a port in use is one clear line, exit 69", async () => {
    const server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await cli(["run", "--filter", "tracing", "--port", String(port)]);
    server.close();
    expect(code).toBe(69);
    expect(stderr).toMatch(new RegExp(`^error MS0505: 127\\.0\\.0\\.1:${port} is in use \\(listener main\\)\nhelp: .*MS0505\\.md\n$`));
  });

  test("the port of another Envoy is in use too, although Envoy itself would share it", async () => {
    const first = start(["run", "--filter", "tracing", "--port", "0"]);
    const port = new URL((await first.saw(curl))[1] ?? "").port;
    const second = await cli(["run", "--filter", "tracing", "--port", port]);
    first.signals.emit("SIGINT");
    await first.done;
    expect(second).toMatchObject({ code: 69, stderr: expect.stringContaining(`127.0.0.1:${port} is in use`) });
  });

  test("Ctrl-C before it is ready exits 130, a second one asks to end at once", async () => {
    const running = start(["run", "--filter", "tracing", "--port", "0"]);
    running.signals.emit("SIGINT");
    running.signals.emit("SIGINT");
    expect(running.exits).toEqual([130]);
    expect((await running.done).code).toBe(130);
  });

  test("an Envoy that dies is an error, exit 69", async () => {
    const running = start(["run", "--filter", "tracing", "--port", "0", "--json"]);
    const { pid } = JSON.parse((await running.saw(/^\{[\s\S]*\n\}\n/))[0]) as { pid: number };
    process.kill(pid, "SIGKILL");
    const { code, stdout } = await running.done;
    expect(code).toBe(69);
    expect(stdout).toContain("MS0405");
  });
});

describe("folders", () => {
  test("a cache or a run directory that cannot be written is one clear line, exit 69", async () => {
    await writeFile(join(folder, "file"), "");
    const path = join(folder, "file/x");
    const cases = [
      { setting: { env: { MESHSCRIPT_CACHE: path } }, more: [], what: "cache" },
      { setting: {}, more: ["--run-dir", path], what: "run directory" },
    ];
    for (const { setting, more, what } of cases) {
      const { code, stderr } = await cli(["run", "--filter", "tracing", "--port", "0", ...more], setting);
      expect(code).toBe(69);
      expect(stderr).toMatch(/^error MS0304: .*\nhelp: .*MS0304\.md\n$/);
      expect(stderr).toContain(`the ${what} ${path} cannot be written: a part of the path is a file`);
    }
  });

  test.runIf(process.platform === "linux")("a run directory that nobody can make is told at once", async () => {
    const { code, stderr } = await cli(["run", "--filter", "tracing", "--port", "0", "--run-dir", "/proc/x"]);
    expect(code).toBe(69);
    expect(stderr).toContain("error MS0304: the run directory /proc/x cannot be written: no such file");
  });

  test("of a configuration that the filter refuses nothing stays, of one that Envoy refuses the log does, and old ones go", async () => {
    const { envoy, funcE } = await provision();
    const cache = join(folder, "cache");
    const old = join(cache, "runs/20200101T000000-1-abcdef");
    await mkdir(old, { recursive: true });
    await utimes(old, 0, 0);
    const env = { MESHSCRIPT_CACHE: cache, ENVOY_PATH: envoy.path, ...(funcE ? { FUNC_E_PATH: funcE.path } : {}) };
    const runs = () => readdir(join(cache, "runs"));
    expect((await cli(["run", "--filter", 'tracing={"mode":"x"}', "--port", "0"], { env })).code).toBe(65);
    expect(await runs()).toEqual([]);
    await writeFile(join(folder, "bad.yaml"), "static_resources: { listenerz: [] }\n");
    const { stderr } = await cli(["run", "-c", "bad.yaml"], { env, cwd: folder });
    const [kept = ""] = await runs();
    expect(stderr).toContain(join(cache, "runs", kept, "envoy.log"));
  });
});

describe("a module that Envoy would not load", () => {
  test("is refused with the verifier's reason, before Envoy starts", async () => {
    await writeFile(join(folder, "bad.wasm"), "no wasm");
    await writeFile(
      join(folder, "unmarked.wasm"),
      Buffer.from(minimalModule.toString("latin1").replace("proxy_abi", "proxy_xyz"), "latin1"),
    );
    for (const more of [[], ["--validate"]]) {
      const bad = await cli(["run", "--filter", "./bad.wasm", "--port", "0", ...more], { cwd: folder });
      expect(bad).toMatchObject({ code: 65, stderr: expect.stringMatching(/^bad\.wasm: error MS0210: bad\.wasm is no wasm module/) });
      const unmarked = await cli(["run", "--filter", "./unmarked.wasm", "--port", "0", ...more], { cwd: folder });
      expect(unmarked).toMatchObject({ code: 65, stderr: expect.stringContaining("unmarked.wasm: error MS0216: ") });
    }
  });

  test("what Envoy loads all the same runs, with the findings on stderr", async () => {
    await writeFile(
      join(folder, "older.wasm"),
      Buffer.from(minimalModule.toString("latin1").replace("version_0_2_1", "version_0_2_0"), "latin1"),
    );
    const { code, stderr } = await cli(["run", "--filter", "./older.wasm", "--validate"], { cwd: folder });
    expect(code).toBe(0);
    expect(stderr).toMatch(/older\.wasm: error MS0217: .*√ Envoy /s);
  });
});

describe("a filter that traps while it is configured", () => {
  let project: DevProject;
  beforeAll(async () => {
    project = await DevProject.open("edge");
    const configure = "this.greeted = new Counter";
    await project.edit("assembly/filter.ts", configure, `assert(this.greeting.length > 99, "too short");\n    ${configure}`);
    const compiler = new DebugCompiler(project.folder);
    const { wasm, sourceMap } = await compiler.compile("edge", "assembly/index.ts");
    await compiler.close();
    await writeFile(join(project.folder, "edge.wasm"), wasm);
    await writeFile(join(project.folder, "edge.wasm.map"), sourceMap);
  }, 60_000);
  afterAll(() => project.remove());

  const said = /error MS0103: edge trapped in its configuration callback, proxy_on_configure: too short$/m;
  const stack = /^ {2}the stack:\n(?: +\d+: .*\n)*? +1: .*#configure \(assembly\/filter\.ts:\d+:\d+\)$/m;

  test("is shown at the line that trapped, with the guest's stack, by run and by its --validate", async () => {
    for (const more of [[], ["--validate"]]) {
      const { code, stderr } = await cli(["run", "--filter", "./edge.wasm", "--port", "0", ...more], { cwd: project.folder });
      expect(code).toBe(65);
      expect(stderr).toMatch(said);
      expect(stderr).toMatch(/^assembly\/filter\.ts:\d+:\d+: error MS0103: .*\n +\d+ \| +assert\(.*\n.*\^$/m);
      expect(stderr).toMatch(stack);
      expect(stderr).not.toMatch(/MS0102|MS0402/);
    }
  });

  test("is shown in the file that check was asked about", async () => {
    const { code, stdout } = await cli(["check", "--filter", "./edge.wasm", "config.json"], { cwd: project.folder });
    expect(code).toBe(79);
    expect(stdout).toMatch(/^config\.json: error MS0103: /);
    expect(stdout).toMatch(said);
    expect(stdout).toMatch(stack);
  });
});

describe("run --config", () => {
  const yaml = (port: number) => `
admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }
static_resources:
  listeners:
    - name: front
      address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
      filter_chains:
        - filters:
            - name: hcm
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: front
                access_log:
                  - name: a
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /dev/stdout, log_format: { text_format_source: { inline_string: "got %REQ(:PATH)%\\n" } } }
                route_config: { virtual_hosts: [{ name: v, domains: ["*"], routes: [{ match: { prefix: / }, direct_response: { status: 204 } }] }] }
                http_filters: [{ name: r, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } }]
`;

  test("keeps the configuration's ports, passes Envoy's flags, prints its stdout", async () => {
    const port = await freePort();
    await writeFile(join(folder, "envoy.yaml"), yaml(port));
    const running = start(["run", "-c", "envoy.yaml", "--", "-l", "info", "--service-node", "me"], { cwd: folder });
    await running.saw(/Ctrl-C stops it/);
    expect((await fetch(`http://127.0.0.1:${port}/x`)).status).toBe(204);
    await running.saw(/^got \/x$/m);
    running.signals.emit("SIGINT");
    const { code, stdout, stderr } = await running.done;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "got /x\n" });
    expect(stderr).toContain(`front    http://127.0.0.1:${port}`);
    // Who asks for a log level wants to see it.
    expect(stderr).toMatch(/^envoy info +\[main\]/m);
  });

  test("a configuration that Envoy rejects is its reason, exit 65", async () => {
    await writeFile(join(folder, "bad.yaml"), "static_resources: { listenerz: [] }\n");
    for (const more of [[], ["--validate"]]) {
      const { code, stderr } = await cli(["run", "-c", "bad.yaml", ...more], { cwd: folder });
      expect(code).toBe(65);
      expect(stderr).toMatch(/bad\.yaml: error MS0402: Envoy rejected the configuration: .*listenerz/);
      expect(stderr).not.toContain("the last lines");
    }
  });

  test("a typo in a listener or in a filter of Envoy's is refused", async () => {
    for (const typo of [
      yaml(0).replace("stat_prefix: front", "stat_prefix: front\n                stream_idle_timeuot: 3s"),
      yaml(0).replace("- name: front", "- name: front\n      adress_typo: {}"),
    ]) {
      await writeFile(join(folder, "typo.yaml"), typo);
      for (const more of [[], ["--validate"]]) {
        const { code, stderr } = await cli(["run", "-c", "typo.yaml", ...more], { cwd: folder });
        expect(code).toBe(65);
        expect(stderr).toMatch(/typo\.yaml: error MS0402: .*(?:stream_idle_timeuot|adress_typo)/);
      }
    }
  });

  test("--validate opens no port", async () => {
    const port = await freePort();
    await writeFile(join(folder, "envoy.yaml"), yaml(port));
    expect(await cli(["run", "-c", "envoy.yaml", "--validate"], { cwd: folder })).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringMatching(/^√ Envoy .* takes envoy\.yaml\n$/),
    });
    const { stdout } = await cli(["run", "--validate", "--filter", "tracing", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ success: true });
  });
});

test("Envoy's flags are sorted: ours, the harness's, Envoy's", () => {
  expect(
    envoyFlags([
      "-l",
      "debug",
      "--component-log-level=wasm:trace",
      "--concurrency",
      "2",
      "--config-yaml",
      "{}",
      "-c",
      "x.yaml",
      "--drain-time-s",
      "1",
    ]),
  ).toEqual({
    logLevel: "debug",
    componentLogLevel: "wasm:trace",
    concurrency: 2,
    config: "x.yaml",
    drainSeconds: 1,
    args: ["--config-yaml", "{}"],
  });
});

test("log lines: modules always, Envoy from warning on", () => {
  const at = "[2026-11-22 13:41:28.023][26223]";
  const show = (line: string, verbose = false) => logLine(`${at}${line}`, { color: false, verbose });
  expect(show("[info][wasm] wasm log meshscript.tracing: [tracing #1] ready")).toBe("wasm  info     [tracing #1] ready");
  expect(show("[warning][wasm] wasm log other: hm: hm")).toBe("wasm  warning  [other] hm: hm");
  expect(show("[debug][wasm] Base Wasm created 1 now active")).toBeUndefined();
  expect(show("[info][main] starting")).toBeUndefined();
  expect(show("[info][main] starting", true)).toBe("envoy info     [main] starting");
  expect(show("[error][http] bad")).toBe("envoy error    [http] bad");
  expect(logLine("Segmentation fault", { color: false, verbose: false })).toBe("Segmentation fault");
  expect(
    requestLine('{"method":"GET","path":"/","status":503,"duration":3,"flags":"UF","details":"upstream","a":"x=1","b":"-"}', ["a", "b"]),
  ).toBe("GET /  503 3 ms  UF upstream  a: x=1");
  expect(requestLine("plain", [])).toBe("plain");
});

test("upstreams", () => {
  expect(upstreamAddress("localhost:80")).toEqual({ host: "localhost", port: 80 });
  expect(upstreamAddress("http://[::1]:8080/")).toEqual({ host: "::1", port: 8080 });
  for (const wrong of ["", "host", "host:0", "host:65536", ":80", "a b:80"]) expect(() => upstreamAddress(wrong), wrong).toThrow("MS0503");
});

test("no machine's path in what is printed below the working directory", async () => {
  expect(await readFile("docs/cli.md", "utf8")).not.toContain(root);
});

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
