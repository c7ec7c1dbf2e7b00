import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheDirectory, minimalModule } from "../../harness/index.ts";
import type { ModuleReport } from "../../modules/index.ts";
import { type Setting, cli, root } from "./support.ts";

/** A folder with the fixtures, and modules in build/. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshscript-check-"));
  await cp(fileURLToPath(new URL("fixtures/check", import.meta.url)), folder, { recursive: true });
  await mkdir(join(folder, "build"));
  const tracing = await readFile(join(root, "build/tracing.wasm"));
  await writeFile(join(folder, "build/tracing.wasm"), tracing);
  // The same bytes under a name that no schema goes by: only the module itself can tell what it takes.
  await writeFile(join(folder, "build/unknown.wasm"), tracing);
  await writeFile(join(folder, "build/plain.wasm"), minimalModule);
  await writeFile(
    join(folder, "build/refusing.wasm"),
    minimalModule.toString("latin1").replace("\x00\x41\x01\x0b\x04\x00\x41\x01", "\x00\x41\x01\x0b\x04\x00\x41\x00"),
    "latin1",
  );
  // Its allocator takes an i64.
  const mistyped = minimalModule.toString("latin1").replace("\x60\x01\x7f\x01\x7f", "\x60\x01\x7e\x01\x7f");
  await writeFile(join(folder, "build/mistyped.wasm"), mistyped, "latin1");
  await writeFile(join(folder, "build/unfit.wasm"), minimalModule.toString("latin1").replace("version_0_2_1", "version_9_9_9"), "latin1");
  await writeFile(join(folder, "build/older.wasm"), minimalModule.toString("latin1").replace("version_0_2_1", "version_0_2_0"), "latin1");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Finding {
  code: string;
  severity: string;
  message: string;
  file: string;
  line?: number;
  column?: number;
  endColumn?: number;
  notes?: string[];
  help: string;
  page: string;
}

interface Checked {
  success: boolean;
  exitCode: number;
  files: { file: string; kind: string; ok: boolean; what?: string; by: string[]; findings: Finding[] }[];
  diagnostics: { code: string }[];
}

async function check(argv: readonly string[], setting: Setting = {}): Promise<Checked & { code: number }> {
  const { code, stdout, stderr } = await cli(["check", ...argv, "--json"], { cwd: folder, ...setting });
  expect(stdout, stderr).toMatch(/^\{/);
  return { ...(JSON.parse(stdout) as Checked), code };
}

/** Findings as `file:line:column CODE message`. */
async function found(argv: readonly string[], setting?: Setting): Promise<string[]> {
  const { files } = await check(argv, setting);
  const place = ({ file, line, column }: Finding) => [file, line, column].filter((part) => part !== undefined).join(":");
  return files.flatMap(({ findings }) => findings.map((one) => `${place(one)} ${one.code} ${one.message}`));
}

async function file(name: string, text: string | Uint8Array): Promise<string> {
  await writeFile(join(folder, name), text);
  return name;
}

/** An Envoy bootstrap with one wasm plugin, whose PluginConfig is in one line. */
function withPlugin(config: string, before = ""): string {
  return `${before}static_resources:
  listeners:
    - name: main
      address: { socket_address: { address: 127.0.0.1, port_value: 10000 } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: main
                route_config: {}
                http_filters:
                  - name: plugin
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
                      config:
                        ${config}
                  - name: envoy.filters.http.router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
`;
}

const vm = (module: string) => `vm_config: { runtime: envoy.wasm.runtime.v8, code: { local: { filename: ${module} } } }`;
const STRING_VALUE = '"@type": type.googleapis.com/google.protobuf.StringValue';

describe("files that are well", () => {
  test("are a line each on stderr, and exit 0", async () => {
    await file("tracing.json", "{}\n");
    const good = ["envoy-configs/tracing.yaml", "filters/tracing/cases.yaml", join(folder, "tracing.json")];
    const { code, stdout, stderr } = await cli(["check", ...good]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr.replaceAll(`${folder}/`, "")).toMatch(
      /^√ envoy-configs\/tracing\.yaml: ok, Envoy configuration with 1 wasm plugin \(schema of tracing, Envoy 1\.\S+\)\n√ filters\/tracing\/cases\.yaml: ok, \d+ cases\n√ tracing\.json: ok, configuration of tracing \(schema, Envoy 1\.\S+\)\n3 of 3 files ok\n$/,
    );
  });

  test("without Envoy say so", async () => {
    const { code, stderr } = await cli(["check", "--no-envoy", "envoy-configs/tracing.yaml"]);
    expect(code).toBe(0);
    expect(stderr).toBe(
      "√ envoy-configs/tracing.yaml: ok, Envoy configuration with 1 wasm plugin (schema of tracing, verifier, without Envoy)\n",
    );
  });
});

