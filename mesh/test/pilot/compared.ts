import { readYamlDocuments } from "../../../harness/cases/source.ts";
import { type CompiledMesh, compile } from "../../compile.ts";
import { extensionFilters } from "../../listeners/filters.ts";
import { resourcesOf } from "../../resources/resource.ts";
import { type Json, type JsonObject, differences } from "./canonical.ts";
import type { Answer, Request, Workload } from "./messages.ts";
import { type Normalized, ofOurs, ofPilot } from "./normalized.ts";
import { workloadsOf } from "./workloads.ts";

/** Resources as we compile them, without our own filters, and as Pilot is asked about them. */
export interface Both {
  compiled: CompiledMesh;
  request: Request;
}

/** @param kept Whether a proxy is asked about, by its name and namespace [all]. */
export function bothOf(yaml: string, kept: (id: string) => boolean = () => true): Both {
  const resources = readYamlDocuments(yaml, "case.yaml", "MS0914").flatMap((document) => resourcesOf(document));
  const { workloads, proxies } = workloadsOf(yaml);
  const ids = workloads.filter(({ sidecar }) => sidecar).map(idOf);
  // Two namespaces may have workloads of the same name.
  const all = proxies.map((proxy, i) => ({ ...proxy, id: ids[i] ?? proxy.id })).filter(({ id }) => kept(id));
  return { compiled: compile(resources, { filters: extensionFilters }), request: { yaml, workloads, proxies: all } };
}

const idOf = ({ name, namespace }: Workload) => `${name}.${namespace ?? "default"}`;

/** What we make of it, by proxy. */
export function ours({ compiled, request }: Both): Record<string, Normalized> {
  const ips = new Map(request.workloads.map((each) => [idOf(each), each.ip]));
  return Object.fromEntries(
    request.proxies.map(({ id }) => {
      const config = compiled.proxies.get(id);
      if (config === undefined) throw new Error(`we have no proxy ${id}`);
      return [id, ofOurs(config, compiled, (workload) => ips.get(workload) ?? `no address of ${workload}`)];
    }),
  );
}

/** What Pilot makes of it. */
export function pilots(answer: Answer & { error?: undefined }, { compiled }: Both): Record<string, Normalized> {
  return Object.fromEntries(Object.entries(answer.proxies ?? {}).map(([id, config]) => [id, ofPilot(config, compiled)]));
}

/** Where the two differ, a line each; only about the proxies of the second. */
export function compared(mine: Record<string, Normalized>, theirs: Record<string, Normalized>): string[] {
  return Object.entries(theirs).flatMap(([id, each]) =>
    differences(comparable(mine[id], each, mine[id]), comparable(each, each, mine[id]), id),
  );
}

function comparable(one: Normalized | undefined, { clusters, forwarded }: Normalized, mine: Normalized | undefined): Json | undefined {
  if (one === undefined) return undefined;
  const same = (all: JsonObject) => Object.fromEntries(Object.entries(all).filter(([name]) => !(name in forwarded)));
  const { forwarded: _, ...rest } = one;
  // Pilot also has chains for ports that a policy speaks of and no service leads to.
  const inbound = Object.fromEntries(Object.entries(one.inbound).filter(([port]) => port in (mine?.inbound ?? {})));
  return { ...rest, inbound, clusters: same(one.clusters), endpoints: readable(same(one.endpoints), clusters) };
}

/** Whether an endpoint takes mutual TLS is read by clusters that go by it; for others Pilot leaves it out. */
function readable(endpoints: JsonObject, clusters: JsonObject): JsonObject {
  const asks = (name: string) => (clusters[name] as JsonObject | undefined)?.["transport_socket_matches"] !== undefined;
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, all]) => [
      name,
      asks(name) ? all : (all as string[]).map((each) => each.replace(", mutual TLS", "")),
    ]),
  );
}
