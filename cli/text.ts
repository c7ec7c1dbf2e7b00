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
