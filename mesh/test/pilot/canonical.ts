/** A value in the one form in which it is compared: what follows here is what can be no difference. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json | undefined };
export type JsonObject = { [name: string]: Json | undefined };

/** Fields that are never the same, at any depth, and why. */
const LEFT_OUT = new Set([
  // Where secrets, endpoints and routes come from: Pilot's own service there, files of ours here. What is in them is compared.
  "sds_config",
  "eds_config",
  // How names are resolved, which is Istio's MeshConfig; and Envoy's default is nearly the same.
  "dns_jitter",
  "dns_refresh_rate",
  "typed_dns_resolver_config",
  // In route metadata: of Istio's own filter `istio.alpn`, which tells sidecars of Istio apart.
  "alpn_override",
  // Pilot says `false` in older places of the message, and leaves it out in newer ones.
  "trace_sampled",
  // In route metadata: ours, which says where a rule was written.
  "meshscript.rule",
]);

/** Messages that say something by being there, although they are empty. */
const MEANINGFUL = new Set([
  "http_protocol_options",
  "http2_protocol_options",
  "use_downstream_protocol_config",
  "connection_keepalive",
  "locality_weighted_lb_config",
]);

/** Of enums, what a field is that says nothing. */
const ZEROS = new Set<Json>(["APPEND_IF_EXISTS_OR_ADD", "HUNDRED", "MOVED_PERMANENTLY", "ROUND_ROBIN"]);

/** Without what is left out, names sorted, and numbers, durations and unset fields in one form. */
export function canonical(value: unknown): Json | undefined {
  if (Array.isArray(value)) return value.map((each) => canonical(each) ?? {});
  if (typeof value === "string") return text(value);
  if (typeof value !== "object" || value === null) return value as Json;
  const out: JsonObject = {};
  for (const [name, each] of Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (LEFT_OUT.has(name)) continue;
    const made = canonical(each);
    // Of proto3: a field with its zero is one that is not set. A wrapped zero, `{ value: 0 }`, is there all the same.
    if (made === undefined || made === false || made === "" || made === 0 || ZEROS.has(made)) continue;
    // All of them have to fit, and Pilot's order is that of a map of Go: another one each time.
    if (name === "query_parameters") (made as Json[]).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    if (isEmpty(made) && !MEANINGFUL.has(name)) continue;
    out[name] = made;
  }
  return out;
}

/** 64 bits are a text in JSON, and a duration has as many digits behind the point as somebody likes. */
function text(value: string): Json {
  if (/^-?\d{1,15}$/.test(value)) return Number(value);
  if (/^-?\d+(\.\d+)?s$/.test(value)) return `${Number(value.slice(0, -1))}s`;
  return value;
}

const isEmpty = (value: Json) => typeof value === "object" && value !== null && Object.keys(value).length === 0;

/** Each place where two values are not the same, in words. */
export function differences(ours: Json | undefined, pilots: Json | undefined, at = ""): string[] {
  if (JSON.stringify(ours) === JSON.stringify(pilots)) return [];
  const inside = isGroup(ours) && isGroup(pilots) && Array.isArray(ours) === Array.isArray(pilots);
  if (!inside) return [`${at}: ours ${shown(ours)}, Pilot's ${shown(pilots)}`];
  const [a, b] = [ours as JsonObject, pilots as JsonObject];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) => differences(a[name], b[name], `${at}/${name}`));
}

const isGroup = (value: Json | undefined) => typeof value === "object" && value !== null;

const shown = (value: Json | undefined) => (value === undefined ? "nothing" : JSON.stringify(value).slice(0, 400));