describe("the configuration of a filter", () => {
  test("has all its mistakes found at once, by schema and module, each once", async () => {
    const text =
      '{\n\t"mode": "enforced",\r\n\t"strp": true,\n\t"sampling": { "percentage": 101 },\n\t"tracestate": {},\n\t"baggage": { "allow": ["é", 5] }\n}\n';
    expect(await found(["-f", "tracing", await file("edge.json", text)])).toEqual([
      'edge.json:2:10 MS0901 mode must be one of "enforce", "observe", "off", got "enforced"',
      'edge.json:3:2 MS0901 unknown field "strp", did you mean "strip"?',
      "edge.json:4:30 MS0901 sampling.percentage must be from 0 to 100, got 101",
      "edge.json:5:2 MS0901 tracestate.key is missing",
      "edge.json:6:30 MS0901 baggage.allow[1] must be a string, got 5",
    ]);
  });

  test("is asked of the module itself where there is no schema", async () => {
    const text = '{ "tracestate": { "key": "é" },\n  "mode": "é", "x": 1 }';
    expect(await found(["-f", "build/unknown.wasm", await file("edge.json", text)])).toEqual([
      expect.stringMatching(/^edge\.json:1:26 MS0102 unknown refused its configuration: tracestate\.key: must be a tracestate key/),
      'edge.json:2:11 MS0102 unknown refused its configuration: mode: must be one of "enforce", "observe", "off", got "é"',
      expect.stringMatching(/^edge\.json:2:16 MS0102 unknown refused its configuration: x: unknown field; known: mode, /),
    ]);
  });

  test("that is nested too deeply is one clear line", async () => {
    const lines = await found([await file("deep.yaml", `cases: ${"[".repeat(5_000)}${"]".repeat(5_000)}\n`), "--no-envoy"]);
    expect(lines).toEqual(["deep.yaml:1 MS0902 brackets or lists are nested too deeply: hundreds of levels"]);
  });

  test("that a module refuses without a word is refused all the same", async () => {
    expect(await found(["-f", "build/refusing.wasm", await file("edge.json", "{}")])).toEqual([
      "edge.json MS0102 refusing refused its configuration without a word",
    ]);
  });

  test.each([
    ["a comma too much", '{ "a": 1, }', 'x.json:1:9 MS0902 no JSON: a comma in front of "}": JSON allows none there'],
    ["a name twice", '{ "mode": "off",\n "mode": "off" }', 'x.json:2:2 MS0902 no JSON: "mode" is there twice'],
    [
      "a byte order mark",
      "\uFEFF{}",
      "x.json:1:1 MS0902 no JSON: a byte order mark in front of the JSON: save the file as UTF-8 without one",
    ],
    ["a comment", "{\n  // why\n}", "x.json:2:3 MS0902 no JSON: a comment: JSON has none"],
  ])("with %s is no JSON: exit 65", async (_, text, line) => {
    const name = await file("x.json", text);
    expect(await found(["-f", "tracing", name, "--no-envoy"])).toEqual([line]);
    expect((await check(["-f", "tracing", name, "--no-envoy"])).code).toBe(65);
  });

  test("is known by its name, else --filter is asked for", async () => {
    const { files } = await check([await file("tracing.config.json", "{}"), await file("edge.json", "{}"), "--no-envoy"], { cwd: folder });
    expect(files.map(({ file: name, kind, findings }) => [name, kind, findings.map(({ code }) => code)])).toEqual([
      ["tracing.config.json", "config", []],
      ["edge.json", "unknown", ["MS0903"]],
    ]);
  });
});

