import type { Labels } from "./labels.ts";

/** Where something runs, in Envoy's words; empty where it is not known. */
export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly sub_zone: string;
}

const REGION = "topology.kubernetes.io/region";
const ZONE = "topology.kubernetes.io/zone";
const SUBZONE = "topology.istio.io/subzone";
export const NETWORK = "topology.istio.io/network";
const NODE = "kubernetes.io/hostname";

/** Whom a Service with a `trafficDistribution` prefers, the most important label first, as Istio has it. */
export const PREFER_ZONE: readonly string[] = [NETWORK, REGION, ZONE];
export const PREFER_NODE: readonly string[] = [...PREFER_ZONE, SUBZONE, NODE];

/** @param text `region/zone/subzone`, as much of it as is known */
export function localityOf(text = ""): Locality {
  const [region = "", zone = "", sub_zone = ""] = text.split("/");
  return { region, zone, sub_zone };
}

const shown = ({ region, zone, sub_zone }: Locality): string | undefined =>
  [region, zone, sub_zone].join("/").replace(/\/+$/, "") || undefined;

/**
 * Where a Pod runs, as `region/zone/subzone`. Kubernetes has these labels on nodes. Without nodes, what a Pod says of the node that it wants tells,
 * or its own labels, to which newer Kubernetes copies them.
 */
export function podLocality(labels: Labels, nodeSelector: Labels = {}): string | undefined {
  const said = saidLocality(labels);
  if (said) return said;
  const from = (all: Labels) => shown({ region: all[REGION] ?? "", zone: all[ZONE] ?? "", sub_zone: all[SUBZONE] ?? "" });
  return from(nodeSelector) ?? from(labels);
}

/** What Istio's own label says, in which dots are slashes. */
export function saidLocality(labels: Labels): string | undefined {
  const said = labels["topology.istio.io/locality"] ?? labels["istio-locality"];
  return said?.includes("/") ? said : said?.replaceAll(".", "/");
}

/** Labels with those that Istio adds to them. */
export function withTopology(labels: Labels, locality: string | undefined): Labels {
  const { region, zone, sub_zone } = localityOf(locality);
  return {
    ...labels,
    ...(region ? { [REGION]: region } : {}),
    ...(zone ? { [ZONE]: zone } : {}),
    ...(sub_zone ? { [SUBZONE]: sub_zone } : {}),
    "topology.istio.io/cluster": "Kubernetes",
  };
}

/** Whether a place is in that of a rule: `eu/eu-a/*`, `eu/*`, `eu`, `*`. */
export function isWithin(place: Locality, rule: string): boolean {
  const { region, zone, sub_zone } = localityOf(rule);
  const any = (part: string) => part === "*" || part === "";
  return (
    (region === "*" || region === place.region) && (any(zone) || zone === place.zone) && (any(sub_zone) || sub_zone === place.sub_zone)
  );
}

/** An entry of `failoverPriority`: a label, with the value that counts instead of the client's. */
export function labelOf(entry: string): { name: string; value?: string } {
  const [name = "", value, ...more] = entry.split("=");
  return value === undefined || more.length > 0 ? { name } : { name, value };
}
