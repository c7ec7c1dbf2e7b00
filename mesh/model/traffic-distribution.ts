/** Whom clients of a service prefer: who runs in their zone, or on their node. */
export type TrafficDistribution = "zone" | "node";

const KNOWN = new Map<string, TrafficDistribution>([
  ["PreferClose", "zone"],
  ["PreferSameZone", "zone"],
  ["PreferSameNode", "node"],
]);
const LOWER = new Map([...KNOWN].map(([name, meant]) => [name.toLowerCase(), meant]));

export const isTrafficDistribution = (value: unknown): boolean => typeof value === "string" && LOWER.has(value.toLowerCase());

const ANNOTATION = "networking.istio.io/traffic-distribution";
type Annotations = Readonly<Record<string, string>>;

/** As Istio reads it: the Service's field, else its annotation, else that of its namespace. Undefined: all alike. */
export function trafficDistribution(
  field: string | undefined,
  annotations: Annotations,
  ofNamespace: Annotations | undefined,
): TrafficDistribution | undefined {
  const said = KNOWN.get(field ?? "");
  return said ?? LOWER.get((annotations[ANNOTATION] || ofNamespace?.[ANNOTATION] || "").toLowerCase());
}
