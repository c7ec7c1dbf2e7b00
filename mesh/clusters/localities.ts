import type { Labels } from "../model/labels.ts";
import { type Locality, NETWORK, isWithin, labelOf, localityOf, withTopology } from "../model/locality.ts";
import type { Workload } from "../model/workloads.ts";
import type { LocalityLb } from "../resources/types/index.ts";
import { type Balancing, isSaid } from "./locality-balancing.ts";

/** Endpoints of one place, and of one rank. */
export interface Group<Endpoint> {
  /** `region/zone/subzone` */
  readonly locality: string;
  /** 0 is asked first. */
  readonly priority: number;
  readonly weight: number;
  readonly members: readonly Member<Endpoint>[];
}

export interface Member<Endpoint> {
  readonly endpoint: Endpoint;
  readonly weight: number;
  readonly labels: Labels;
  /** `region/zone/subzone`, as far as it is known */
  readonly locality: string;
}

/** By place, in the order of their names; all of the same rank. */
export function grouped<Endpoint>(members: readonly Member<Endpoint>[]): Group<Endpoint>[] {
  const places = [...by(members, ({ locality }) => locality.replace(/\/+$/, ""))].sort(([a], [b]) => (a < b ? -1 : 1));
  return places.map(([locality, all]) => ({ locality, priority: 0, weight: sum(all), members: all }));
}

/** The groups with the ranks and weights that they have for a client. As Pilot's ApplyLocalityLoadBalancer. */
export function balanced<Endpoint>(
  groups: readonly Group<Endpoint>[],
  { setting, failover }: Balancing,
  { labels, locality }: Pick<Workload, "labels" | "locality">,
): readonly Group<Endpoint>[] {
  const from = localityOf(locality);
  if (isSaid(setting.distribute)) return distributed(groups, from, setting.distribute);
  if (!failover) return groups;
  if (!isSaid(setting.failoverPriority)) return byDistance(groups, from, setting.failover);
  const ranked = byLabels(groups, withTopology(labels, locality), setting.failoverPriority);
  return isSaid(setting.failover) ? byDistance(ranked, from, setting.failover) : ranked;
}

/** The shares of the first rule that speaks of the client's place. Who is in none of its places gets nothing. */
function distributed<Endpoint>(
  groups: readonly Group<Endpoint>[],
  from: Locality,
  rules: NonNullable<LocalityLb["distribute"]>,
): readonly Group<Endpoint>[] {
  const rule = rules.find((each) => isWithin(from, each.from ?? ""));
  if (rule === undefined) return groups;
  const shares = Object.entries(rule.to ?? {});
  const shareOf = ({ locality }: Group<Endpoint>) => shares.find(([place]) => isWithin(localityOf(locality), place));
  return groups.map((group) => {
    const share = shareOf(group);
    if (share === undefined) return { ...group, members: [] };
    // Several places have a share together, each by its weight.
    const together = sum(groups.filter((each) => shareOf(each)?.[0] === share[0]));
    return { ...group, weight: Math.ceil((group.weight * share[1]) / together) };
  });
}

/** Same subzone, zone, region; then the region that a rule names, and the others. */
function byDistance<Endpoint>(groups: readonly Group<Endpoint>[], from: Locality, rules: LocalityLb["failover"] = []): Group<Endpoint>[] {
  const rule = rules.find((each) => each.from === from.region);
  const rank = ({ locality }: Group<Endpoint>) => {
    const { region, zone, sub_zone } = localityOf(locality);
    if (region !== from.region) return rule === undefined || rule.to === region ? 3 : 4;
    if (zone !== from.zone) return 2;
    return sub_zone === from.sub_zone ? 0 : 1;
  };
  return withoutGaps(groups.map((group) => ({ ...group, priority: group.priority * 5 + rank(group) })));
}

/** The more of the labels, in their order, an endpoint has in common with the client, the earlier it is asked. */
function byLabels<Endpoint>(groups: readonly Group<Endpoint>[], client: Labels, priorities: readonly string[]): Group<Endpoint>[] {
  const wanted = priorities.map(labelOf).map(({ name, value = client[name] ?? "" }) => ({ name, value }));
  const rank = ({ labels }: Member<Endpoint>) => {
    const differs = wanted.map(({ name, value }) => value !== (labels[name] ?? ""));
    // Another network comes behind all of the own, and in it the other labels count as well.
    const elsewhere = priorities[0] === NETWORK && differs[0] === true;
    const first = differs.findIndex((each, i) => each && !(elsewhere && i === 0));
    return (first === -1 ? 0 : wanted.length - first) + (elsewhere ? wanted.length : 0);
  };
  const ranked = groups.flatMap((group) =>
    [...by(group.members, rank)]
      .sort(([a], [b]) => a - b)
      .map(([priority, members]) => ({ ...group, priority, members, weight: sum(members) })),
  );
  return withoutGaps(ranked);
}

/** Envoy wants all numbers from 0 on. */
function withoutGaps<Endpoint>(groups: readonly Group<Endpoint>[]): Group<Endpoint>[] {
  const ranks = [...new Set(groups.map(({ priority }) => priority))].sort((a, b) => a - b);
  return groups.map((group) => ({ ...group, priority: ranks.indexOf(group.priority) }));
}

const sum = (all: readonly { weight: number }[]) => all.reduce((total, { weight }) => total + weight, 0);

function by<Item, Key>(items: readonly Item[], key: (item: Item) => Key): Map<Key, Item[]> {
  const found = new Map<Key, Item[]>();
  for (const item of items) {
    const list = found.get(key(item)) ?? [];
    found.set(key(item), list);
    list.push(item);
  }
  return found;
}