describe("a filter package", () => {
  let project: string;
  beforeAll(async () => {
    // Below the repository, so that the SDK is found as in a user's project.
    project = await mkdtemp(join(cacheDirectory(), "test-check-"));
    await cp(join(root, "create-meshscript/template"), project, { recursive: true });
    await symlink(join(root, "node_modules"), join(project, "node_modules"));
  });
  afterAll(() => rm(project, { recursive: true, force: true }));

  test("is built, and its config.json and cases.yaml are checked without being named", async () => {
    const { code, stdout, stderr } = await cli(["check"], { cwd: project });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toMatch(
      /^built my-filter\.wasm in \S+ s\n√ config\.json: ok, configuration of my-filter \(schema, Envoy 1\.\S+\)\n√ cases\.yaml: ok, 4 cases\n2 of 2 files ok\n$/,
    );
  }, 120_000);

  test("knows its configurations by their folder, and judges other files of it not", async () => {
    await mkdir(join(project, "configs"));
    await writeFile(join(project, "config.prod.json"), '{ "greting": "hi" }');
    await writeFile(join(project, "configs/edge.json"), '{ "greeting": 1 }');
    const files = ["config.prod.json", "configs/edge.json", "package.json", "assembly/tsconfig.json", "package.json"];
    expect(await found(files, { cwd: project })).toEqual([
      'config.prod.json:1:3 MS0901 unknown field "greting", did you mean "greeting"?',
      "configs/edge.json:1:15 MS0901 greeting must be a string, got 1",
      expect.stringMatching(/^package\.json MS0903 /),
      expect.stringMatching(/^assembly\/tsconfig\.json MS0903 /),
    ]);
  }, 120_000);

  test("with a schema that is none is judged by the module", async () => {
    await writeFile(join(project, "config.schema.json"), '{ "type": "objekt" }');
    const lines = await found(["config.prod.json", "config.json"], { cwd: project });
    expect(lines).toEqual([
      expect.stringMatching(/^config\.prod\.json:1:3 MS0102 my-filter refused its configuration: greting: unknown field/),
      expect.stringMatching(/^config\.schema\.json MS0909 the schema of my-filter cannot be used: /),
    ]);
  }, 120_000);

  test("whose source does not compile has the compiler's findings, and none of the module that is no more its own", async () => {
    await writeFile(join(project, "assembly/index.ts"), "const x: i32 = 'text';\n");
    const { files } = await check(["config.prod.json"], { cwd: project });
    const codes = files.flatMap(({ findings }) => findings.map(({ code, file: name }) => `${name} ${code}`));
    expect(new Set(codes)).toEqual(new Set(["assembly/index.ts MS0201", "config.schema.json MS0909"]));
  }, 120_000);
});

