import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { Admin } from "../../harness/envoy/admin.ts";
import type { MeshState, ProxyState } from "../run/state.ts";

/** What the proxies have counted since their start, by proxy. */
export type Counts = ReadonlyMap<string, Requests>;

/** Requests that were answered, and those of them with 5xx, whether it came from an upstream or from the proxy for want of one. */
export interface Requests {
  completed: number;
  failed: number;
}

/**
 * The requests that sidecars and gateways sent to a subset of a service, by the counters of their clusters `outbound|PORT|SUBSET|HOST`. Attempts
 * that were retried are not among them: Envoy counts these apart.
 * @throws MeshscriptError MS1105 when a proxy does not answer
 */
export async function countsOf(meshes: readonly MeshState[], host: string, subset: string): Promise<Counts> {
  const all = meshes.flatMap(({ pid, proxies }) =>
    proxies.map(async (proxy) => [`${pid} ${proxy.id}`, await requestsOf(proxy, host, subset)] as const),
  );
  return new Map(await Promise.all(all));
}

async function requestsOf({ id, admin }: ProxyState, host: string, subset: string): Promise<Requests> {
  const cluster = `^cluster\\.outbound\\|\\d+\\|${quoted(subset)}\\|${quoted(host)};\\.upstream_rq_`;
  const client = new Admin(admin);
  try {
    const stats = [...(await client.stats(`${cluster}(5xx|completed)$`))];
    const sum = (end: string) => stats.reduce((all, [name, value]) => all + (name.endsWith(end) ? value : 0), 0);
    return { completed: sum("_completed"), failed: sum("_5xx") };
  } catch (error) {
    const message = `the proxy of ${id} does not answer (${(error as Error).message}): nobody knows how its requests fare`;
    throw new MeshscriptError(diagnostic("MS1105", message), { cause: error });
  } finally {
    client.close();
  }
}

/** What was answered between two moments. A proxy that was started in between has counted from 0. */
export function between(before: Counts, after: Counts): Requests {
  const sum = { completed: 0, failed: 0 };
  for (const [id, now] of after) {
    const then = before.get(id);
    const same = then !== undefined && then.completed <= now.completed && then.failed <= now.failed;
    sum.completed += now.completed - (same ? then.completed : 0);
    sum.failed += now.failed - (same ? then.failed : 0);
  }
  return sum;
}

/** From 0 to 1; undefined without requests. */
export const successRate = ({ completed, failed }: Requests): number | undefined =>
  completed === 0 ? undefined : (completed - failed) / completed;

/** For a regular expression of RE2. */
const quoted = (text: string): string => text.replaceAll(/[^\w-]/g, "\\$&");
