import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openEnvoy, openHost } from "../../harness/index.ts";
import { openTraced, symbolize } from "../../modules/index.ts";
import { fixtureModule } from "../../sdk/test/support.ts";
import { main } from "../main.ts";
import { cli, root, start } from "./support.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const fixture = "sdk/test/fixture/misuse.ts";
const formats = {
  "messages escaped as JSON": [],
  "Envoy's own format": ["--log-format", "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v"],
} as const;
type Format = keyof typeof formats;
const builds = ["release", "debug"] as const;

let folder: string;
let release: string;
let debug: string;
/** `file:line:column` of the fixture's `unreachable()`, from the source as it is. */
let place: string;
const logs = new Map<string, string>();
const logOf = (format: string) => logs.get(format) ?? "";

const filter = (name: string, wasm: string) => ({ name, rootId: "misuse", wasm, config: { do: "nothing", at: "nowhere" } });
const chains = () => ({
  listeners: { release: { filters: [filter("release", release)] }, debug: { filters: [filter("debug", debug)] } },
  upstreams: { app: {} },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshscript-symbolize-"));
  release = await fixtureModule();
  debug = release.replace(/\.wasm$/, ".debug.wasm");
  const lines = (await readFile(join(root, fixture), "utf8")).split("\n");
  const line = lines.findIndex((text) => text.includes("equals(TRAP)"));
  place = `${fixture}:${line + 1}:${(lines[line]?.indexOf("unreachable()") ?? 0) + 1}`;
  for (const [format, args] of Object.entries(formats)) logs.set(format, await trapInEnvoy(format, args));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The log of an Envoy in whose listeners both modules trapped. */
async function trapInEnvoy(format: string, args: readonly string[]): Promise<string> {
  const runDir = join(folder, format);
  await mkdir(runDir);
  await using envoy = await openEnvoy({ ...chains(), args, runDir });
  for (const listener of builds) {
    const from = envoy.logs().mark;
    expect((await envoy.request({ path: "/trap", listener })).status).toBe(503);
    await envoy.waitForLog(/0x[0-9a-f]+ - .*proxy_on_request_headers/, { from });
  }
  await envoy.stop();
  return readFile(join(runDir, "envoy.log"), "utf8");
}

/** The log without what was added. */
const plain = (text: string) => text.replace(/ \([~\w][^\s()]*:\d+:\d+(?: near [^\s()]*:\d+:\d+)?\)/g, "");

describe.each(Object.keys(formats) as Format[])("the log of a real Envoy, %s", (format) => {
  test("gets the line that trapped in the release and in the debug module, and nothing else", async () => {
    const log = join(folder, `${format}.log`);
    await writeFile(log, logOf(format));
    const { code, stdout, stderr } = await cli(["symbolize", release, debug, "--log", log]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const traps = [...stdout.matchAll(/ 0: {2}0x[0-9a-f]+ - (\S+) \((.*?)\)/g)].map(([, name, found]) => [name, found]);
    expect(traps).toEqual([
      ["sdk/abi/exports/proxy_on_request_headers", place],
      ["sdk/test/fixture/misuse/Misuse#onRequestHeaders", place],
    ]);
    expect(plain(stdout)).toBe(logOf(format));
    expect(stdout.length).toBeGreaterThan(logOf(format).length);
  });

  test("as data, from standard input", async () => {
    const { code, stdout, stderr } = await cli(["symbolize", release, debug, "--json"], { stdin: [logOf(format)] });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { frames, ...rest } = JSON.parse(stdout) as { frames: { depth: number; module: string; source?: { file: string } }[] };
    expect(rest).toEqual({ apiVersion: "meshscript/v1", command: "symbolize", success: true, diagnostics: [] });
    expect(frames.filter(({ depth }) => depth === 0)).toMatchObject([
      { module: release, source: { file: fixture } },
      { module: debug, source: { file: fixture } },
    ]);
  });

  test("tells once of a backtrace whose module was not given", async () => {
    const { code, stdout, stderr } = await cli(["symbolize", release], { stdin: [logOf(format)] });
    expect(code).toBe(0);
    expect(stdout.match(new RegExp(place, "g"))).toHaveLength(1);
    expect(plain(stdout)).toBe(logOf(format));
    expect(stderr).toMatch(/^warning MS0229: no module that was given has sdk\/test\/fixture\/misuse\/Misuse#onRequestHeaders at 0x/);
    expect(stderr.match(/ MS0229: /g)).toHaveLength(1);
  });
});

test.each(builds)("the in-process host says the same of a %s module, and its log has the line", async (listener) => {
  await using host = await openHost(chains());
  expect((await host.request({ path: "/trap", listener })).status).toBe(503);
  const top = host.failure?.stack[0];
  expect(top?.source && `${top.source.file}:${top.source.line}:${top.source.column}`).toBe(place);
  const line = host.logs().envoy.find(({ message }) => message.includes("in-VM backtrace"))?.message ?? "";
  expect(line).toContain(`(${place})`);
  // But for the places, what Envoy wrote: the same functions at the same offsets.
  expect(logOf("messages escaped as JSON")).toContain(plain(line).replaceAll("\n", "\\n"));
  expect(symbolize(line, [openTraced(listener === "debug" ? debug : release)])).toBe(line);
});

test("works on a log that goes on: a line is out before the next one comes", async () => {
  const [before = "", ...lines] = logOf("Envoy's own format").split(/(?=\n.* 0: {2}0x)/);
  let go: () => void = () => undefined;
  const more = new Promise<void>((resolve) => {
    go = resolve;
  });
  async function* stdin() {
    const [first = ""] = lines;
    yield before + first.slice(0, 20);
    yield `${first.slice(20)}\n`;
    await more;
    yield "the end";
  }
  const running = start(["symbolize", release, debug], { stdin: stdin() });
  await running.saw(new RegExp(` 0: .*\\(${place}\\)\n`));
  go();
  expect((await running.done).stdout).toMatch(/\nthe end$/);
});

test("bytes of other lines stay as they are, whatever their encoding", async () => {
  const written: Uint8Array[] = [];
  const bytes = Buffer.from("ff0d0afe00ed0a0aff", "hex");
  const output = { write: (data: string | Uint8Array) => void written.push(Buffer.from(data as Uint8Array)) };
  async function* stdin() {
    yield bytes;
  }
  const io = { stdin: stdin(), stdout: output, stderr: output, env: {}, cwd: root, signals: process, exit: () => undefined };
  expect(await main(["symbolize", release], io)).toBe(0);
  expect(Buffer.concat(written)).toEqual(bytes);
});

describe("refuses, exit 65,", () => {
  test("a module without its source map", async () => {
    await copyFile(release, join(folder, "lonely.wasm"));
    const { code, stdout, stderr } = await cli(["symbolize", "lonely.wasm"], { cwd: folder, stdin: ["x\n"] });
    expect({ code, stdout }).toEqual({ code: 65, stdout: "" });
    expect(stderr).toMatch(/^lonely\.wasm\.map: error MS0228: lonely\.wasm\.map cannot be read: no such file\n/);
    expect(stderr).toContain("meshscript build");
  });

  test("a source map that is none", async () => {
    await copyFile(release, join(folder, "odd.wasm"));
    await writeFile(join(folder, "odd.wasm.map"), "{}");
    const { code, stderr } = await cli(["symbolize", "odd.wasm"], { cwd: folder });
    expect(code).toBe(65);
    expect(stderr).toMatch(/^odd\.wasm: error MS0228: odd\.wasm\.map is no source map\n/);
  });

  test("a module that is none, one that is not there, and a log that is not there", async () => {
    await writeFile(join(folder, "text.wasm"), "no module");
    const none = await cli(["symbolize", "text.wasm"], { cwd: folder });
    const gone = await cli(["symbolize", "gone.wasm"], { cwd: folder });
    const log = await cli(["symbolize", release, "--log", "gone.log", "--json"], { cwd: folder });
    expect([none.code, gone.code, log.code]).toEqual([65, 65, 65]);
    expect(none.stderr).toMatch(/error MS0210: text\.wasm is no wasm module: /);
    expect(gone.stderr).toMatch(/error MS0205: gone\.wasm cannot be read: no such file\n/);
    expect(JSON.parse(log.stdout)).toMatchObject({ success: false, diagnostics: [{ code: "MS0205" }] });
  });
});
