// What the READMEs show must work as shown.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { transform } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tracingModule } from "../filters/tracing/test/support.ts";
import { parseCases } from "../harness/cases/index.ts";
import * as harness from "../harness/index.ts";
import { buildModule } from "../modules/index.ts";

const root = path.resolve(import.meta.dirname, "..");

/** The code blocks of a language in a document. */
function blocks(file: string, language: string): string[] {
  const text = readFileSync(path.join(root, file), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))].map((match) => match[1] ?? "");
}

const folder = path.join(root, ".cache", "readme", String(process.pid));
let hello: string;
let envoy: harness.Envoy | undefined;

beforeAll(async () => {
  mkdirSync(path.join(folder, "filters/hello/assembly"), { recursive: true });
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  for (const code of blocks("sdk/README.md", "ts")) {
    const name = /^\/\/ (filters\/hello\/\S+)/.exec(code)?.[1];
    if (name) writeFileSync(path.join(folder, name), code);
  }
  hello = (await buildModule({ name: "hello", entry: "filters/hello/assembly/index.ts", baseDir: folder })).files.wasm;
}, 120_000);
afterAll(() => envoy?.stop());

test("the SDK's first filter has under 40 lines, builds, and does what it says", async () => {
  const files = blocks("sdk/README.md", "ts").filter((code) => code.startsWith("// filters/hello/"));
  const lines = files.join("").trimEnd().split("\n");
  envoy = await harness.openEnvoy({ filters: [{ name: "hello", wasm: hello, config: { greeting: "hi" } }], upstreams: { app: {} } });
  await envoy.request();
  await envoy.request({ headers: { "x-greeting": "mine" } });

  expect(lines.length).toBeLessThan(40);
  expect(envoy.upstream("app").requests.map((request) => request.headerValues("x-greeting"))).toEqual([["hi"], ["mine"]]);
});

test("the configuration error in the SDK's README is the one that Envoy logs", async () => {
  const shown = /`\[hello #2\] (configuration refused: [^`]+)`/.exec(readFileSync(path.join(root, "sdk/README.md"), "utf8"))?.[1];
  const start = harness.openEnvoy({ filters: [{ name: "hello", wasm: hello, config: { greting: "hi" } }] });

  expect(shown).toBeDefined();
  await expect(start).rejects.toThrow(shown);
});

test("the test in the README passes", async () => {
  const [code = ""] = blocks("README.md", "ts");
  const body = code.replace(/^import .*\n/m, "").replace('"build/tracing.wasm"', JSON.stringify(await tracingModule()));
  const { code: runnable } = await transform(`export default async (openEnvoy, expect) => {${body}}`, { loader: "ts", target: "node20" });
  const file = path.join(folder, "readme.mjs");
  writeFileSync(file, runnable);
  const { default: run } = (await import(/* @vite-ignore */ file)) as {
    default: (open: typeof harness.openEnvoy, e: typeof expect) => Promise<void>;
  };

  expect(code).toContain('from "meshscript/harness"');
  await run(harness.openEnvoy, expect);
});

test("the cases in the README hold on both hosts' common ground, the in-process host", async () => {
  const [yaml = ""] = blocks("README.md", "yaml");
  const cases = parseCases(yaml.replace("cases:", "config: {}\ncases:"), "README.md");
  const [only] = cases.cases;
  const host = await harness.openHost({ plugins: [{ name: "tracing", wasm: await tracingModule(), config: {} }], upstreams: { app: {} } });
  await host.request({ path: "/", headers: { traceparent: "junk" } });

  expect(only?.name).toBe("a junk traceparent begins a new trace");
  expect(host.upstream("app").requests[0]?.header("traceparent")).toMatch(/^00-[0-9a-f]{32}-/);
  await host.stop();
});

test("the example of docs/testing.md runs on both hosts", async () => {
  const [code = ""] = blocks("docs/testing.md", "ts");
  const wasm = JSON.stringify(await tracingModule());
  const body = code.replace(/^import .*\n/gm, "").replace('"build/tracing.wasm"', wasm);
  const { code: runnable } = await transform(`export default (onBothHosts, test, expect) => {${body}}`, { loader: "ts", target: "node20" });
  const file = path.join(folder, "testing.mjs");
  writeFileSync(file, runnable);
  const { default: declare } = (await import(/* @vite-ignore */ file)) as { default: (...given: unknown[]) => void };
  const tests: (() => Promise<void>)[] = [];
  const opened: harness.Target[] = [];
  const both = (define: (open: harness.OpenTarget) => void) => {
    for (const open of [harness.openHost, harness.openEnvoy] as harness.OpenTarget[]) {
      define(async (options) => {
        const target = await open(options);
        opened.push(target);
        return target;
      });
    }
  };
  declare(both, (_name: string, run: () => Promise<void>) => tests.push(run), expect);
  for (const run of tests) await run();
  for (const target of opened) await target.stop();

  expect(tests).toHaveLength(2);
});

test("each defect in the SDK's README is held down by a test of that name", () => {
  const readme = readFileSync(path.join(root, "sdk/README.md"), "utf8");
  const rows = [...readme.matchAll(/^\| D\d+ \| .* \| \[\S+\]\((\S+)\): (.*) \|$/gm)];
  const missing = rows.filter(
    ([, file = "", name = ""]) => !readFileSync(path.join(root, "sdk", file), "utf8").includes(`(${JSON.stringify(name)}`),
  );

  expect(rows.length).toBeGreaterThan(18);
  expect(missing.map(([row]) => row)).toEqual([]);
});