describe("Envoy's configuration", () => {
  test("has everything found that Envoy cannot read, though Envoy stops at the first, and nothing that follows from it", async () => {
    expect(await found(["mistakes.yaml"])).toEqual([
      'mistakes.yaml:3:52 MS0402 Envoy rejected the configuration: no field "port_valu" in SocketAddress',
      'mistakes.yaml:13:17 MS0402 Envoy rejected the configuration: no field "stat_prefx" in HttpConnectionManager',
      "mistakes.yaml:22:24 MS0402 Envoy rejected the configuration: connect_timeout: duration must end with a single 's'",
    ]);
  });

  test("has its plugins checked one by one, and the rest by Envoy all the same", async () => {
    expect(await found(["plugins.yaml"])).toEqual([
      "plugins.yaml:13:116 MS0402 Envoy rejected the configuration: route: unknown cluster 'ap'",
      "plugins.yaml:20:97 MS0904 no such module: build/tracin.wasm",
      'plugins.yaml:30:39 MS0901 mode must be one of "enforce", "observe", "off", got "enforced"',
      'plugins.yaml:31:45 MS0901 sampling: unknown field "percentge", did you mean "percentage"?',
    ]);
    const { files } = await check(["plugins.yaml"]);
    expect(files[0]?.findings.map(({ help }) => help).slice(0, 2)).toEqual(['did you mean "app"?', "did you mean build/tracing.wasm?"]);
  });

  test("has plugins of every kind found, in JSON and by camelCase names, those too that Envoy does not load in validation", async () => {
    expect(await found(["everywhere.json"])).toEqual([
      expect.stringMatching(/^everywhere\.json:10:112 MS0102 tracing refused its configuration: mode: .* got "service"$/),
      expect.stringMatching(/^everywhere\.json:30:124 MS0102 tracing refused its configuration: mode: .* got "network"$/),
      expect.stringMatching(/^everywhere\.json:48:110 MS0102 log refused its configuration: strp: unknown field/),
    ]);
  });

  test("has a service's configuration judged though Envoy takes the whole", async () => {
    const service = `bootstrap_extensions:
  - name: envoy.bootstrap.wasm
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.wasm.v3.WasmService
      config: { name: s, ${vm("build/unknown.wasm")}, configuration: { ${STRING_VALUE}, value: '{ "mode": 1 }' } }
`;
    expect(await found([await file("service.yaml", service)])).toEqual([
      expect.stringMatching(/^service\.yaml:5:217 MS0102 s refused its configuration: mode: must be .* got 1$/),
    ]);
  });

  test("warns of what a module uses and its list of capabilities leaves out", async () => {
    const restricted = (place: "vm" | "plugin", ...names: string[]) => {
      const list = `capability_restriction_config: { allowed_capabilities: { ${names.map((name) => `${name}: {}`).join(", ")} } }`;
      const own = vm("build/tracing.wasm");
      return withPlugin(place === "vm" ? own.replace("runtime:", `${list}, runtime:`) : `{ ${list}, ${own} }`);
    };
    const report = JSON.parse(await readFile(join(root, "build/tracing.report.json"), "utf8")) as ModuleReport;
    const used = [...report.imports.map(({ name }) => name), ...report.callbacks];
    const lines = async (text: string) =>
      (await found([await file("caps.yaml", text), "--no-envoy"])).map((line) => line.replace(/^\S+ /, ""));

    expect(await lines(restricted("vm", ...used))).toEqual([]);
    expect(await lines(restricted("vm"))).toEqual([]);
    expect(await lines(restricted("vm", ...used.filter((name) => name !== "random_get")))).toEqual([
      "MS0910 tracing.wasm uses random_get, which is not allowed",
    ]);
    const two = used.filter((name) => name !== "random_get" && name !== "proxy_on_configure");
    expect(await lines(restricted("plugin", ...two))).toEqual([
      "MS0910 tracing.wasm uses proxy_on_configure, random_get, which are not allowed",
    ]);
  });

  test("checks what routes say to filters in their metadata", async () => {
    const limits = "{ per-user: { requests: 0, per: 1d, brust: 3 }, all: { mode: 'off' }, other: { requests: 1 } }";
    const metadata = `{ filter_metadata: { a.b: { c: 1 }, meshscript.ratelimit: ${limits} } }`;
    const text = withPlugin(vm("build/tracing.wasm")).replace(
      "route_config: {}",
      `route_config: { virtual_hosts: [{ name: v, domains: ["*"], metadata: ${metadata} }] }`,
    );

    expect(text).toContain("brust");
    expect((await found([await file("metadata.yaml", text), "--no-envoy"])).map((line) => line.replace(/^\S+ /, ""))).toEqual([
      'MS0901 ["per-user"].requests must be from 1 to 1000000000, got 0',
      'MS0901 ["per-user"].per must be a duration with a unit, as "250ms" or "1.5s", got "1d"',
      'MS0901 ["per-user"]: unknown field "brust", did you mean "burst"?',
      "MS0901 other.per is missing",
    ]);
  });

  test("says once what an alias repeats", async () => {
    expect(await found(["anchors.yaml"])).toEqual(['anchors.yaml:21:48 MS0901 inbound must be one of "continue", "restart", got "resume"']);
  });

  test.each([
    ["in single quotes", `'{ "mode": "it''s", "strp": 1 }'`, ["19:45", "19:54"]],
    ["in double quotes, with escapes", '"{ \\"mode\\": \\"\\u0041\\\\n\\", \\"strp\\": 1 }"', ["19:47", "19:62"]],
    ["folded", '>-\n  { "mode":\n\n      "x",\n  "strp": 1 }', ["22:33", "23:29"]],
    ["as a block with CRLF", '|\r\n  {\r\n    "mode": "x",\r\n    "strp": 1\r\n  }', ["21:39", "22:31"]],
    ["over several lines in quotes", '\'{ "mode":\n  "x",\n\n  "strp": 1 }\'', ["20:29", "22:29"]],
  ])("finds the place in a configuration %s", async (_, value, places) => {
    const indented = value.replaceAll("\n", `\n${" ".repeat(26)}`);
    const text = withPlugin(
      `configuration:\n                          ${STRING_VALUE}\n                          value: ${indented}\n                        ${vm("build/tracing.wasm")}`,
    );
    const lines = await found([await file("inline.yaml", text), "--no-envoy"]);
    expect(lines.map((line) => line.replace(/^inline\.yaml:(\d+:\d+) MS0901.*$/, "$1"))).toEqual(places);
  });

  test.each<[string, string, string]>([
    ["a module that Envoy does not load", vm("build/unfit.wasm"), "17:97 MS0905 build/unfit.wasm is no module that Envoy loads"],
    ["a module of an older ABI, which Envoy loads", vm("build/older.wasm"), "17:97 MS0905 build/older.wasm loads, but breaks at run time"],
    [
      "a module that breaks, and Envoy sees it too",
      vm("build/mistyped.wasm"),
      "17:97 MS0905 build/mistyped.wasm loads, but breaks at run time",
    ],
    ["no module", "vm_config: { runtime: envoy.wasm.runtime.v8 }", "17:25 MS0904 the plugin has no `code`"],
    [
      "another runtime",
      vm("build/plain.wasm").replace("v8", "v9"),
      "17:38 MS0905 the module of a plugin without a name does not start: Failed to create Wasm VM using envoy.wasm.runtime.v9 runtime. Envoy was compiled without support for it",
    ],
    [
      "a configuration as Struct",
      `{ name: p, configuration: { "@type": type.googleapis.com/google.protobuf.Struct, value: { mode: off } }, ${vm("build/tracing.wasm")} }`,
      "17:62 MS0906 p gets its configuration as google.protobuf.Struct",
    ],
    [
      "a configuration that is no JSON",
      `{ name: p, configuration: { ${STRING_VALUE}, value: "{ mode: off }" }, ${vm("build/tracing.wasm")} }`,
      '17:121 MS0101 no JSON: a name in double quotes, or "}" is expected, not mode',
    ],
    [
      "a sum that is none",
      'vm_config: { runtime: envoy.wasm.runtime.v8, code: { remote: { sha256: "abc", http_uri: { uri: http://x/y.wasm, cluster: c, timeout: 1s } } } }',
      "17:96 MS0907 sha256 must be 64 hexadecimal digits, got 3 characters",
    ],
  ])("with %s has one finding at its place", async (_, config, line) => {
    const { code, files } = await check([await file("one.yaml", withPlugin(config))]);
    expect(files[0]?.findings.map(({ line: at, column, code: each, message }) => `${at}:${column} ${each} ${message}`)).toEqual([line]);
    expect(code).toBe(79);
  });

  test("that lies elsewhere than Envoy starts is told so", async () => {
    await mkdir(join(folder, "below"));
    await writeFile(join(folder, "below/other.wasm"), minimalModule);
    const { files } = await check([await file("below/one.yaml", withPlugin(vm("other.wasm")))]);
    expect(files[0]?.findings).toMatchObject([
      { code: "MS0904", help: expect.stringContaining("Envoy looks in the directory in which it is started") },
    ]);
  });

  test("as a file of xDS needs no cluster of another file", async () => {
    expect(await found(["xds.yaml"])).toEqual([
      "xds.yaml:5:66 MS0402 Envoy rejected the configuration: port_value must be less than or equal to 65535",
      expect.stringMatching(/^xds\.yaml:37:24 MS0901 tracestate\.key must match /),
    ]);
    const good = (await readFile(join(folder, "xds.yaml"), "utf8")).replace("100000", "10000").replace("UPPER", "lower");
    const { code, files } = await check([await file("good.yaml", good)]);
    expect(files).toMatchObject([{ kind: "xds", ok: true, what: "5 xDS resources with 1 wasm plugin", findings: [] }]);
    expect(code).toBe(0);
  });

  test("may name more clusters of another file than Envoy is asked times", async () => {
    const routes = Array.from({ length: 60 }, (_, i) =>
      i % 2 === 0 ? `{ cluster: c${i} }` : `{ weighted_clusters: { clusters: [{ name: c${i}, weight: 1 }] } }`,
    );
    const text = [
      "resources:",
      '  - "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
      '    virtual_hosts: [{ name: all, domains: ["*"], routes: [',
      ...routes.map((route, i) => `      { match: { path: /${i} }, route: ${route} },`),
      "      ] }]",
      "",
    ];
    expect(await found([await file("rds.yaml", text.join("\n"))])).toEqual([]);
  });

  test("warns of a resource that Envoy cannot be asked about", async () => {
    const text = 'resources:\n  - "@type": type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration\n    name: x\n';
    const { code, files } = await check([await file("srds.yaml", text)]);
    expect(files).toMatchObject([{ ok: true, findings: [{ code: "MS0908", severity: "warning", line: 2, column: 14 }] }]);
    expect(code).toBe(0);
  });
});

