import { readFileSync, readdirSync } from "node:fs";
import type { Envoy } from "../../harness/index.ts";

/** The stat file of Envoy's only worker thread: its first field is nanoseconds on the CPU. */
export function workerOf(envoy: Envoy): string {
  const tasks = `/proc/${envoy.pid}/task`;
  const found = readdirSync(tasks).find((id) => readFileSync(`${tasks}/${id}/comm`, "utf8").startsWith("wrk:worker"));
  if (!found) throw new Error("no worker thread: this benchmark needs Linux");
  return `${tasks}/${found}/schedstat`;
}

/** Nanoseconds. */
export function cpuOf(worker: string): number {
  return Number(readFileSync(worker, "utf8").split(" ")[0]);
}
