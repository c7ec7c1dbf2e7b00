import type { Path } from "../../../harness/cases/source.ts";
import type { CompiledMesh } from "../../compile.ts";
import { policiesOf } from "../../listeners/filters.ts";
import { readCluster } from "../../model/cluster-names.ts";
import type { Workload } from "../../model/workloads.ts";
import { originIn, readOrigin } from "../../resources/origin.ts";
import type { Resource } from "../../resources/resource.ts";
import type { Entry } from "./entries.ts";
import type { Decided, Hop, Verdict } from "./explanation.ts";

/** What a log's entry says, in the words of who wrote the resources. @param at whose address an endpoint is */
export function hopOf(entry: Entry, { mesh, proxies }: CompiledMesh, at: (endpoint: string) => string | undefined): Hop {
  const { proxy, direction, method = "", authority = "", path = "", endpoint, caller } = entry;
  const workload = proxies.get(proxy)?.workload;
  const origin = readOrigin(entry.rule ?? "", mesh.resources);
  const service = entry.cluster === undefined ? undefined : readCluster(entry.cluster);
  const rule = service && workload ? ruleFor(service, workload) : undefined;
  const verdict = workload && direction !== "outbound" ? verdictOf(entry, workload) : undefined;
  return {
    proxy,
    direction,
    request: { method, authority, path },
    status: entry.status ?? 0,
    details: entry.details ?? "",
    // Envoy has a dash for none.
    flags: entry.flags?.replace(/^-$/, "") ?? "",
    duration: entry.duration ?? 0,
    ...(caller === undefined ? {} : { caller }),
    ...(origin ? { rule: decidedBy(origin.resource, origin.path) } : {}),
    ...(service ? { service: { host: service.host, port: service.port, ...(service.subset ? { subset: service.subset } : {}) } } : {}),
    ...(rule ? { destinationRule: rule } : {}),
    ...(verdict ? { verdict } : {}),
    ...(endpoint === undefined ? {} : { endpoint: (direction === "inbound" ? undefined : at(endpoint)) ?? endpoint }),
  };

  function ruleFor({ host, subset }: { host: string; subset: string }, client: Workload): Decided | undefined {
    const called = mesh.scope(client).reachable.get(host) ?? mesh.services.find((each) => each.host === host);
    const from = called ? (mesh.rule(called, client)?.from ?? []) : [];
    for (const resource of from) {
      const index = (resource.spec.subsets ?? []).findIndex(({ name }) => name === subset);
      if (index >= 0) return decidedBy(resource, ["spec", "subsets", index]);
    }
    const whole = from.find(({ spec }) => spec.trafficPolicy);
    return whole ? decidedBy(whole, ["spec", "trafficPolicy"]) : undefined;
  }

  /** https://istio.io/latest/docs/concepts/security/#implicit-enablement: whoever has ALLOW policies refuses what none of them allows. */
  function verdictOf({ authz = "", endpoint: asked }: Entry, of: Workload): Verdict | undefined {
    const policies = policiesOf(of, mesh);
    const [, verdict, name] = /^verdict=(allowed|denied) (?:.* )?policy=(\S+)/.exec(authz) ?? [];
    // The filter says nothing of a request that no policy speaks of; another filter may have answered before it.
    if (verdict === undefined) return policies.length > 0 && asked !== undefined ? { allowed: true, by: [] } : undefined;
    const allowed = verdict === "allowed";
    const [, namespace, policy, index] = /^ns\[(.*)\]-policy\[(.*)\]-rule\[(\d+)\]$/.exec(name ?? "") ?? [];
    const found = policies.find((each) => each.namespace === namespace && each.name === policy);
    if (found) return { allowed, by: [decidedBy(found, ["spec", "rules", Number(index)])] };
    if (allowed) return { allowed, by: [] };
    const allowing = policies.filter(({ spec }) => (spec.action ?? "ALLOW") === "ALLOW");
    return { allowed, by: allowing.map((each) => decidedBy(each, ["spec"])) };
  }
}

function decidedBy(resource: Resource<unknown>, path: Path): Decided {
  const { rule, location } = originIn(resource, path);
  return { resource: `${resource.kind} ${resource.namespace}/${resource.name}`, part: rule, location };
}
