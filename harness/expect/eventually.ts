import { poll } from "../envoy/wait.ts";

/**
 * Runs `check` until it does not throw. Only for what Envoy does asynchronously and offers no event for, such as a counter that is
 * written after the answer.
 *
 * @param options.timeout milliseconds [2000]
 * @returns what `check` returned.
 * @throws the last error of `check` after the timeout.
 * @example
 * await eventually(async () => expect(await envoy.stat("http.main.downstream_rq_completed")).toBe(1));
 */
export async function eventually<T>(check: () => T | Promise<T>, { timeout = 2_000 }: { timeout?: number } = {}): Promise<T> {
  let last: unknown;
  const found = await poll(
    async () => {
      try {
        return { value: await check() };
      } catch (error) {
        last = error;
        return undefined;
      }
    },
    { timeout },
  );
  if (found) return found.value;
  throw last;
}