describe("a file that cannot be read", () => {
  test.each([
    ["is not there", "no.yaml", "no.yaml MS0902 no.yaml cannot be read: no such file"],
    ["is a folder", "build", "build MS0902 build cannot be read: it is a folder"],
    ["is a module", "build/plain.wasm", "build/plain.wasm MS0902 build/plain.wasm cannot be read: it is a wasm module"],
  ])("%s: exit 65", async (_, name, line) => {
    expect(await found([name])).toEqual([line]);
    expect((await check([name])).code).toBe(65);
  });

  test.each([
    ["a bracket without its end", "admin: [\n", ["2:1"]],
    ["an entry among names, and what follows from it", "admin: {}\n- x: ]\n- }\n", ["2:1"]],
    ["an alias behind a byte order mark", "\uFEFFadmin: *nothing\n", ["1:8"]],
    ["names that are there twice", "admin: {}\nadmin: {}\nnode: { id: a,\n  id: b }\n", ["2:1", "4:3"]],
    ["an alias without its anchor", "admin: *nothing\n", ["1:8"]],
    ["an alias inside of its anchor", "admin: &a { b: *a }\n", ["1:16"]],
    ["two documents", "admin: {}\n---\nadmin: {}\n", ["2:1"]],
  ])("for %s is marked there", async (_, text, places) => {
    const lines = await found([await file("broken.yaml", text)]);
    expect(lines.map((line) => line.replace(/^broken\.yaml:(\d+:\d+) MS0902 .*$/, "$1"))).toEqual(places);
  });

  test("does not keep the others from being checked; 65 outweighs 79", async () => {
    const { code, files } = await check(["no.yaml", "cases.yaml", await file("tracing.json", "{}"), "--no-envoy"]);
    expect(files.map(({ file: name, kind, ok }) => [name, kind, ok])).toEqual([
      ["no.yaml", "unknown", false],
      ["cases.yaml", "cases", false],
      ["tracing.json", "config", true],
    ]);
    expect(code).toBe(65);
  });
});

