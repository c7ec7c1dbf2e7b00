// Family 9: Istio's own vectors for DECODE_AND_MERGE_SLASHES, which is what the listener does, and each byte that a path can have.
import { type Case, type Seen, overBoth } from "../types.ts";
import { KINDS, pathCases, pathsOf } from "./kinds.ts";

/** What the client writes and what the upstream must see, if it sees anything: Istio's TestNormalization. */
const VECTORS: readonly (readonly [written: string, seen: string])[] = [
  ["/", "/"],
  ["/app/", "/app/"],
  ["/app/../admin", "/admin"],
  ["/app", "/app"],
  ["/app//", "/app/"],
  ["/app/%2f", "/app/"],
  ["/app%2f/", "/app/"],
  ["/xyz%30..//abc", "/xyz0../abc"],
  ["/app/%2E./admin", "/admin"],
  ["/app\\admin", "/app/admin"],
  ["/app/\\/\\/\\admin", "/app/admin"],
  ["/%2Fapp%5cadmin%5Cabc", "/app/admin/abc"],
  ["/%5Capp%2f%5c%2F%2e%2e%2fadmin%5c\\abc", "/app/admin/abc"],
  ["/app//../admin", "/app/admin"],
  ["/app//../../admin", "/admin"],
  ["/%c0%2e%c0%2e/admin", "/%c0.%c0./admin"],
  ["/%c0%2fadmin", "/%c0/admin"],
  // Stricter than Istio's table, which leaves it as it is: since CVE-2026-73551 Envoy does not.
  ["/..;/admin", "/admin"],
  // Not normalized, by Istio neither.
  ...[
    "/0x2e0x2e/admin",
    "/0x2e0x2e0x2fadmin",
    "/0x2e0x2e0x5cadmin",
    "/0x2f0x2fadmin",
    "/0x5c0x5cadmin",
    "/%25c0%25ae%25c1%259cadmin",
    "/%25c0%25ae%25c0%25ae/admin",
    "/%25c0%25afadmin",
    "/%25c1%259cadmin",
    "/%252e%252e/admin",
    "/%252e%252e%252fadmin",
    "/%c1%9cadmin",
    "/%c0%ae%c0%ae/admin",
    "/%c0%afadmin",
    "/.../admin",
    "/..../admin",
    "/;/admin",
    "/admin;a=b",
    "/admin;a=b/xyz",
    "/admin,a=b/xyz",
    "/Admin",
    "/ADMIN",
  ].map((path) => [path, path] as const),
];

const DENY = KINDS.filter(({ policy }) => policy === "deny-admin");
const ALLOW = KINDS.filter(({ policy }) => policy === "allow-public");
const BYTES = Array.from({ length: 255 }, (_, index) => index + 1);

/** `%2e`, in the case that Istio's test writes. */
const escaped = (byte: number): string => `%${byte.toString(16).padStart(2, "0")}`;

/** What Envoy makes of an escape: letters, digits and -._~ are decoded, and slashes of either kind are slashes. */
function decoded(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === "\\") return "/";
  return /^[\w.~/-]$/.test(character) ? character : escaped(byte);
}

/** What reaches the upstream must be what Istio's table says. */
function vector(written: string, seen: string): Case[] {
  const isIt = ({ target }: Seen) => target === seen;
  return overBoth({
    family: 9,
    name: `${written} is ${seen}`,
    policy: "allow-all",
    request: { target: written },
    forbidden: (one) => !isIt(one),
    twin: { target: written },
    twinSeen: isIt,
  });
}

/** Policies that write escapes themselves: the same byte is `%c3`, `%C3` and `%25c3` to some server. */
function escapedPolicies(): Case[] {
  const refused = [
    "/caf%c3%a9",
    "/caf%C3%A9",
    "/caf%C3%a9/x",
    "/%63af%c3%A9",
    "/caf%25c3%25a9",
    "/a%20b",
    "/%61%20b",
    "/a%2520b",
    "/x/the-secret",
    "/x/the%2dsecret",
    "/menu/x/caf%c3%a9",
    "/menu/x/caf%C3%A9",
    "/menu/%41/caf%25C3%A9",
  ];
  return refused.flatMap((target) => [
    ...overBoth({
      family: 9,
      name: `${target}, against escapes`,
      policy: "deny-escaped",
      request: { target },
      twin: { target: `/x${target}/x` },
    }),
    ...overBoth({
      family: 9,
      name: `/private beside ${target}`,
      policy: "allow-escaped",
      request: { target: `/private${target}` },
      twin: { target: ["/caf%C3%A9", "/caf%C3%A9/x", "/a%20b", "/menu/x%20y/caf%C3%A9"][target.length % 4] ?? "" },
    }),
  ]);
}

export function normalizationFamily(): Case[] {
  return [
    ...VECTORS.flatMap(([written, seen]) => vector(written, seen)),
    ...escapedPolicies(),
    ...BYTES.flatMap((byte) => vector(`/admin${escaped(byte)}`, `/admin${decoded(byte)}`)),
    ...BYTES.flatMap((byte) => pathCases(9, (_, t) => `/${t}${escaped(byte)}`, { tails: [""], kinds: DENY })),
    ...BYTES.flatMap((byte) =>
      pathCases(9, (c, t) => `/${c}${escaped(byte)}/../${t}`, { tails: [""], kinds: ALLOW }).filter(isDecisive(byte)),
    ),
    // Bytes as they are: what is none of RFC 3986's is refused or passed on, and is no way around.
    ...BYTES.flatMap((byte) =>
      overBoth({
        family: 9,
        name: `/admin and byte ${byte}`,
        policy: "deny-admin",
        request: { target: `/admin${String.fromCharCode(byte)}` },
        ...(/^[\w.~/!$&'()*+,;=:@\\-]$/.test(String.fromCharCode(byte))
          ? { twin: { target: `/pages${String.fromCharCode(byte)}` } }
          : { noTwin: "no byte of a path by RFC 3986: Envoy may refuse it" }),
      }),
    ),
    ...pathsOf(9, [(_, t) => `/${t}%00`, (c, t) => `/${c}%00/../${t}`], { noTwin: "Envoy answers 400 to each %00", tails: [""] }),
    ...pathsOf(9, [
      (_, t) => `/${t.replace("d", "%64").replace("b", "%62").replace("g", "%67")}`,
      (c, t) => `/${c}/../${t.replace(/[a-z]/g, (one) => escaped(one.charCodeAt(0)))}`,
    ]),
    ...pathsOf(9, [(_, t) => `/${t.replace(/^./, (one) => `%25${one.charCodeAt(0).toString(16)}`)}`], { bare: true }),
    ...pathsOf(9, [(c, t) => `/${c}/%252e%252e/${t}`, (c, t) => `/${c}/%252E./${t}`]),
  ];
}

/** A slash behind the cover makes a segment of its own, and /../ leaves that one only. */
function isDecisive(byte: number): () => boolean {
  return () => byte !== 0x2f && byte !== 0x5c;
}
