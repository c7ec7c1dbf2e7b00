import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import inspector from "node:inspector";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openHost } from "../../harness/index.ts";
import { fixtureModule } from "../../sdk/test/support.ts";
import { debuggable } from "../debuggable.ts";
import { openTraced, parseModule } from "../index.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const root = fileURLToPath(new URL("../..", import.meta.url));
const fixture = path.join(root, "sdk/test/fixture/misuse.ts");
const lines = readFileSync(fixture, "utf8").split("\n");
const lineOf = (text: string) => lines.findIndex((line) => line.includes(text)) + 1;

let release: string;
let debug: string;
beforeAll(async () => {
  release = await fixtureModule();
  debug = release.replace(/\.wasm$/, ".debug.wasm");
});

/** What V8 tells a debugger, as far as it is looked at here. */
interface Events {
  "Debugger.scriptParsed": { scriptId: string; scriptLanguage?: string; sourceMapURL?: string };
  "Debugger.paused": { hitBreakpoints: string[]; callFrames: { functionName: string; location: Location }[] };
}
interface Location {
  scriptId: string;
  lineNumber: number;
  columnNumber: number;
}

/** A debugger of this thread, in a thread of its own: a paused thread cannot debug itself. It goes on after each pause. */
class Debugger {
  private readonly worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
     const session = new (require("node:inspector").Session)();
     session.connectToMainThread();
     const post = (method, params, id) => session.post(method, params, (error, result) => parentPort.postMessage({ id, error, result }));
     session.on("Debugger.scriptParsed", ({ method, params }) => params.scriptLanguage === "WebAssembly" && parentPort.postMessage({ method, params }));
     session.on("Debugger.paused", ({ method, params }) => { parentPort.postMessage({ method, params }); post("Debugger.resume"); });
     parentPort.on("message", ({ method, params, id }) => post(method, params, id));`,
    { eval: true },
  );
  private readonly seen: { id?: number; error?: unknown; result?: unknown; method?: string; params?: unknown }[] = [];
  private tell: () => void = () => undefined;
  private nextId = 1;

  constructor() {
    this.worker.on("message", (message: Debugger["seen"][number]) => {
      this.seen.push(message);
      this.tell();
    });
  }

  async post<T>(method: string, params: object = {}): Promise<T> {
    const id = this.nextId++;
    this.worker.postMessage({ method, params, id });
    const { error, result } = await this.message((message) => message.id === id);
    expect(error).toBeNull();
    return result as T;
  }

  async next<Name extends keyof Events>(name: Name, wanted: (event: Events[Name]) => boolean = () => true): Promise<Events[Name]> {
    return (await this.message(({ method, params }) => method === name && wanted(params as Events[Name]))).params as Events[Name];
  }

  close(): Promise<number> {
    return this.worker.terminate();
  }

  private async message(wanted: (message: Debugger["seen"][number]) => boolean): Promise<Debugger["seen"][number]> {
    for (;;) {
      const found = this.seen.findIndex(wanted);
      const [message] = found < 0 ? [] : this.seen.splice(found, 1);
      if (message) return message;
      await new Promise<void>((resolve) => {
        this.tell = resolve;
      });
    }
  }
}

describe("under --inspect", () => {
  let attached: Debugger;
  // Whoever debugs this very test has opened it already, and keeps it.
  const opened = inspector.url() === undefined;
  beforeAll(async () => {
    // As `node --inspect=0` does.
    if (opened) inspector.open(0, "127.0.0.1");
    attached = new Debugger();
    await attached.post("Debugger.enable");
  });
  afterAll(async () => {
    await attached.close();
    if (opened) inspector.close();
  });

  test.each(["release", "debug"])("a breakpoint in a line of the source stops a request there, in the %s module", async (name) => {
    const wasm = name === "debug" ? debug : release;
    const chain = { filters: [{ name, rootId: "misuse", wasm, config: { do: "x", at: "y" } }], upstreams: { app: {} } };
    await using host = await openHost(chain);
    // Those of the verifier, when it has just built the fixture, come too; theirs is asc's address.
    const script = await attached.next("Debugger.scriptParsed", ({ sourceMapURL }) => sourceMapURL?.startsWith("data:") === true);

    // What a debugger does: it opens the map, finds the file, and looks for an offset of the line.
    const map = JSON.parse(await (await fetch(script.sourceMapURL ?? "")).text()) as { sources: string[]; sourcesContent: string[] };
    expect(map.sources).toContain(`file://${fixture}`);
    expect(map.sourcesContent[map.sources.indexOf(`file://${fixture}`)]).toBe(lines.join("\n"));
    const line = lineOf('this.misuse.at == "never"');
    const { symbolizer } = openTraced(wasm);
    const sourceLine = (offset: number) => {
      const { source } = symbolizer.frame(offset);
      return source?.file === path.relative(root, fixture) ? source.line : undefined;
    };
    const offset = readFileSync(wasm).findIndex((_, at) => sourceLine(at) === line);
    expect(offset).toBeGreaterThan(0);

