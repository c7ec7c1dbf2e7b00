import { mkdir, readFile, rename, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { exec } from "../../harness/provision/exec.ts";
import { type Dev, DevProject } from "./dev-project.ts";
import { cli } from "./support.ts";

const upstreamLine = "headers.add(GREETING, this.root.greeting);";

let project: DevProject;
let dev: Dev | undefined;
beforeEach(async () => {
  project = await DevProject.open();
});
afterEach(async () => {
  await dev?.stop();
  dev = undefined;
  await project.remove();
});

describe("meshscript dev", () => {
  test("serves the filter, then every change of it a moment after it was saved, and keeps metrics", { timeout: 20_000 }, async () => {
    dev = project.dev();
    const url = await dev.url();
    expect(await dev.line(/cases\.yaml {2}/)).toMatch(/cases\.yaml {2}4 of 4 cases passed$/);
    expect((await fetch(url)).status).toBe(200);
    expect(await dev.stat("wasmcustom.my_filter_greeted_total")).toBe(1);

    await project.edit("assembly/filter.ts", "this.root.count();", "this.root.count();\n      this.root.count();");
    expect(await dev.line(/live after/)).toMatch(
      /^\d\d:\d\d:\d\d {2}assembly\/filter\.ts {2}live after \d\.\d\d s \(compiled in \d\.\d\d s, swapped in \d\.\d\d s\) {2}3 of 4 cases passed \(1 failed\)$/,
    );
    await dev.running.saw(/cases\.yaml:\d+:\d+: error MS0803: "greets the upstream": .*2/);
    await fetch(url);
    expect(await dev.stat("wasmcustom.my_filter_greeted_total")).toBe(3);

    const { code, stdout, stderr } = await dev.stop();
    expect(code).toBe(0);
    expect(stdout.match(/^GET \/ {2}200 \d+ ms$/gm)).toHaveLength(2);
    expect(stderr).toMatch(/stopped\n$/);
  });

  test("what does not compile is shown with line and caret, and the old module goes on serving", { timeout: 20_000 }, async () => {
    dev = project.dev();
    const url = await dev.url();
    await dev.line(/passed/);
    await project.edit("assembly/filter.ts", upstreamLine, "headers.nope(GREETING);");
    expect(await dev.line(/no module/)).toMatch(/assembly\/filter\.ts {2}no module; what was live at \d\d:\d\d:\d\d goes on serving$/);
    await dev.running.saw(
      /^assembly\/filter\.ts:46:15: error MS0201: Property 'nope' does not exist on type 'Headers' \(AS2339\)\n {3}46 \| {7}headers\.nope\(GREETING\);\n {6}\| +\^\^\^\^$/m,
    );
    expect((await fetch(url)).status).toBe(200);
    // A configuration goes with the module that serves.
    await project.write("config.json", '{ "greeting": "later" }');
    expect(await dev.line(/config\.json/)).toMatch(/config\.json {2}live after/);
    await project.edit("assembly/filter.ts", "headers.nope(GREETING);", upstreamLine);
    expect(await dev.line(/filter\.ts/)).toMatch(/filter\.ts {2}what runs is the same$/);
    expect(await dev.stat("wasmcustom.my_filter_greeted_total")).toBe(1);
  });

  test("a configuration is handed over alone, and one that the filter refuses is shown at its place", { timeout: 20_000 }, async () => {
    dev = project.dev();
    await dev.line(/passed/);
    await project.write("config.json", '{\n  "greting": "x"\n}\n');
    expect(await dev.line(/configuration refused/)).toMatch(
      /config\.json {2}configuration refused; what was live at [\d:]+ goes on serving$/,
    );
    await dev.running.saw(
      /^config\.json:2:4: error MS0102: my-filter refused its configuration: greting: unknown field; known: greeting$/m,
    );
    expect(await dev.stat("extension_config_discovery.http_filter.my-filter.update_rejected")).toBe(0);
    await project.write("config.json", '{\n  "greeting": "good evening"\n}\n');
    expect(await dev.line(/live after/)).toMatch(/config\.json {2}live after \d\.\d\d s \(swapped in \d\.\d\d s\)$/);
  });

  test("of a cases file only what changed or failed runs again, and a failure is told once", { timeout: 20_000 }, async () => {
    dev = project.dev();
    await dev.line(/passed/);
    await project.edit("cases.yaml", "x-greeting: good morning } } } }", "x-greeting: good night } } } }");
    expect(await dev.line(/passed/)).toMatch(/cases\.yaml {2}0 of 1 case passed \(1 failed\)$/);
    await dev.running.saw(/^cases\.yaml:20:\d+: error MS0803: "greets in the words of its configuration"/m);
    await project.edit("cases.yaml", "name: greets the upstream", "name: greets whom it meets");
    expect(await dev.line(/1 of 2/)).toMatch(/cases\.yaml {2}1 of 2 cases passed \(1 failed, 1 as before\)$/);
    await project.edit("cases.yaml", "wasm: build", "wasm build");
    await dev.line(/the cases cannot be read/);
    await dev.running.saw(/^cases\.yaml:\d+:\d+: error MS0801/m);
    await project.edit("cases.yaml", "wasm build", "wasm: build");
    await project.edit("cases.yaml", "good night } } } }", "good morning } } } }");
    expect(await dev.line(/1 of 1|2 of 2/)).toMatch(/case(s)? passed$/);
  });

  test("a touch and a save without a change are none, a comment changes nothing that runs", { timeout: 20_000 }, async () => {
    dev = project.dev();
    await dev.line(/passed/);
    await utimes(join(project.folder, "assembly/filter.ts"), new Date(), new Date());
    await project.copyTo("assembly/filter.ts", "assembly/filter.ts~");
    await project.write("assembly/unused.ts", "export const unused = 1;\n");
    await project.edit("assembly/filter.ts", "// Encoded once.", "// Encoded only once.");
    expect(await dev.line(/what runs is the same/)).toContain("assembly/filter.ts");
    const { stderr } = await dev.stop();
    expect(stderr.match(/live after/g)).toBeNull();
  });

  test("starts with sources that do not compile, and with a configuration that is refused, and waits", { timeout: 20_000 }, async () => {
    await project.edit("assembly/filter.ts", upstreamLine, "headers.nope(GREETING);");
    await project.write("config.json", '{ "greting": 1 }');
    dev = project.dev();
    await dev.line(/waiting for a change/);
    await project.edit("assembly/filter.ts", "headers.nope(GREETING);", upstreamLine);
    await dev.running.saw(/^config\.json:1:4: error MS0102/m);
    await project.write("config.json", '{ "greeting": "now" }');
    // What is live is said when it is.
    await dev.line(/√ Envoy .* is ready/);
    await dev.line(/config\.json {2}live after/);
    expect(await dev.line(/passed/)).toMatch(/cases\.yaml {2}4 of 4 cases passed$/);
    expect((await fetch(await dev.url())).status).toBe(200);
  });

  test("a configuration that is no JSON is shown at its mistake, one that hides secrets without them", { timeout: 20_000 }, async () => {
    dev = project.dev();
    await dev.line(/passed/);
    await project.write("config.json", '{\n  "apiKey": "k-123" "greeting": "x"\n}\n');
    await dev.line(/configuration refused/);
    await dev.running.saw(
      /^config\.json:2:21: error MS0101: no JSON: a comma before "greeting" is missing\n {4}2 \| {3}"apiKey": "\*{5}" "greeting": "x"\n {6}\| {21}\^{10}$/m,
    );
    await project.write("config.json", '\uFEFF{ "greeting": "x" }');
    await dev.line(/configuration refused/);
    await dev.running.saw(/^config\.json:1:1: error MS0101: no JSON: a byte order mark in front of the JSON/m);
  });

  test("of a missing bracket the first mistake is shown, and what is the same the next time is not shown again", {
    timeout: 20_000,
  }, async () => {
    dev = project.dev();
    await dev.line(/passed/);
    await project.edit("assembly/filter.ts", "if (!headers.has(GREETING)) {", "if (!headers.has(GREETING)) ");
    await dev.line(/no module; what was live/);
    await rename(join(project.folder, "assembly/filter.ts"), join(project.folder, "assembly/gone.ts"));
    await dev.line(/no module; what was live/);
    // A rename is a file that comes and another that goes.
    expect(await dev.line(/no module/)).toMatch(/assembly\/filter\.ts {2}no module as before; what was live at [\d:]+ goes on serving$/);
    const { stderr } = await dev.stop();
    expect(stderr.match(/error MS0201: .*AS1\d\d\d/g)).toHaveLength(1);
    expect(stderr.match(/error MS0201: .*filter/g)).toHaveLength(1);
  });

  test("files that go and come back lose no save", { timeout: 40_000 }, async () => {
    dev = project.dev();
    await dev.line(/passed/);
    const config = join(project.folder, "config.json");
    await rm(config);
    expect(await dev.line(/config\.json {2}live after/)).toMatch(/ {2}runs without configuration$/);
    await project.write("config.json", '{ "greeting": "back" }');
    await dev.line(/config\.json {2}live after/);
    await project.write("config.json", "\n");
    expect(await dev.line(/config\.json {2}live after/)).toMatch(/ {2}runs without configuration$/);
    await rename(join(project.folder, "assembly"), join(project.folder, "away"));
    await dev.line(/no module/);
    await rename(join(project.folder, "away"), join(project.folder, "assembly"));
    await dev.line(/what runs is the same/);
    await project.edit("assembly/filter.ts", upstreamLine, `${upstreamLine}\n      this.root.count();`);
    await dev.line(/live after/);
  });

  test("a folder in place of a file is told, not a crash", { timeout: 20_000 }, async () => {
    await rm(join(project.folder, "config.json"));
    await mkdir(join(project.folder, "config.json"));
    dev = project.dev();
    await dev.line(/config\.json: error MS0101: it cannot be read: /);
    await dev.line(/waiting for a change/);
  });

  test("Ctrl-C before Envoy is there ends it", { timeout: 20_000 }, async () => {
    dev = project.dev();
    expect((await dev.stop()).code).toBe(130);
    dev = undefined;
  });

  test("a trap is shown with its place in the source", { timeout: 20_000 }, async () => {
    dev = project.dev();
    const url = await dev.url();
    await dev.line(/passed/);
    await project.edit(
      "assembly/filter.ts",
      "// What is absent",
      'assert(!headers.has(new HeaderName("x-trap")), "trapped");\n    // What is absent',
    );
    await dev.line(/live after/);
    expect((await fetch(url, { headers: { "x-trap": "1" } })).status).toBe(503);
    await dev.running.saw(/onRequestHeaders.* \(assembly\/filter\.ts:\d+:\d+\)/);
  });
});

const CONFIGURE = "this.greeted = new Counter";
const REQUEST = "// What is absent";

describe("a filter that fails", () => {
  test("by a trap while it is configured is shown at the line, with its stack, and does not come into service", {
    timeout: 20_000,
  }, async () => {
    dev = project.dev();
    const url = await dev.url();
    await dev.line(/passed/);
    await project.edit("assembly/filter.ts", CONFIGURE, `assert(this.greeting.length > 99, "too short");\n    ${CONFIGURE}`);
    expect(await dev.line(/does not start/)).toMatch(/assembly\/filter\.ts {2}does not start; what was live at [\d:]+ goes on serving$/);
    await dev.running.saw(
      /^assembly\/filter\.ts:\d+:\d+: error MS0103: my-filter trapped in its configuration callback, proxy_on_configure: too short\n +\d+ \| +assert\(.*\n.*\^\n {2}the stack:\n(?: +\d+: .*\n)*? +1: .*#configure \(assembly\/filter\.ts:\d+:\d+\)$/m,
    );
    expect((await fetch(url)).status).toBe(200);
    expect((await dev.stop()).stderr).not.toContain("MS0102");
  });

  test("by a trap in a case is told with the guest's words and their place", { timeout: 20_000 }, async () => {
    dev = project.dev();
    await dev.line(/passed/);
    await project.edit("assembly/filter.ts", REQUEST, `assert(!headers.has(new HeaderName("x-trap")), "trapped");\n    ${REQUEST}`);
    await dev.line(/live after/);
    await project.edit("cases.yaml", "{ get: /, expect: { status: 200, ", '{ get: /, headers: { x-trap: "1" }, expect: { status: 200, ');
    await dev.line(/0 of 1 case passed/);
    await dev.running.saw(
      /error MS0803: "greets the upstream".*\n.*\n.*\n {2}the filter trapped in proxy_on_request_headers: .*assembly\/filter\.ts:\d+:\d+: trapped$/m,
    );
  });

  test("by never returning is given up, and does not come into service", { timeout: 30_000 }, async () => {
    dev = project.dev();
    const url = await dev.url();
    await dev.line(/passed/);
    await project.edit("assembly/filter.ts", CONFIGURE, `while (this.greeting.length > 0) {}\n    ${CONFIGURE}`);
    await dev.line(/filter\.ts {2}does not start; what was live/);
    await dev.running.saw(/error MS0705: /);
    expect((await fetch(url)).status).toBe(200);
  });

  test("by never returning from a request is a finding of its case", { timeout: 30_000 }, async () => {
    dev = project.dev();
    await dev.line(/passed/);
    await project.edit("assembly/filter.ts", REQUEST, `while (headers.has(new HeaderName("x-loop"))) {}\n    ${REQUEST}`);
    await dev.line(/live after/);
    await project.edit("cases.yaml", "{ get: /, expect: { status: 200, ", '{ get: /, headers: { x-loop: "1" }, expect: { status: 200, ');
    await dev.line(/0 of 1 case passed/);
    await dev.running.saw(/cases\.yaml:\d+:\d+: error MS0(?:803|705): "greets the upstream".*/);
    await dev.running.saw(/MS0705/);
  });
});

describe("an Envoy that ends by itself", () => {
  afterEach(() => vi.restoreAllMocks());

  const end = async () => {
    const log = await readFile(join(project.folder, "kept/envoy.log"), "utf8");
    expect(log).toContain("starting main dispatch loop");
    const { stdout } = await exec("pgrep", ["-f", `envoy -c ${join(project.folder, "kept/envoy.json")}`]);
    for (const pid of stdout.trim().split("\n")) process.kill(Number(pid), "SIGKILL");
  };

  test("is told, and the next one serves the same modules on the same port", { timeout: 30_000 }, async () => {
    dev = project.dev(["--run-dir", "kept"]);
    const url = await dev.url();
    await dev.line(/passed/);
    await project.write("config.json", '{ "greeting": "later" }');
    await dev.line(/live after/);
    const now = performance.now.bind(performance);
    vi.spyOn(performance, "now").mockImplementation(() => now() + 6_000);
    await end();
    await dev.line(/error MS0405: Envoy ended by itself: signal:? \S*kill/i);
    expect(await dev.line(/whole log/)).toContain(join(project.folder, "kept/envoy.1.log"));
    await dev.line(/^starting Envoy again$/);
    await dev.line(/√ Envoy .* is ready/);
    expect((await fetch(url)).status).toBe(200);
    await project.write("config.json", '{ "greeting": "again" }');
    await dev.line(/live after/);
    const { code, stderr } = await dev.stop();
    expect(code).toBe(0);
    expect(stderr).toMatch(/stopped\n$/);
  });

  test("a moment after its start ends the command", { timeout: 20_000 }, async () => {
    dev = project.dev(["--run-dir", "kept"]);
    await dev.line(/passed/);
    await end();
    const { code, stderr } = await dev.running.done;
    expect(code).toBe(69);
    expect(stderr).toMatch(/error MS0405: Envoy ended by itself/);
    expect(stderr).not.toContain("starting Envoy again");
    dev = undefined;
  });
});

describe("meshscript dev does not begin", () => {
  test("in a folder without a filter", async () => {
    const { code, stderr } = await cli(["dev"], { cwd: join(project.folder, "test") });
    expect(code).toBe(64);
    expect(stderr).toContain("error MS0504: there is no filter in this folder");
    expect(stderr).toContain("`meshscript new NAME` makes one");
  });

  test("with several and no choice, or with a name that is none of them", async () => {
    await project.write("package.json", '{ "name": "both" }');
    await project.copyTo("assembly", "filters/one/assembly");
    const several = await cli(["dev"], { cwd: project.folder });
    expect(several.code).toBe(64);
    expect(several.stderr).toContain("error MS0504: there are several filters: both, one");
    const wrong = await cli(["dev", "--filter", "onee"], { cwd: project.folder });
    expect(wrong.stderr).toContain('unknown filter "onee"');
    expect(wrong.stderr).toContain('did you mean "one"?');
  });

  test("with a configuration of Envoy's own", async () => {
    const { code, stderr } = await cli(["dev", "--", "-c", "envoy.yaml"], { cwd: project.folder });
    expect(code).toBe(64);
    expect(stderr).toContain("dev writes Envoy's configuration itself");
  });
});
