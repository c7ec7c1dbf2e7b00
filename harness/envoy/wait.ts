import { type FSWatcher, watch } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/**
 * The only waiting in `harness/envoy/`. Where there is an event (a file appears, a process ends, a log line is written) it is used; where
 * Envoy offers none (states and counters of its admin) `poll` asks again in short, growing intervals with a bound.
 */

/** Resolves to the first value that is not undefined; `undefined` after `timeout` milliseconds or when `signal` aborts. */
export async function poll<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  { timeout, signal, first = 2, most = 25 }: { timeout: number; signal?: AbortSignal; first?: number; most?: number },
): Promise<T | undefined> {
  const deadline = performance.now() + timeout;
  for (let pause = first; ; pause = Math.min(pause * 1.5, most)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    const left = deadline - performance.now();
    if (left <= 0 || signal?.aborted) return undefined;
    // An abort ends the pause; the next turn sees it.
    await delay(Math.min(pause, left), undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}

/** Calls `check` now and whenever something changes in `folder`, until it gives a value; undefined when `signal` aborts. */
export function onChange<T>(folder: string, check: () => T | undefined, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve) => {
    let watcher: FSWatcher | undefined;
    let timer: NodeJS.Timeout | undefined;
    const finish = (value: T | undefined) => {
      watcher?.close();
      clearInterval(timer);
      signal.removeEventListener("abort", onAbort);
      resolve(value);
    };
    const onAbort = () => finish(undefined);
    const look = () => {
      const value = check();
      if (value !== undefined) finish(value);
    };
    if (signal.aborted) return resolve(undefined);
    signal.addEventListener("abort", onAbort);
    // Where the kernel has no watch left (Linux: fs.inotify.max_user_instances), looking now and then has to do.
    const withoutEvents = () => {
      timer ??= setInterval(look, 20);
    };
    try {
      watcher = watch(folder, look);
      watcher.on("error", withoutEvents);
    } catch {
      withoutEvents();
    }
    // After the watch has begun, so that nothing falls between.
    look();
  });
}

/** `promise`, or undefined when it takes longer than `timeout` milliseconds. */
export async function within<T>(promise: Promise<T>, timeout: number): Promise<T | undefined> {
  const controller = new AbortController();
  const late = delay(timeout, undefined, { signal: controller.signal }).catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    controller.abort();
  }
}
