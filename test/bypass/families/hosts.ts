// Families 11 and 12: whose request it is, by the host that it names.
import { type Case, type Pairs, type Seen, type Wire, overBoth, valuesOf } from "../types.ts";

const ADMIN = "admin.example.com";
const PUBLIC = "public.example.com";
const OTHER = "shop.example.com";

/** Hosts that some server reads out of what the upstream saw. */
function hostsOf(seen: Seen): string[] {
  const [, absolute] = /^[a-z]+:\/\/([^/?#]*)/i.exec(seen.target) ?? [];
  return [...valuesOf(seen, "host"), ...valuesOf(seen, "x-forwarded-host"), absolute ?? ""]
    .flatMap((value) => value.split(/[,@\s/\\?#]+/))
    .map((host) =>
      host
        .toLowerCase()
        .replace(/^\[([^:\]]*)\].*$/, "$1")
        .replace(/^([^[:]*):.*$/, "$1")
        .replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
        .replace(/\.+$/, ""),
    );
}

const names = (host: string) => (seen: Seen) => hostsOf(seen).includes(host);
const namesOther = (host: string) => (seen: Seen) => hostsOf(seen).some((one) => one !== host && one !== "");

/** How one host is written in another way. */
const SPELLINGS: readonly ((host: string) => string)[] = [
  (host) => host,
  (host) => host.toUpperCase(),
  (host) => host.replace(/^./, (one) => one.toUpperCase()),
  (host) => host.replace("example", "eXaMpLe"),
  (host) => `${host}:80`,
  (host) => `${host}:8080`,
  (host) => `${host}:443`,
  (host) => `${host}:65535`,
  (host) => `${host}:0`,
  (host) => `${host}:00080`,
  (host) => `${host}.`,
  (host) => `${host}.:80`,
  (host) => `${host.toUpperCase()}.:8080`,
];

/** What Envoy itself may refuse, or what is no host: there is no good request of this shape. */
const ODD: readonly ((host: string) => string)[] = [
  (host) => `${host}:`,
  (host) => `${host}..`,
  (host) => `${host}....`,
  (host) => `${host}...:80`,
  (host) => `${host}.:`,
  (host) => `${host}:80:80`,
  (host) => `${host}:99999`,
  (host) => `${host}:-1`,
  (host) => `${host}:http`,
  (host) => `${host}:80.`,
  (host) => `${host}:8080:`,
  (host) => `${host}::`,
  (host) => `${host}:80%20`,
  (host) => `${host}.:http`,
  (host) => host.replace(".", "%2e"),
  (host) => `user@${host}`,
  (host) => `user:password@${host}:80`,
  (host) => `${host},`,
  (host) => `,${host}`,
  (host) => `${host}/`,
  (host) => `${host}/public`,
  (host) => `${host}?x`,
  (host) => `${host}#x`,
  (host) => `${host}\t`,
  (host) => ` ${host}`,
  (host) => `${host}\\x`,
  (host) => `[${host}]`,
  (host) => `${host}%00`,
  (host) => `${host};x`,
];

const DENY = ["deny-host", "allow-not-host", "deny-host-prefix", "deny-host-suffix"];
const ONLY = ["allow-host", "deny-not-host"];

function spelled(spelling: (host: string) => string, odd: boolean): Case[] {
  const family = /^[a-zA-Z.]+[^.]$/.test(spelling(ADMIN)) ? 11 : 12;
  const good = (host: string): { twin: Wire } | { noTwin: string } =>
    odd ? { noTwin: "no host: Envoy or the policy may refuse each of this form" } : { twin: { host: spelling(host) } };
  return [
    ...DENY.flatMap((policy) =>
      overBoth({ family, name: spelling(ADMIN), policy, request: { host: spelling(ADMIN) }, forbidden: names(ADMIN), ...good(OTHER) }),
    ),
    ...ONLY.flatMap((policy) => overBoth({ family, name: spelling(ADMIN), policy, request: { host: spelling(ADMIN) }, ...good(PUBLIC) })),
  ];
}

/** Two hosts in one request. @param twin the same with one host, twice */
function two(name: string, wire: (first: string, second: string) => Wire, noTwin?: string): Case[] {
  const cases = ["deny-host", "allow-not-host", "allow-host", "deny-not-host", "deny-host-prefix"].flatMap(
    (policy): Omit<Case, "protocol">[] => {
      const only = ONLY.includes(policy);
      const cover = only ? PUBLIC : OTHER;
      const twin = noTwin === undefined ? { twin: wire(cover, cover) } : { noTwin };
      const forbidden = only ? namesOther(PUBLIC) : names(ADMIN);
      return [
        { family: 12, name: `${name}: ${cover}, ${ADMIN}`, policy, request: wire(cover, ADMIN), forbidden, ...twin },
        { family: 12, name: `${name}: ${ADMIN}, ${cover}`, policy, request: wire(ADMIN, cover), forbidden, ...twin },
      ];
    },
  );
  const overHttp1 = (one: Omit<Case, "protocol">): Case => ({ ...one, protocol: "HTTP/1.1" });
  return name.startsWith("HTTP/1") ? cases.map(overHttp1) : cases.flatMap(overBoth);
}

const hostHeader = (host: string): Pairs => [["host", host]];
const TWO_HOSTS = "two Host headers are two hosts, of which one list in one value is made: no host is both";

export function hostFamilies(): Case[] {
  return [
    ...SPELLINGS.flatMap((spelling) => spelled(spelling, false)),
    ...ODD.flatMap((spelling) => spelled(spelling, true)),
    ...["ADMIN.SVC.COM", "Admin.Example.Com", "aDMIN.eXAMPLE.cOM"].flatMap((host) =>
      overBoth({
        family: 11,
        name: `${host} against a prefix, as an upstream compares it`,
        policy: "deny-host-prefix",
        request: { host },
        twin: { host: "Shop.SVC.COM" },
      }),
    ),
    ...two("HTTP/1 absolute form with another Host", (first, second) => ({ target: `http://${first}/`, host: second })),
    ...two("HTTP/1 absolute form with a port and another Host", (first, second) => ({
      target: `http://${first}:80/`,
      host: `${second}:8080`,
    })),
    ...two(
      "HTTP/1 absolute form with a user",
      (first, second) => ({ target: `http://${first}@${second}/`, host: first }),
      "a user in a URI is deprecated",
    ),
    ...two("HTTP/1 two Host headers", (first, second) => ({ host: first, headers: hostHeader(second) }), TWO_HOSTS),
    ...two("HTTP/2 or HTTP/1, a list", (first, second) => ({ host: `${first},${second}` }), TWO_HOSTS),
    ...two("HTTP/2 or HTTP/1, a list with a blank", (first, second) => ({ host: `${first}, ${second}` }), TWO_HOSTS),
    ...two("user before the host", (first, second) => ({ host: `${first}@${second}` }), "a user in a host is none of RFC 9110"),
    ...two("port and user before the host", (first, second) => ({ host: `${first}:80@${second}` }), "a user in a host is none of RFC 9110"),
    ...two("one behind the other", (first, second) => ({ host: `${first} ${second}` }), "no host"),
    ...twoOverHttp2(),
    // A policy that asks for the header instead of the host means the same.
    ...SPELLINGS.flatMap((spelling) =>
      overBoth({
        family: 12,
        name: `a policy for the header Host, ${spelling(ADMIN)}`,
        policy: "deny-host-header",
        request: { host: spelling(ADMIN) },
        forbidden: names(ADMIN),
        twin: { host: spelling(OTHER) },
      }),
    ),
  ];
}

/** `:authority` and `host` that differ. */
function twoOverHttp2(): Case[] {
  return [...DENY, ...ONLY].flatMap((policy) => {
    const only = ONLY.includes(policy);
    const cover = only ? PUBLIC : OTHER;
    const wire = (authority: string, host: string): Wire => ({ host: authority, headers: hostHeader(host) });
    const one = {
      family: 12,
      policy,
      protocol: "HTTP/2" as const,
      forbidden: only ? namesOther(PUBLIC) : names(ADMIN),
      twin: wire(cover, cover),
    };
    return [
      { ...one, name: `:authority ${cover}, host ${ADMIN}`, request: wire(cover, ADMIN) },
      { ...one, name: `:authority ${ADMIN}, host ${cover}`, request: wire(ADMIN, cover) },
      {
        ...one,
        name: `only host: ${ADMIN}`,
        request: { host: null, headers: hostHeader(ADMIN) },
        twin: { host: null, headers: hostHeader(cover) },
      },
    ];
  });
}
