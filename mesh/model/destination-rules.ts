import { type Resource, byAge } from "../resources/resource.ts";
import type { DestinationRule, PortTrafficPolicy, Subset, TrafficPolicy } from "../resources/types/index.ts";
import { inFull, narrowest } from "./hosts.ts";
import { selects } from "./labels.ts";
import { ROOT_NAMESPACE } from "./peer-authentication.ts";
import type { Service } from "./services.ts";
import { type Visibility, isPrivate, visibilityOf, visibleTo } from "./visibility.ts";
import type { Workload } from "./workloads.ts";

/** The rules of a namespace for a host, as one. */
export interface Rule {
  readonly host: string;
  readonly namespace: string;
  readonly trafficPolicy?: TrafficPolicy;
  readonly subsets: readonly Subset[];
  readonly visibility: Visibility;
  /** Of whom it speaks [all clients]. */
  readonly workloadSelector?: Readonly<Record<string, string>>;
  /** The resources that it is made of; the first is whose traffic policy counts. */
  readonly from: readonly Resource<DestinationRule>[];
}

/**
 * Several rules of a namespace for the same host are one: subsets together, of the same name the older; the traffic policy is that of the
 * oldest that has one. Rules with different selectors or different `exportTo` stay apart.
 */
export class DestinationRules {
  private readonly byNamespace = new Map<string, Map<string, Rule[]>>();

  constructor(resources: readonly Resource<DestinationRule>[]) {
    for (const resource of [...resources].sort(byAge)) this.add(resource);
  }

  /**
   * What a client has to heed when it calls a service: its own namespace's rule, the service's, the mesh's. A namespace that has one for the host has
   * the last word, even if it is for other workloads only.
   */
  for(
    service: Pick<Service, "host" | "namespace">,
    client: Pick<Workload, "namespace" | "labels">,
    rootNamespace = ROOT_NAMESPACE,
  ): Rule | undefined {
    const { namespace } = client;
    const exported = (rule: Rule) => visibleTo(rule.visibility, namespace) && !isPrivate(rule.visibility, rule.namespace);
    const rules =
      this.find(
        service.host,
        namespace,
        (rule) => visibleTo(rule.visibility, namespace) && (namespace !== rootNamespace || isPrivate(rule.visibility, namespace)),
      ) ??
      this.find(service.host, service.namespace, exported) ??
      this.find(service.host, rootNamespace, exported);
    // One with a selector that fits goes before one without.
    const chosen = rules?.find(({ workloadSelector }) => workloadSelector && selects(workloadSelector, client.labels));
    // Rules for different namespaces stay apart: of those that fit, the newest, as Pilot has it.
    return chosen ?? rules?.findLast(({ workloadSelector }) => workloadSelector === undefined);
  }

  /** Those of a namespace for the narrowest host of its rules. */
  private find(host: string, namespace: string, counts: (rule: Rule) => boolean): Rule[] | undefined {
    const hosts = this.byNamespace.get(namespace);
    if (hosts === undefined) return undefined;
    const known = [...hosts].filter(([, rules]) => rules.some(counts)).map(([each]) => each);
    const name = narrowest(host, known);
    return name === undefined ? undefined : (hosts.get(name) ?? []).filter(counts);
  }

  private add(resource: Resource<DestinationRule>): void {
    const { namespace, spec } = resource;
    const host = inFull(spec.host ?? "", namespace);
    const selector = spec.workloadSelector?.matchLabels;
    const rule: Rule = {
      host,
      namespace,
      subsets: spec.subsets ?? [],
      visibility: visibilityOf(spec.exportTo, namespace),
      from: [resource],
      ...(spec.trafficPolicy ? { trafficPolicy: spec.trafficPolicy } : {}),
      ...(selector ? { workloadSelector: selector } : {}),
    };
    const hosts = this.byNamespace.get(namespace) ?? new Map<string, Rule[]>();
    this.byNamespace.set(namespace, hosts);
    const rules = hosts.get(host) ?? [];
    hosts.set(host, rules);
    const index = rules.findIndex((each) => sameScope(each, rule));
    const older = rules[index];
    if (older === undefined) rules.push(rule);
    else rules[index] = merged(older, rule);
  }
}

function sameScope(a: Rule, b: Rule): boolean {
  const key = ({ workloadSelector, visibility }: Rule) =>
    JSON.stringify([
      workloadSelector ? Object.entries(workloadSelector).sort() : null,
      typeof visibility === "string" ? visibility : [...visibility].sort(),
    ]);
  return key(a) === key(b);
}

function merged(older: Rule, newer: Rule): Rule {
  const names = new Set(older.subsets.map(({ name }) => name));
  const trafficPolicy = older.trafficPolicy ?? newer.trafficPolicy;
  return {
    ...older,
    subsets: [...older.subsets, ...newer.subsets.filter(({ name }) => !names.has(name))],
    from: [...older.from, ...newer.from],
    ...(trafficPolicy ? { trafficPolicy } : {}),
  };
}

/** What a policy says for a port: a port's own settings inherit nothing. */
export function policyFor(policy: TrafficPolicy | undefined, port: number): TrafficPolicy | undefined {
  return own(policy, port) ?? policy;
}

function own(policy: TrafficPolicy | undefined, port: number): PortTrafficPolicy | undefined {
  return policy?.portLevelSettings?.find((each) => each.port?.number === port);
}

/** The policy of a subset over that of its rule: field by field, or whole where the subset speaks of the port. */
export function subsetPolicy(rule: TrafficPolicy | undefined, subset: TrafficPolicy | undefined, port: number): TrafficPolicy | undefined {
  const base = policyFor(rule, port);
  if (subset === undefined) return base;
  const above = policyFor(subset, port);
  if (base === undefined || above === undefined) return above ?? base;
  const { portLevelSettings: _, ...inherited } = base;
  const { tunnel, proxyProtocol, retryBudget } = inherited;
  const kept = own(subset, port) ? { ...defined({ tunnel, proxyProtocol, retryBudget }) } : inherited;
  return { ...kept, ...above };
}

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Partial<T>;
}
