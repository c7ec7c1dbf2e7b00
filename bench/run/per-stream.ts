import { openHost } from "../../harness/index.ts";

/** Linear memory doubles when it is full. */
const DOUBLINGS = 3;
const MOST = 100_000;

/**
 * Bytes of a module's linear memory that an open stream takes, its share of the tables included: streams are opened until memory has grown three times,
 * and what was full then is divided by their number. Undefined where it does not grow: what Envoy keeps of a stream is not in it.
 */
export async function bytesPerStream(name: string, wasm: string, config: unknown): Promise<number | undefined> {
  await using host = await openHost({
    filters: [{ name, wasm, config }] as never,
    upstreams: { app: {} },
    componentLogLevel: "wasm:info",
  });
  const size = () => Object.values(host.linearMemory()).reduce((sum, bytes) => sum + bytes, 0);
  const first = size();
  let [last, doublings] = [first, 0];
  for (let streams = 1; streams <= MOST; streams++) {
    const { response } = host.stream({ path: "/orders/7", headers: { "x-user": "ann" } });
    response.catch(() => undefined);
    const now = size();
    if (now === last) continue;
    if (++doublings === DOUBLINGS) return Math.round((last - first) / streams);
    last = now;
  }
  return undefined;
}
