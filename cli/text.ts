import { isAbsolute, relative } from "node:path";

/** 61466 -> "60.0" */
export function kib(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}

/** 213.4 -> "0.21 s" */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

/** Relative when it lies below a folder, so that output is short and has no machine's paths. */
export function shortPath(path: string, folder: string): string {
  const below = relative(folder, path);
  return below === "" || below.startsWith("..") || isAbsolute(below) ? path : below;
}

/** Cells below each other, each column as wide as it must be. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell)).join("  ")).join("\n");
}
