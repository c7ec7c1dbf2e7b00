import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";

/** A header's name: a token of RFC 9110. */
export const headerName = matching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, "must be a header name (RFC 9110 token)");

export const percentage = z.number().min(0).max(100);

/** Text of a duration: whether it is in range, and without more decimals than it can have, only `nanosecondsOf` knows. */
export const durationText = matching(/^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$/, 'must be a duration with a unit, as "250ms" or "1.5s"');

const claimName = matching(/^\P{Cc}+$/u, "must be a claim's name");

/** Attributes with one name each; policy/assembly/values/attribute.ts has the same. */
export const attributes = [
  ...["method", "host", "scheme", "path", "url_path", "query", "id", "useragent", "referer", "size"].map((name) => `request.${name}`),
  ...["principal", "ip", "address", "port"].map((name) => `source.${name}`),
  "remote.ip",
  "destination.address",
  "destination.port",
  "connection.requested_server_name",
  ...["uri_san", "dns_san", "subject"].map((what) => `connection.${what}_peer_certificate`),
  "connection.sha256_peer_certificate_digest",
  "connection.tls_version",
  ...["route", "cluster", "virtual_host"].map((what) => `xds.${what}_name`),
];

const namedAttributes = [/request\.headers\[[!#$%&'*+\-.^_`|~0-9A-Za-z]+\]/, /request\.auth\.claims(\[[^[\]\p{Cc}]+\])+/u];

const attribute = matching(
  new RegExp(
    `^(${[...attributes.map((name) => name.replace(".", "\\.")), ...namedAttributes.map(({ source }) => source)].join("|")})$`,
    "u",
  ),
  "must be a known attribute, as request.method, request.headers[name] or request.auth.claims[name]",
)
  // For completion: a pattern alone offers nothing.
  .meta({ examples: [...attributes, "request.headers[x-user]", "request.auth.claims[sub]"] });

export const pathTemplate = matching(
  /^(\/([^/{}?#]*|\{[A-Za-z0-9._-]+\}))+$/,
  "must be a path such as /users/{id}, with braces around whole segments only",
);

/** The kinds of value, each with what it takes; an object has exactly one of them. */
const values = {
  header: headerName.describe("A request header; each line of it is an occurrence."),
  cookie: headerName.describe("A cookie by name, as its bytes stand there."),
  query: matching(/^[^&=#]+$/, "must be a parameter's name as it stands in the path: not empty, without & = and #").describe(
    "A query parameter by name, as its bytes stand there: percent-encoding is not decoded.",
  ),
  pathSegment: z.int().min(0).max(255).describe("The part of the path between slashes, counted from 0."),
  pathTemplate: pathTemplate.describe("The template's own text where the path matches it: `/users/{id}/orders`."),
  clientIp: z.strictObject({}).describe("The client's address as Envoy's trusted hop has it, without port."),
  principal: z.strictObject({}).describe("The SPIFFE identity of the peer's certificate, without `spiffe://`."),
  claim: z
    .union([claimName, z.array(claimName).min(1)])
    .describe("A claim of the token that Envoy's jwt_authn verified; a list leads to a nested one."),
  traceId: z.strictObject({}).describe("The trace's id, from a valid `traceparent`."),
  attribute: attribute.describe("What Envoy or Istio call by that name: `request.url_path`, `source.principal`, ..."),
  constant: z.string().describe("This text, whatever the request."),
};

/** `clientIp` where it may be cut to a network. */
const maskedClientIp = z
  .strictObject({
    maskV4: z.int().min(0).max(32).default(32).describe("Bits of an IPv4 address that count."),
    maskV6: z.int().min(0).max(128).default(64).describe("Bits of an IPv6 address that count; a subscriber has 64 or more to choose from."),
  })
  .describe("The client's address as Envoy's trusted hop has it, or the network that it is in.");

const NO_NETWORK = 'must be a network, as "10.0.0.0/8", or an address';

/** `10.0.0.0/8` or a bare address. The pattern is for editors; what it lets through is judged to the bit. */
const network = z
  .string()
  .meta({ pattern: "^[0-9A-Fa-f:.]+(/(0|[1-9][0-9]{0,2}))?$", patternErrorMessage: NO_NETWORK })
  .superRefine((text, context) => {
    const problem = networkProblem(text);
    if (problem) context.addIssue({ code: "custom", message: problem });
  });

/** A network whose bits beyond the prefix do not count, as Istio and Envoy take it. */
export const looseNetwork = z
  .string()
  .meta({ pattern: "^[0-9A-Fa-f:.]+(/(0|[1-9][0-9]{0,2}))?$", patternErrorMessage: NO_NETWORK })
  .superRefine((text, context) => {
    if (networkProblem(text) === NO_NETWORK) context.addIssue({ code: "custom", message: NO_NETWORK });
  });

const said = (where: string) => z.string().optional().describe(where);

/** Who a proxy is to the mesh, as Istio describes workloads; policy/assembly/workload reads it. */
export const workload = z
  .strictObject({
    name: said("[node metadata `WORKLOAD_NAME`]"),
    namespace: said("[`NAMESPACE`]"),
    app: said("[`LABELS.app`]"),
    version: said("[`LABELS.version`]"),
    canonicalService: said("[`LABELS[service.istio.io/canonical-name]`, else `app`, else `name`]"),
    canonicalRevision: said("[`LABELS[service.istio.io/canonical-revision]`, else `version`]"),
    cluster: said("[`CLUSTER_ID`]"),
  })
  .describe("Who the own workload is.");

/** The kinds of test; a condition has exactly one. Whether a regular expression is one, only the module knows: policy/assembly/regex. */
const tests = {
  exact: z.string().describe("The value is this."),
  prefix: z.string().describe("The value begins with this."),
  suffix: z.string().describe("The value ends with this."),
  regex: z.string().describe("The whole value matches this regular expression of RE2's syntax; what is supported is in docs/policy.md."),
  in: z.array(z.string()).min(1).describe("The value is one of these."),
  cidr: z.array(network).min(1).describe("The value is an IP address in one of these networks."),
  present: z.boolean().describe("There is a value, or with `false` none."),
};

/** What no filter may add to an answer of its own; `content-type` has a field. */
const FRAMING = [
  ...["host", "content-length", "transfer-encoding", "connection", "upgrade", "keep-alive", "proxy-connection", "http2-settings"],
  ...["trailer", "te", "content-type"],
];

/** The name of a header that may be added to an answer of ours: none of `reserved`, in any case. */
export function addableHeader(reserved: readonly string[]) {
  const names = anyCase([...FRAMING, ...reserved].join("|"));
  return z.string().regex(new RegExp(`^(?!(${names})$)[!#$%&'*+\\-.^_\`|~0-9A-Za-z]+$`), "is no name of a header that may be added here");
}

/** The name of a header that a response may be given or lose: none that frames the message. */
export const editableHeader = z
  .string()
  .regex(
    new RegExp(`^(?!(${anyCase(FRAMING.filter((name) => name !== "content-type").join("|"))})$)[!#$%&'*+\\-.^_\`|~0-9A-Za-z]+$`),
    "is no name of a header that may be changed here",
  );

/** Headers by name. */
export function headersOf(name: z.ZodType<string, string>, most: number) {
  return z
    .record(name, fieldValue())
    .refine((headers) => Object.keys(headers).length <= most, `must be ${most} at most`)
    .meta({ maxProperties: most });
}

/** A pattern for small letters that takes any case: JSON Schema's patterns have no flags. */
export function anyCase(pattern: string): string {
  return pattern.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

/** Text that may stand in a header. */
export function fieldValue() {
  // What it may not hold: a class of what it may would end at U+FFFF for those who read patterns by code points, as JSON Schema does.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
  return z.string().regex(/^[^\x00-\x08\x0a-\x1f\x7f]*$/, "is no header value");
}

/** gRPC's status codes by name, each at its number. */
const GRPC_STATUSES = [
  ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED"],
  ...["RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"],
  "UNAUTHENTICATED",
] as const;

/** A status of gRPC by name or number. */
export const grpcStatus = z.union([
  z.enum(GRPC_STATUSES),
  z
    .int()
    .min(0)
    .max(GRPC_STATUSES.length - 1),
]);

interface LocalReply<Grpc extends readonly [string, ...string[]]> {
  status: z.ZodInt;
  defaultStatus: number;
  body: string;
  grpcStatus: z.ZodDefault<z.ZodEnum<{ [K in Grpc[number]]: K }>>;
  /** Headers that the filter writes itself. */
  reserved?: readonly string[];
}

/** The answer that a filter gives in place of the upstream; policy/assembly/local-reply.ts reads it. */
export function localReply<Grpc extends readonly [string, ...string[]]>({
  status,
  defaultStatus,
  body,
  grpcStatus,
  reserved = [],
}: LocalReply<Grpc>) {
  return z.strictObject({
    status: status.default(defaultStatus).describe("HTTP status; a gRPC request gets `grpcStatus` instead."),
    body: z.string().default(body).describe("Of the answer; for gRPC its message."),
    contentType: fieldValue().default("text/plain"),
    headers: headersOf(addableHeader(reserved), 64).default({}).describe("Further headers."),
    grpcStatus,
  });
}

/** Text of a pattern. Editors and `meshscript check` show the message in the pattern's stead. */
export function matching(pattern: RegExp, message: string) {
  return z.string().regex(pattern, message).meta({ patternErrorMessage: message });
}

type Shape = Record<string, z.ZodType>;
type Optional<S extends Shape> = { [K in keyof S]: z.ZodOptional<S[K]> };

/** An object with exactly one value of the request, and the keys of `extra`. */
export function value<Extra extends Shape>(extra: Extra) {
  return oneOfEach({ ...optional(values), ...extra }, [values]);
}

/** The same where `clientIp` takes `maskV4` and `maskV6`: parts of a key. */
export function maskableValue<Extra extends Shape>(extra: Extra) {
  return oneOfEach({ ...optional({ ...values, clientIp: maskedClientIp }), ...extra }, [values]);
}

/** A value of the request and a test of it. */
export const condition = oneOfEach(
  {
    ...optional(values),
    ...optional(tests),
    not: z.boolean().optional().describe("Turns the answer round: true where the value is absent."),
  },
  [values, tests],
);

function optional<S extends Shape>(shape: S): Optional<S> {
  return Object.fromEntries(Object.entries(shape).map(([key, type]) => [key, type.optional()])) as Optional<S>;
}

/**
 * An object that has exactly one key of each group. In JSON Schema one object with all keys, not a union of them: editors then complete every
 * key, and an error is about the key that is wrong and not about each alternative in turn.
 */
function oneOfEach<S extends Shape>(shape: S, groups: readonly Shape[]) {
  return z
    .strictObject(shape)
    .superRefine((object, context) => {
      for (const group of groups) {
        const names = Object.keys(group);
        const found = names.filter((name) => (object as Record<string, unknown>)[name] !== undefined);
        if (found.length === 1) continue;
        const message = found.length === 0 ? `needs one of: ${names.join(", ")}` : `has one too many: ${found.join(" or ")}, not both`;
        context.addIssue({ code: "custom", message });
      }
    })
    .meta({ allOf: groups.map((group) => ({ oneOf: Object.keys(group).map((name) => ({ required: [name] })) })) });
}

/** What is wrong with a network; undefined when nothing is. The module's own verdict is in policy/assembly/read-test.ts. */
function networkProblem(text: string): string | undefined {
  const [, address = "", prefix] = /^([0-9A-Fa-f:.]+)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text) ?? [];
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0;
  if (bits === 0 || Number(prefix ?? 0) > bits) return NO_NETWORK;
  const beyond = prefix === undefined ? 0n : numeric(address) & ((1n << BigInt(bits - Number(prefix))) - 1n);
  return beyond === 0n ? undefined : "has bits beyond its prefix: use the network's own address";
}

/** An address as a number. */
function numeric(address: string): bigint {
  const dotted = (text: string) => text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  if (!address.includes(":")) return dotted(address);
  const hex = address.replace(/[^:]*\.[^:]*$/, (v4) =>
    [dotted(v4) >> 16n, dotted(v4) & 0xffffn].map((group) => group.toString(16)).join(":"),
  );
  const [head = "", tail] = hex.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const known = [groups(head), groups(tail ?? "")] as const;
  const zeros = Array<string>(8 - known[0].length - known[1].length).fill("0");
  return [...known[0], ...zeros, ...known[1]].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

const UNITS: Record<string, bigint> = { ns: 1n, us: 1_000n, ms: 1_000_000n, s: 10n ** 9n, m: 60n * 10n ** 9n, h: 3_600n * 10n ** 9n };

/** As the SDK reads durations: to six decimals of the unit, none of nanoseconds, whole nanoseconds; undefined where it refuses. */
export function nanosecondsOf(text: string): bigint | undefined {
  let sum = 0n;
  for (const [, whole = "", decimals = "", unit = ""] of text.matchAll(/([0-9]+)(?:\.([0-9]+))?(ns|us|ms|s|m|h)/g)) {
    const kept = decimals.replace(/0+$/, "");
    if (unit === "ns" ? decimals !== "" : kept.length > 6) return undefined;
    const scaled = BigInt(whole + kept) * (UNITS[unit] ?? 0n);
    const scale = 10n ** BigInt(kept.length);
    if (scaled % scale !== 0n) return undefined;
    sum += scaled / scale;
  }
  return sum;
}

/** A duration from `least` to `most`, both durations. */
export function durationFrom(least: string, most: string) {
  const [lowest = 0n, highest = 0n] = [nanosecondsOf(least), nanosecondsOf(most)];
  return durationText.superRefine((text, context) => {
    if (!/^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$/.test(text)) return;
    const value = nanosecondsOf(text);
    if (value !== undefined && value >= lowest && value <= highest) return;
    context.addIssue({
      code: "custom",
      message: value === undefined ? "has more decimals than nanoseconds" : `must be from ${least} to ${most}`,
    });
  });
}

/** No two entries of a list have the same `key`. */
export function distinct<K extends string>(key: K, message: string) {
  return (list: readonly { [P in K]?: unknown }[], context: z.RefinementCtx) => {
    const seen = new Set<string>();
    list.forEach((entry, i) => {
      const text = JSON.stringify(entry[key]);
      if (seen.has(text)) context.addIssue({ code: "custom", path: [i, key], message });
      seen.add(text);
    });
  };
}
