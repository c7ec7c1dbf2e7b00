// @ts-check
/**
 * The AssemblyScript compiler in a worker thread: one run when the thread was given a request, one run a message when it was not. A
 * thread, because asc ends its process when it crashes, and blocks for seconds. Plain JavaScript, because the same file serves
 * the TypeScript sources (under vitest) and the compiled `dist/`.
 */
import { readFile, realpath } from "node:fs/promises";
import path from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import * as asc from "assemblyscript/asc";
import binaryen from "assemblyscript/binaryen";

/** @typedef {import("./protocol.ts").CompileRequest} CompileRequest */
/** @typedef {import("./protocol.ts").CompileReply} CompileReply */
/** @typedef {import("./protocol.ts").RawDiagnostic} RawDiagnostic */

/** The minimal runtime's own. */
const ownCollector = asc.libraryFiles["rt/tcms"] ?? "";

// A request of its own ends the thread with the reply; without one it stays, and every run but the first finds asc warm: a sixth of the time.
if (workerData) parentPort?.postMessage(await run(workerData));
else parentPort?.on("message", async (/** @type {CompileRequest} */ request) => parentPort?.postMessage(await run(request)));

/** @param {CompileRequest} request @returns {Promise<CompileReply>} */
async function run(request) {
  /** What asc read: its path relative to the base directory -> the text. */
  const read = new Map(Object.entries(request.virtualFiles));
  /** @type {Record<string, Uint8Array | string>} */
  const written = {};
  /** @type {RawDiagnostic[]} */
  const diagnostics = [];
  /** @type {CompileReply["overrides"]} */
  const overrides = [];
  /** @type {string[]} */
  const missing = [];

  await useCollector(request.baseDir);

  const result = await asc.main([...request.entries, ...request.flags, "--baseDir", request.baseDir], {
    stdout: asc.createMemoryStream(),
    stderr: asc.createMemoryStream(),
    async readFile(name, baseDir) {
      const key = name.replaceAll("\\", "/");
      // The flags are ours alone: a stray asconfig.json in the user's folder must not change the module.
      if (path.basename(key) === "asconfig.json") return null;
      const known = read.get(key);
      if (known !== undefined) return known;
      try {
        const text = await readFile(path.resolve(baseDir, key), "utf8");
        read.set(key, text);
        return text;
      } catch {
        return null;
      }
    },
    writeFile(name, contents) {
      written[name] = contents;
    },
    listFiles: () => [],
    reportDiagnostic(message) {
      diagnostics.push({
        code: message.code,
        category: message.category,
        message: message.message,
        range: place(message.range),
        relatedRange: place(message.relatedRange),
      });
    },
    // asc's types want an instance of its abstract class, its code any object.
    transforms: request.callbacks ? [/** @type {any} */ (exportsOnlyWhatIsUsed(request.callbacks, overrides, missing))] : [],
  });

  return {
    version: asc.version,
    files: written,
    read: [...read.keys()].filter((name) => !(name in request.virtualFiles)),
    diagnostics: await Promise.all(diagnostics.map((raw) => withText(raw, request, read))),
    overrides,
    missing,
    failure: result.error ? result.error.message : null,
  };
}

/**
 * Cuts the generated entry's exports down to what the filter uses, before and after compilation:
 * a callback stays when a class outside the SDK overrides its method, or when the module calls a host function
 * whose answer arrives there. Works on asc's own tables (`File.exports`, `ClassPrototype.basePrototype`), hence the exact pin of asc.
 * @param {NonNullable<CompileRequest["callbacks"]>} table
 * @param {CompileReply["overrides"]} overrides what it finds
 * @param {string[]} missing what this SDK does not have
 */
