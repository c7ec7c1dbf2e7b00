// @ts-check
/** `npm run build [-- name ...] [--force]`: compiles TypeScript and every filter, one line per module. */
import { parseArgs } from "node:util";
import { KnownError } from "./lib/known-error.mjs";
import { failWith, printError } from "./lib/report.mjs";
import { setup } from "./setup.mjs";

const { values, positionals } = await readArguments();
await setup({ upTo: "dist" }).catch(failWith);

const { withLock } = await import("./lib/lock.mjs");
const { buildAll, filters } = await import("./lib/wasm.mjs");
const { load } = await import("./lib/dist.mjs");
const unknown = positionals.filter((name) => !filters().includes(name));
if (unknown.length > 0) await failWith(new KnownError(`no such filter: ${unknown.join(", ")} (there are: ${filters().join(", ")})`, 64));

const results = await withLock(() => buildAll({ ...(positionals.length > 0 ? { names: positionals } : {}), force: values.force }));
const { render } = await load("diagnostics/index");
const width = Math.max(0, ...results.map((r) => r.name.length));
for (const { name, report, warnings, built } of results) {
  if (warnings.length > 0) process.stderr.write(render(warnings));
  if (!report) continue;
  const callbacks = report.callbacks.map((/** @type {string} */ c) => c.replace(/^proxy_on_/, "")).join(" ");
  const size = `${kib(report.bytes)} KiB (${kib(report.gzipBytes)} gzip)`;
  console.log(`${name.padEnd(width)}  ${size}  ${callbacks}${built ? "" : "  [up to date]"}`);
}
if (results.length === 0) process.stderr.write("meshscript: no filters/*/assembly/index.ts\n");
const errors = results.flatMap((r) => (r.error === undefined ? [] : [r.error]));
if (errors.length > 0) process.exitCode = await printError(new AggregateError(errors));

/** @param {number} bytes */
function kib(bytes) {
  return (bytes / 1024).toFixed(1);
}

async function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { force: { type: "boolean", default: false } } });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(". ")[0] : String(error);
    return failWith(new KnownError(`${reason}; usage: npm run build -- [name ...] [--force]`, 64));
  }
}