test("a file of cases has the loader's findings", async () => {
  const { code, files } = await check(["cases.yaml"]);
  expect(files).toMatchObject([
    { kind: "cases", findings: [{ code: "MS0802", file: "cases.yaml", line: 5, column: 29, page: "docs/errors/MS0802.md" }] },
  ]);
  expect(code).toBe(79);
});

test("a file that nothing tells about is a finding without its content, with the name that was meant", async () => {
  const secret = await file("values.yaml", "password: hunter2\n");
  const near = await file("envoy.yaml", "static_resource: { password: hunter2 }\n");
  const ran = await cli(["check", secret, near], { cwd: folder });
  expect(ran.code).toBe(79);
  expect(ran.stdout).toMatch(/^values\.yaml: error MS0903: nothing tells what this is/);
  expect(ran.stdout).toMatch(/^envoy\.yaml:1:1: error MS0903: unknown field "static_resource", did you mean "static_resources"\?$/m);
  expect(ran.stdout.split("\n")[0]).not.toContain("hunter2");
});

test("a whole configuration on one line is not printed", async () => {
  const text = `{ "mode": "x", "traceIdHeader": "${"s".repeat(200)}" }`;
  const { stdout } = await cli(["check", "-f", "tracing", "--no-envoy", await file("edge.json", text)], { cwd: folder });
  expect(stdout).toMatch(/^edge\.json:1:11: error MS0901: mode must be/);
  expect(stdout).not.toContain("sss");
});

