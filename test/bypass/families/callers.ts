// Families 19, 20, 21 and 23: who it is that asks, by certificate and by address.
import { type Case, overBoth } from "../types.ts";

/** A listener, who must not get through, and who must. */
function people(family: number, policy: string, refused: readonly string[], taken: string): Case[] {
  return refused.flatMap((identity) =>
    overBoth({ family, name: `${policy}: ${identity}`, policy, request: { identity }, twin: { identity: taken } }),
  );
}

const LIKE = [
  "cert-managerXio",
  "cert-manager.iox",
  "cert-manager-io",
  "x.cert-manager.io",
  "CERT-MANAGER.IO",
  "other-namespace",
  "a.b",
  "dns-only",
  "star",
  "nul",
  "no-spiffe",
  "spiffe-upper",
];

/** What is a star, a dot or a NUL in a name is itself and no pattern. */
function certificates(): Case[] {
  return [
    // CVE-2026-39350.
    ...people(19, "allow-account", LIKE, "cert-manager.io"),
    ...people(19, "allow-principal", [...LIKE, "other-domain"], "cert-manager.io"),
    ...people(19, "deny-account", ["cert-manager.io"], "cert-managerXio"),
    ...people(19, "deny-account", ["cert-manager.io"], "cert-manager.iox"),
    ...people(19, "deny-principal", ["cert-manager.io"], "cert-managerXio"),
    ...people(19, "allow-namespace", ["aXb", "a.b.c", "cert-manager.io", "star"], "a.b"),
    ...people(19, "deny-namespace", ["a.b", "prod-eu"], "aXb"),
    ...people(19, "deny-namespace", ["prod-eu"], "preprod"),
    // CVE-2020-16844.
    ...people(20, "deny-suffix-principal", ["job-some-suffix", "-some-suffix"], "job-some-suffix-other"),
    ...people(20, "allow-not-suffix-principal", ["job-some-suffix", "-some-suffix"], "job-some-suffix-other"),
    // CVE-2020-15104, CVE-2026-47778 and CVE-2025-66220.
    ...people(
      21,
      "allow-domain",
      ["no-domain", "domain-in-path", "dns-wildcard", "dns-only", "cert-manager.io", "nul-domain"],
      "one-domain",
    ),
    ...people(21, "deny-domain", ["other-domain", "one-domain", "no-domain", "domain-in-path"], "cert-manager.io"),
    ...people(21, "allow-principal", ["nul", "dns-wildcard", "nul-domain", "star"], "cert-manager.io"),
    ...people(21, "allow-account", ["nul", "dns-wildcard", "nul-domain", "star"], "cert-manager.io"),
  ];
}

const chain = (length: number, last: string) => [...new Array<string>(length - 1).fill("203.0.113.7"), last].join(", ");
const GARBAGE = [
  "",
  "x",
  "127.0.0.2x",
  "127.0.0.2, x",
  "unknown",
  "127.0.0.2:x",
  "0127.0.0.2",
  "127.2",
  "2130706434",
  "0x7f.0.0.2",
  "127.0.0.2\xa0",
  "[127.0.0.2]",
  "127.0.0.2/32",
];
/** Of an address that is let through, what a client may claim to come from. */
const CLAIMS = [
  "127.0.0.2",
  " 127.0.0.2",
  "127.0.0.2,127.0.0.2",
  "127.0.0.2, 203.0.113.7",
  "203.0.113.7, 127.0.0.2",
  "127.0.0.2:8080",
  "::ffff:127.0.0.2",
  "[::ffff:127.0.0.2]:80",
  "::1",
  chain(50, "127.0.0.2"),
  ...GARBAGE,
];

/** x-forwarded-for: with no trusted hop nobody's word counts but the socket's. */
function withoutHops(): Case[] {
  const policies = ["allow-remote", "deny-remote", "allow-not-remote", "allow-direct", "deny-direct", "allow-source-ip"];
  return policies.flatMap((policy) =>
    CLAIMS.flatMap((claim) =>
      overBoth({
        family: 23,
        name: `x-forwarded-for: ${claim}`,
        policy,
        request: { headers: [["x-forwarded-for", claim]] },
        twin: { headers: [["x-forwarded-for", claim]], from: "127.0.0.2" },
      }),
    ),
  );
}

/** With trusted hops only what they wrote counts, which stands at the end. */
function withHops(): Case[] {
  const one: [name: string, refused: string, taken: string][] = [
    ["the last counts", "10.0.0.1, 203.0.113.7", "203.0.113.7, 10.0.0.1"],
    ["of a chain of 50", `${chain(49, "10.0.0.1")}, 203.0.113.7`, chain(50, "10.0.0.1")],
    ["all others are forged", "10.0.0.1, 10.0.0.2, 203.0.113.7", "203.0.113.7, 203.0.113.7, 10.9.9.9"],
    ["IPv6", "2001:db8::1, 2001:db9::1", "2001:db9::1, 2001:db8::1"],
    ["without a blank", "10.0.0.1,203.0.113.7", "203.0.113.7,10.0.0.1"],
    ["with blanks", "10.0.0.1 ,  203.0.113.7 ", "203.0.113.7 ,  10.0.0.1 "],
    ["alone", "203.0.113.7", "10.0.0.1"],
    ["a neighbour of the network", "11.0.0.0", "10.255.255.255"],
  ];
  const two = (first: string, second: string) => ({ headers: [["x-forwarded-for", first] as const, ["x-forwarded-for", second] as const] });
  const xff = (value: string) => ({ headers: [["x-forwarded-for", value] as const] });
  return [
    ...one.flatMap(([name, refused, taken]) => [
      ...overBoth({ family: 23, name, policy: "allow-remote-1", request: xff(refused), twin: xff(taken) }),
      ...overBoth({ family: 23, name, policy: "deny-remote-1", request: xff(taken), twin: xff(refused) }),
    ]),
    ...overBoth({
      family: 23,
      name: "two lines",
      policy: "allow-remote-1",
      request: two("10.0.0.1", "203.0.113.7"),
      twin: two("203.0.113.7", "10.0.0.1"),
    }),
    ...overBoth({
      family: 23,
      name: "two lines",
      policy: "deny-remote-1",
      request: two("203.0.113.7", "10.0.0.1"),
      twin: two("10.0.0.1", "203.0.113.7"),
    }),
    ...["10.0.0.1, 203.0.113.7, 203.0.113.8", "203.0.113.7, 203.0.113.8, 10.0.0.1", "10.0.0.1", ""].flatMap((claim) =>
      overBoth({
        family: 23,
        name: `two hops: ${claim}`,
        policy: "allow-remote-2",
        request: xff(claim),
        twin: xff("203.0.113.7, 10.0.0.1, 203.0.113.8"),
      }),
    ),
    ...["10.0.0.1", "203.0.113.7, 10.0.0.1"].flatMap((claim) =>
      overBoth({
        family: 23,
        name: `the direct peer is no hop's to say: ${claim}`,
        policy: "allow-direct-1",
        request: xff(claim),
        twin: xff(claim),
        twinPolicy: "allow-remote-1",
      }),
    ),
  ];
}

export function callerFamilies(): Case[] {
  return [...certificates(), ...withoutHops(), ...withHops()];
}