function exportsOnlyWhatIsUsed(table, overrides, missing) {
  const inSdk = (/** @type {any} */ element) => element.declaration.range.source.internalPath.startsWith(table.sdk);
  /** @type {Set<string>} */
  const overridden = new Set();
  return {
    afterInitialize(/** @type {any} */ program) {
      for (const prototype of classesIn(program)) {
        if (!extendsSdk(prototype, inSdk)) continue;
        for (const [method, member] of prototype.instanceMembers ?? []) {
          // Own keys only: every class has a member named `constructor`, and so has every object.
          const callback = Object.hasOwn(table.byMethod, method) ? table.byMethod[method] : undefined;
          if (callback === undefined || inSdk(member)) continue;
          overridden.add(callback);
          overrides.push({ callback, method, className: prototype.internalName });
        }
      }
      const source = program.filesByName.get(table.exportsFile);
      const entry = program.filesByName.get(table.entryFile);
      if (!source || !entry) return;
      const wanted = [...table.always, ...[...overridden].sort(), ...Object.keys(table.byImport).sort()];
      entry.exportsStar = null;
      entry.exports = new Map();
      for (const name of new Set(wanted)) {
        const element = source.lookupExport(name);
        if (element) entry.exports.set(name, element);
        else if (table.always.includes(name) || overridden.has(name)) missing.push(name);
      }
    },
    afterCompile(/** @type {any} */ module) {
      const imported = importsOf(module);
      for (const [name, functions] of Object.entries(table.byImport)) {
        if (!overridden.has(name) && !functions.some((f) => imported.has(f)) && module.getExport(name)) module.removeExport(name);
      }
      // Whatever only a removed callback reached, imports included. The optimizer of the release build would do it, the debug build has none.
      module.runPasses(["remove-unused-module-elements"]);
    },
  };
}

/** Host functions that compiled code reaches: asc makes an import only when something calls it. @param {any} module */
function importsOf(module) {
  const names = new Set();
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const info = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    if (info.base) names.add(info.base);
  }
  return names;
}

/** @param {any} program */
function classesIn(program) {
  const found = new Set();
  for (const element of program.elementsByName.values()) {
    // Classes and nothing else have both.
    if (element.instanceMembers !== undefined && element.basePrototype !== undefined && element.declaration) found.add(element);
  }
  return found;
}

/** @param {any} prototype @param {(element: any) => boolean} inSdk */
function extendsSdk(prototype, inSdk) {
  for (let base = prototype.basePrototype; base; base = base.basePrototype) if (inSdk(base)) return true;
  return false;
}

/** @param {any} range */
function place(range) {
  return range ? { start: range.start, end: range.end, path: range.source?.normalizedPath ?? "" } : null;
}

/**
 * Adds the source text and the path that the user knows to a finding.
 * @param {RawDiagnostic} raw @param {CompileRequest} request @param {Map<string, string>} read
 */
async function withText(raw, request, read) {
  for (const range of [raw.range, raw.relatedRange]) {
    if (!range) continue;
    const library = range.path.startsWith("~lib/") ? range.path.slice("~lib/".length) : undefined;
    const key = library === undefined ? range.path : [...read.keys()].find((k) => k.endsWith(`node_modules/${library}`));
    if (key !== undefined && read.has(key)) {
      range.text = read.get(key);
      range.file = key in request.virtualFiles ? key : await shownPath(key, request.baseDir);
    } else if (library !== undefined) {
      range.text = asc.libraryFiles[library.replace(/\.ts$/, "")];
    }
  }
  return raw;
}

/** A linked package is shown where its files really are, as long as that is inside the base directory. @param {string} key @param {string} baseDir */
async function shownPath(key, baseDir) {
  const real = path.relative(await realpath(baseDir), await realpath(path.resolve(baseDir, key)));
  return (real.startsWith("..") ? key : real).replaceAll("\\", "/");
}

/**
 * The SDK's collector in the place of the minimal runtime's own, when the project has one: the same algorithm, but it counts, and that
 * decides when a collection is due. `--runtime <path>` would bring it in, too, but with the incremental runtime's shadow stack.
 * @param {string} baseDir
 */
async function useCollector(baseDir) {
  asc.libraryFiles["rt/tcms"] = ownCollector;
  for (let dir = path.resolve(baseDir); ; dir = path.dirname(dir)) {
    const file = path.join(dir, "node_modules/proxy-wasm-assemblyscript-sdk/assembly/memory/collector.ts");
    try {
      asc.libraryFiles["rt/tcms"] = await readFile(file, "utf8");
      return;
    } catch {
      if (dir === path.dirname(dir)) return;
    }
  }
}
