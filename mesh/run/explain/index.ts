import { randomUUID } from "node:crypto";
import { MeshscriptError, diagnostic } from "../../../diagnostics/index.ts";
import type { HttpResponse } from "../../../harness/client/types.ts";
import { poll } from "../../../harness/envoy/wait.ts";
import type { HeadersInput } from "../../../harness/upstreams/types.ts";
import type { CompiledMesh } from "../../compile.ts";
import { EXPLAIN } from "../../listeners/filters.ts";
import { pairsOf } from "../host-header.ts";
import { Entries, type Entry, type Log } from "./entries.ts";
import { Explanation } from "./explanation.ts";
import { hopOf } from "./hop.ts";

export { type Decided, Explanation, type Hop, type Verdict } from "./explanation.ts";

/** Proxies write their logs 20 ms after a request's end; those of a mirror's and of what an application does afterwards come later. */
const LATER_MS = 100;
const LOGGED_MS = 5_000;

/** What is asked of a running mesh. */
export interface Explained {
  readonly compiled: CompiledMesh;
  readonly logs: readonly Log[];
  /** Whose proxy accepts connections there. */
  at(endpoint: string): string | undefined;
}

/**
 * Sends a request, with a header `x-meshscript-explain`, and tells where it went, by the access logs of all proxies.
 * @throws MeshscriptError MS0409 when the proxies do not log it within 5 s, and what sending throws
 */
export async function explain(
  headers: HeadersInput | undefined,
  sent: (headers: HeadersInput) => Promise<HttpResponse>,
  { compiled, logs, at }: Explained,
): Promise<Explanation> {
  const mark = randomUUID();
  const entries = new Entries(logs);
  const response = await sent([...pairsOf(headers), [EXPLAIN, mark]]);
  const complete = await poll(() => (isComplete(entries.of(mark), at) ? true : undefined), { timeout: LOGGED_MS });
  if (!complete) throw new MeshscriptError(diagnostic("MS0409", `the mesh's proxies did not log the request within ${LOGGED_MS} ms`));
  const all = await settled(() => entries.of(mark));
  return new Explanation(
    response,
    all.map((entry) => hopOf(entry, compiled, at)),
  );
}

/** Whoever was asked has written it down, too. */
function isComplete(entries: readonly Entry[], at: Explained["at"]): boolean {
  const asked = entries.flatMap(({ direction, endpoint }) =>
    direction === "inbound" || endpoint === undefined ? [] : (at(endpoint) ?? []),
  );
  return entries.length > 0 && asked.every((proxy) => entries.some((entry) => entry.proxy === proxy && entry.direction !== "outbound"));
}

/** Until nothing was added for a while. */
async function settled(read: () => Entry[]): Promise<Entry[]> {
  let last = read();
  for (;;) {
    const { length } = last;
    const more = await poll(() => (read().length > length ? read() : undefined), { timeout: LATER_MS });
    if (more === undefined) return last;
    last = more;
  }
}