    const location = { scriptId: script.scriptId, lineNumber: 0, columnNumber: offset };
    const { breakpointId } = await attached.post<{ breakpointId: string }>("Debugger.setBreakpoint", { location });
    expect((await host.request({ path: "/a" })).status).toBe(200);
    const paused = await attached.next("Debugger.paused");
    const [top] = paused.callFrames;
    expect(paused.hitBreakpoints).toEqual([breakpointId]);
    expect(top?.location.scriptId).toBe(script.scriptId);
    expect(sourceLine(top?.location.columnNumber ?? 0)).toBe(line);
    expect(top?.functionName).toMatch(name === "debug" ? /Misuse#onRequestHeaders$/ : /proxy_on_request_headers$/);
    // Below it the host's own frames: the debugger shows both worlds in one stack.
    expect(paused.callFrames.map(({ functionName }) => functionName)).toContain("enter");
    await attached.post("Debugger.removeBreakpoint", { breakpointId });
    expect((await host.request({ path: "/b" })).status).toBe(200);
  });
});

describe("a module for a debugger", () => {
  test("differs in its source map's address only, which is a section at its end", () => {
    const bytes = readFileSync(debug);
    const changed = debuggable(bytes, debug);
    const [before, after] = [parseModule(bytes), parseModule(changed)];
    expect(after.functions).toEqual(before.functions);
    expect(after.customSections.map(({ name }) => name)).toEqual(before.customSections.map(({ name }) => name));
    const end = bytes.lastIndexOf("sourceMappingURL") - 4;
    expect(changed.subarray(0, end)).toEqual(bytes.subarray(0, end));
    expect(new WebAssembly.Module(changed as Uint8Array<ArrayBuffer>)).toBeInstanceOf(WebAssembly.Module);
  });

  test("is the module as it is without a source map, with a broken one, and when its bytes are no module", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "meshscript-debuggable-"));
    try {
      const bytes = readFileSync(debug);
      const lonely = path.join(folder, "lonely.wasm");
      await copyFile(debug, lonely);
      expect(debuggable(bytes, lonely)).toBe(bytes);
      await writeFile(`${lonely}.map`, "{");
      expect(debuggable(bytes, lonely)).toBe(bytes);
      const odd = Buffer.from("0061736d01000000ff", "hex");
      expect(debuggable(odd, debug)).toBe(odd);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("keeps sources as they are when their files are not found", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "meshscript-debuggable-"));
    try {
      const wasm = path.join(folder, "moved.wasm");
      const map = { version: 3, sources: ["gone/away.ts", "~lib/array.ts"], mappings: "" };
      await writeFile(`${wasm}.map`, JSON.stringify(map));
      const text = Buffer.from(debuggable(Buffer.from("0061736d01000000", "hex"), wasm)).toString();
      const url = /data:application\/json;base64,(.*)$/s.exec(text)?.[1] ?? "";
      expect(JSON.parse(Buffer.from(url, "base64").toString())).toEqual({ ...map, sourceRoot: "" });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
