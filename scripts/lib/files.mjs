// @ts-check
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder, wherever the command was typed. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

const skipped = new Set(["node_modules", "dist", "build", ".cache", "runs", ".git"]);

/**
 * Files below a folder as sorted paths relative to the root, with forward slashes.
 * @param {string} folder @param {(file: string) => boolean} wanted @returns {string[]}
 */
export function filesBelow(folder, wanted) {
  const absolute = path.join(root, folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { withFileTypes: true })
    .flatMap((entry) => {
      const file = folder === "." ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesBelow(file, wanted);
      return entry.isFile() && wanted(file) ? [file] : [];
    })
    .sort();
}

/** True for what the AssemblyScript compiler reads; tsconfig.json and biome.json leave out the same. @param {string} file */
export function isAssemblyScript(file) {
  if (!file.endsWith(".ts")) return false;
  return /(^|\/)assembly\/|\/test\/fixtures?\/|\.as\.ts$/.test(file) || /^(sdk|policy)\/[^/]+$/.test(file);
}

/** Fingerprint of files' names and contents. @param {readonly string[]} files @param {...string} more */
export function fingerprint(files, ...more) {
  const hash = createHash("sha256").update(JSON.stringify(more));
  for (const file of files) {
    const absolute = path.join(root, file);
    const content = existsSync(absolute) ? readFileSync(absolute) : Buffer.from("absent");
    hash.update(`\0${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/**
 * True when a step was made from these inputs and each file that it wrote is still there in its size: an emptied or removed output is
 * made again. By size and not by content, because this runs before every command.
 * @param {string} name @param {string} inputs
 */
export function isStamped(name, inputs) {
  try {
    /** @type {{ inputs: string, outputs: Record<string, number> }} */
    const stamp = JSON.parse(readFileSync(stampFile(name), "utf8"));
    const sizes = Object.entries(stamp.outputs);
    return stamp.inputs === inputs && sizes.every(([file, size]) => statSync(path.join(root, file)).size === size);
  } catch {
    return false;
  }
}

/** @param {string} name @param {string} inputs @param {readonly string[]} outputs absolute, or relative to the root */
export function writeStamp(name, inputs, outputs) {
  const sizes = outputs.map((file) => [path.relative(root, path.resolve(root, file)), statSync(path.resolve(root, file)).size]);
  writeAtomically(stampFile(name), JSON.stringify({ inputs, outputs: Object.fromEntries(sizes) }));
}

/** A reader sees the old file or the new one, never half of one. @param {string} file @param {string | Uint8Array} content */
export function writeAtomically(file, content) {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
}

/** @param {string} name */
function stampFile(name) {
  return path.join(root, ".cache", "stamps", name);
}
