import type { ClientTls, PortTrafficPolicy, TrafficPolicy } from "../resources/types/index.ts";
import type { Rule } from "./destination-rules.ts";
import type { Service } from "./services.ts";

/** Hosts of ServiceEntries that are answered on this machine. */
export interface LocalHosts {
  /** By host, the port of 127.0.0.1. */
  readonly ports: ReadonlyMap<string, number>;
  /** The file of whom their certificates are of, relative to a proxy's folder. */
  readonly roots: string;
}

/**
 * The service with the local port as its endpoint, for all its ports; subsets keep theirs. Name, ports and rules are what they were, so that requests
 * go through the same clusters.
 */
export function localService(service: Service, { ports }: LocalHosts): Service {
  const { entry, selector: _, ...rest } = service;
  const port = entry && ports.get(service.host);
  if (entry === undefined || port === undefined) return service;
  const listed = entry.endpoints?.length ? entry.endpoints : [{}];
  const labels = new Map(listed.map((each) => [JSON.stringify(each.labels ?? {}), each.labels]));
  const endpoints = [...labels.values()].map((each) => ({
    address: "127.0.0.1",
    ports: Object.fromEntries(service.ports.map(({ name }) => [name, port])),
    ...(each ? { labels: each } : {}),
  }));
  return { ...rest, resolution: "STATIC", entry: { ...entry, endpoints } };
}

/**
 * The rule with other roots where it originates TLS: the host's own are not on this machine, or would not know the local certificate. Everything else
 * of TLS stays, the server name and whom the certificate must be of among it; a client certificate is not asked for.
 */
export function localRule(rule: Rule, roots: string): Rule {
  const { trafficPolicy, subsets } = rule;
  return {
    ...rule,
    ...(trafficPolicy ? { trafficPolicy: localPolicy(trafficPolicy, roots) } : {}),
    subsets: subsets.map((subset) =>
      subset.trafficPolicy ? { ...subset, trafficPolicy: localPolicy(subset.trafficPolicy, roots) } : subset,
    ),
  };
}

function localPolicy(policy: TrafficPolicy, roots: string): TrafficPolicy {
  const settings = policy.portLevelSettings?.map(
    (each): PortTrafficPolicy => (each.tls ? { ...each, tls: localTls(each.tls, roots) } : each),
  );
  return {
    ...policy,
    ...(policy.tls ? { tls: localTls(policy.tls, roots) } : {}),
    ...(settings ? { portLevelSettings: settings } : {}),
  };
}

function localTls(tls: ClientTls, roots: string): ClientTls {
  if (tls.mode !== "SIMPLE" && tls.mode !== "MUTUAL") return tls;
  const { caCrl: _, clientCertificate: __, privateKey: ___, ...rest } = tls;
  return { ...rest, mode: "SIMPLE", caCertificates: roots };
}

/** Whom a host's certificate must be of, by what rules say of TLS to it. */
export function namesAsked({ trafficPolicy, subsets }: Pick<Rule, "trafficPolicy" | "subsets">): string[] {
  const policies = [trafficPolicy, ...subsets.map((subset) => subset.trafficPolicy)];
  return policies.flatMap((policy) =>
    [policy?.tls, ...(policy?.portLevelSettings ?? []).map(({ tls }) => tls)].flatMap((tls) => tls?.subjectAltNames ?? []),
  );
}
