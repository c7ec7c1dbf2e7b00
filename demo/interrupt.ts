import { setMaxListeners } from "node:events";

/** One press of Ctrl-C can come twice: the terminal signals the whole group, and npm passes on what it gets itself. */
const SAME_PRESS_MS = 500;

/**
 * A signal that is aborted by Ctrl-C or a TERM. Another press while things are being stopped ends this process at once; what it leaves
 * behind, the harness's reaper ends.
 */
export function interruption(): { signal: AbortSignal; [Symbol.dispose]: () => void } {
  const controller = new AbortController();
  // Every Envoy listens for it.
  setMaxListeners(0, controller.signal);
  let first = Number.NaN;
  const onSignal = () => {
    if (controller.signal.aborted && performance.now() - first > SAME_PRESS_MS) process.exit(130);
    if (controller.signal.aborted) return;
    first = performance.now();
    controller.abort();
  };
  const names = ["SIGINT", "SIGTERM"] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