describe("the output", () => {
  const bad = '{\n  "greting, %": 1\n}\n';

  test("is text with the line and a caret", async () => {
    const ran = await cli(["check", "-f", "tracing", "--no-envoy", await file("a,b.json", bad)], { cwd: folder });
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toBe(
      [
        'a,b.json:2:3: error MS0901: unknown field "greting, %"',
        '    2 |   "greting, %": 1',
        "      |   ^^^^^^^^^^^^",
        "help: the fields are: mode, extract, inject, inbound, strip, sampling, tracestate, baggage, response, traceIdHeader, export",
        "      docs/errors/MS0901.md",
        "",
      ].join("\n"),
    );
  });

  test("is one JSON object with -o json as with --json", async () => {
    const argv = ["check", "-f", "tracing", "--no-envoy", await file("edge.json", bad)];
    const [short, long] = [await cli([...argv, "-o", "json"], { cwd: folder }), await cli([...argv, "--json"], { cwd: folder })];
    expect(short).toEqual(long);
    expect(JSON.parse(short.stdout)).toEqual({
      apiVersion: "meshscript/v1",
      command: "check",
      success: false,
      exitCode: 79,
      files: [
        {
          file: "edge.json",
          kind: "config",
          ok: false,
          what: "configuration of tracing",
          by: ["schema", "verifier", "without Envoy"],
          findings: [
            {
              code: "MS0901",
              severity: "error",
              message: 'unknown field "greting, %"',
              file: "edge.json",
              line: 2,
              column: 3,
              endColumn: 15,
              help: "the fields are: mode, extract, inject, inbound, strip, sampling, tracestate, baggage, response, traceIdHeader, export",
              page: "docs/errors/MS0901.md",
            },
          ],
        },
      ],
      diagnostics: [],
    });
  });

  test("is workflow commands with -o github, escaped, with paths from the root of the repository", async () => {
    await file("a,b.json", bad);
    const argv = ["check", "-o", "github", "-f", "tracing", "--no-envoy", "a,b.json"];
    const ran = await cli(argv, { cwd: folder, env: { GITHUB_WORKSPACE: join(folder, "..") } });
    const name = folder.split("/").at(-1);
    expect(ran.stdout).toBe(
      `::error file=${name}/a%2Cb.json,line=2,col=3,endColumn=15,title=MS0901::unknown field "greting, %25"%0Ahelp: the fields are: mode, extract, inject, inbound, strip, sampling, tracestate, baggage, response, traceIdHeader, export%0Adocs/errors/MS0901.md\n`,
    );
    expect(ran.code).toBe(79);
  });
});

describe("without files", () => {
  test("in a folder without filters is called wrongly: exit 64", async () => {
    const ran = await cli(["check"], { cwd: folder });
    expect(ran).toMatchObject({ code: 64, stdout: "" });
    expect(ran.stderr).toMatch(/^error MS0504: check needs FILE\.\.\.: no filter is here\nhelp: name the files/);
  });

  test("in a project checks what lies beside its filters", async () => {
    const { files } = await check(["--no-envoy"], { cwd: root });
    expect(files.map(({ file: name }) => name)).toContain("filters/tracing/cases.yaml");
  });

  test("a filter that is not there is called wrongly: exit 64", async () => {
    const ran = await cli(["check", "-f", "tracin", "x.json"]);
    expect(ran.code).toBe(64);
    expect(ran.stderr).toMatch(/^error MS0506: unknown filter "tracin".*did you mean "tracing"\?/);
  });
});

test("no Envoy: what can be found is found, and the reason is told; exit 69 without findings", async () => {
  const env = { ENVOY_PATH: "/nonexistent/envoy" };
  await file("tracing.json", "{}");
  const fine = await check(["tracing.json"], { env });
  expect(fine).toMatchObject({ code: 69, exitCode: 69, success: false, diagnostics: [{ code: "MS0302" }], files: [{ ok: true }] });
  const ran = await cli(["check", "plugins.yaml"], { cwd: folder, env });
  expect(ran.code).toBe(79);
  expect(ran.stdout).toMatch(/^plugins\.yaml:20:97: error MS0904[\s\S]*^error MS0302: ENVOY_PATH is/m);
});
