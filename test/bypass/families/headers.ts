// Families 2, 14 to 18, 22, 24 and 25: what a header's value is, and whose.
import { type Case, type Pairs, type Seen, overBoth, valuesOf } from "../types.ts";

const NUL = "Envoy answers 400, or resets the stream, for each control character in a value";
const LIST = "a list in one line is another value than its elements: no rule names it";

const role = (...values: string[]): Pairs => values.map((value) => ["x-role", value]);
const bytes = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index));

/** CVE-2019-9900: a NUL ends the value for a server in C. */
function nul(): Case[] {
  const values = ["admin\0", "\0admin", "admin\0user", "user\0admin", "user\0", "\0"];
  return ["deny-role", "allow-role", "allow-not-role", "deny-not-role"].flatMap((policy) =>
    values.flatMap((value) => overBoth({ family: 2, name: JSON.stringify(value), policy, request: { headers: role(value) }, noTwin: NUL })),
  );
}

/** CVE-2020-25017: several values, of which the upstream may take any. */
function several(): Case[] {
  const lines = [
    ["user", "admin"],
    ["admin", "user"],
    ["admin", "admin"],
    ["", "admin"],
    ["admin", ""],
    ["user", "", "admin"],
    ["user", "user", "admin"],
    ["user", "admin", "user"],
    ["user", "guest", "user", "admin", "guest"],
  ];
  const inOne = [
    "user,admin",
    "admin,user",
    "user, admin",
    "admin , user",
    "user,admin,user",
    ",admin",
    "admin,",
    "user,\tadmin",
    "user,,admin",
    "user ,admin",
  ];
  const good = (values: string[]) => role(...values.map(() => "user"));
  return [
    ...["deny-role", "deny-role-prefix", "allow-not-role", "allow-not-role-prefix", "allow-role", "deny-not-role"].flatMap((policy) => [
      ...lines.flatMap((values) =>
        overBoth({
          family: 14,
          name: values.join(" | "),
          policy,
          request: { headers: role(...values) },
          // All lines together are one list to DENY rules: it is none of the values.
          ...(policy === "deny-not-role" ? { noTwin: LIST } : { twin: { headers: good(values) } }),
        }),
      ),
      ...inOne.flatMap((value) =>
        overBoth({
          family: 14,
          name: value,
          policy,
          request: { headers: role(value) },
          ...(["allow-role", "deny-not-role"].includes(policy)
            ? { noTwin: LIST }
            : { twin: { headers: role(value.replace("admin", "guest")) } }),
        }),
      ),
    ]),
    ...["X-Role", "X-ROLE", "x-rolE"].map(
      (name): Case => ({
        family: 14,
        name: `${name} twice`,
        protocol: "HTTP/1.1",
        policy: "deny-role",
        request: {
          headers: [
            ["x-role", "user"],
            [name, "admin"],
          ],
        },
        twin: {
          headers: [
            ["x-role", "user"],
            [name, "user"],
          ],
        },
      }),
    ),
    ...["admin ", " admin", "\tadmin", "admin\t "].map(
      (value): Case => ({
        family: 14,
        name: `blanks around: ${JSON.stringify(value)}`,
        protocol: "HTTP/1.1",
        policy: "deny-role",
        request: { headers: role(value) },
        twin: { headers: role(value.replace("admin", "user")) },
      }),
    ),
  ];
}

/** A value with a comma that is no list: what is read into it must not refuse a browser. */
function commas(): Case[] {
  const browser = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
  const agent = (value: string) => ({ headers: [["user-agent", value] as const] });
  return ["curl/8.0", "curl/8.0 (KHTML, like Gecko)", `x (${browser}), curl/8.0`].flatMap((tool) =>
    ["deny-not-browser", "allow-not-tool"].flatMap((policy) =>
      overBoth({ family: 14, name: tool, policy, request: agent(tool), twin: agent(browser) }),
    ),
  );
}

/** CVE-2021-32777: who it is, said twice. */
function identities(): Case[] {
  const headers = [
    { name: "x-forwarded-user", deny: "deny-user", allow: "allow-user", bad: "mallory", good: "alice" },
    { name: "authorization", deny: "deny-token", allow: "allow-token", bad: "Bearer mallory", good: "Bearer alice" },
  ];
  return headers.flatMap(({ name, deny, allow, bad, good }) => {
    const orders = [[good, bad], [bad, good], [good, good, bad], [bad], [good, "", bad], [`${good},${bad}`], [`${bad}, ${good}`]];
    return orders.flatMap((values) => {
      const pairs = (all: readonly string[]): Pairs => all.map((value) => [name, value]);
      const one = { family: 15, name: `${name}: ${values.join(" | ")}`, request: { headers: pairs(values) } };
      return [
        ...overBoth({ ...one, policy: deny, twin: { headers: pairs([good]) } }),
        ...overBoth({ ...one, policy: allow, twin: { headers: pairs([good]) } }),
      ];
    });
  });
}

/** CVE-2026-73552 and CVE-2023-27488: bytes that are no UTF-8 make no rule fail. */
function obsoleteText(): Case[] {
  const high = bytes(0x80, 0xff);
  return [
    ...high.flatMap((byte) => [
      ...overBoth({
        family: 16,
        name: `user and byte ${byte.charCodeAt(0)}, which is not user`,
        policy: "deny-not-role",
        request: { headers: role(`user${byte}`) },
        twin: { headers: [...role("user"), ["x-note", byte]] },
      }),
      ...overBoth({
        family: 16,
        name: `admin and byte ${byte.charCodeAt(0)}, which begins with admin`,
        policy: "allow-not-role-prefix",
        request: { headers: role(`admin${byte}`) },
        twin: { headers: role(`user${byte}`) },
      }),
      ...overBoth({
        family: 17,
        name: `/admin beside byte ${byte.charCodeAt(0)}`,
        policy: "deny-admin",
        request: { target: "/admin", headers: [["x-note", `${byte}\xfe`]] },
        twin: { target: "/pages", headers: [["x-note", `${byte}\xfe`]] },
      }),
    ]),
    ...["\xc0\xae", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80", "\xff\xfe", "\xe2\x82", "\xc3\xa9"].flatMap((value) => [
      ...overBoth({
        family: 16,
        name: "no UTF-8",
        policy: "deny-role-prefix",
        request: { headers: role(`admin${value}`) },
        twin: { headers: role(value) },
      }),
      ...overBoth({
        family: 16,
        name: "no UTF-8",
        policy: "allow-role",
        request: { headers: role(value) },
        twin: { headers: [...role("user"), ["x-note", value]] },
      }),
      ...overBoth({
        family: 17,
        name: "no UTF-8 in another header",
        policy: "deny-role",
        request: { headers: [["x-note", value], ...role("admin")] },
        twin: { headers: [["x-note", value], ...role("user")] },
      }),
    ]),
  ];
}

/** grpc-go's GHSA-qc2q-p7wx-3px3: a policy that writes a name in capitals. */
function names(): Case[] {
  return ["x-role", "X-Role", "X-ROLE"].flatMap((name) =>
    overBoth({
      family: 18,
      name,
      policy: "deny-role-upper",
      request: { headers: [[name, "admin"]] },
      ...(name === "x-role" ? { twin: { headers: [[name, "user"]] } } : { twin: { headers: [["x-role", "user"]] } }),
    }),
  );
}

/** The edge guide: underscores and hyphens are one to CGI. */
function underscores(): Case[] {
  const hasUnderscore = ({ headers }: Seen) => headers.some(([name]) => name.includes("_"));
  return ["x_role", "X_Role", "x_role_", "_x-role", "x-_role"].flatMap((name) =>
    ["deny-role", "allow-role"].flatMap((policy) => {
      const beside = policy === "allow-role" ? role("user") : [];
      return overBoth({
        family: 22,
        name,
        policy,
        request: { headers: [[name, "admin"], ...beside] },
        forbidden: hasUnderscore,
        twin: { headers: [["x-rolename", "admin"], ...beside] },
      });
    }),
  );
}

/** CVE-2024-45806 and CVE-2023-27487: headers that only Envoy should write. */
function envoyOwn(): Case[] {
  const claims: Pairs = [
    ["x-envoy-original-path", "/public"],
    ["x-envoy-original-host", "public.example.com"],
    ["x-envoy-internal", "true"],
    ["x-envoy-decorator-operation", "x"],
    ["x-envoy-external-address", "127.0.0.2"],
    ["x-envoy-peer-metadata", "x"],
    ["x-envoy-force-trace", "1"],
    ["x-envoy-expected-rq-timeout-ms", "1"],
    ["x-envoy-upstream-rq-timeout-ms", "1000"],
    ["x-request-id", "../../admin\"'<>"],
    ["x-request-id", "x".repeat(2_000)],
    ["traceparent", "00-junk-junk-zz"],
    ["tracestate", "a=b,".repeat(100)],
    ["x-forwarded-proto", "https"],
    ["x-forwarded-host", "public.example.com"],
    ["x-forwarded-client-cert", "URI=spiffe://cluster.local/ns/default/sa/admin"],
    ["forwarded", "for=127.0.0.2;host=public.example.com"],
  ];
  return [
    ...claims.flatMap((header) => [
      ...overBoth({
        family: 24,
        name: header[0],
        policy: "deny-admin",
        request: { target: "/admin", headers: [header] },
        twin: { target: "/pages", headers: [header] },
      }),
      ...overBoth({
        family: 24,
        name: header[0],
        policy: "allow-public",
        request: { target: "/admin", headers: [header] },
        twin: { target: "/public", headers: [header] },
      }),
      ...overBoth({
        family: 24,
        name: `${header[0]}, for the host`,
        policy: "deny-host",
        request: { host: "admin.example.com", headers: [header] },
        twin: { headers: [header] },
      }),
    ]),
    ...["x-envoy-original-path", "x-forwarded-client-cert"].flatMap((name) =>
      overBoth({
        family: 24,
        name: `${name}, as the upstream reads it`,
        policy: "allow-public",
        request: { target: "/public", headers: [[name, "/admin"]] },
        forbidden: (seen) => valuesOf(seen, name).some((value) => value.includes("admin")),
        twin: { target: "/public" },
      }),
    ),
    ...["yes", "true"].flatMap((value) =>
      overBoth({
        family: 24,
        name: "a policy for x-envoy-internal, which a client claims",
        policy: "allow-internal",
        request: { headers: [["x-envoy-internal", value]] },
        noTwin: "no client has it",
      }),
    ),
  ];
}

const isControl = (character: string) => (character < " " && character !== "\t") || character === "\x7f";

/** The upstream reads more than one header, or a control character. */
function isSplit(seen: Seen): boolean {
  const texts = seen.headers.flat();
  return valuesOf(seen, "x-role").length > 0 || seen.target !== "/" || texts.some((text) => [...text].some(isControl));
}

/** CVE-2023-27493: line ends in values. */
function lineEnds(): Case[] {
  const values = [
    "a\r\nx-role: admin",
    "a\nx-role: admin",
    "a\rx-role: admin",
    "a\r\n x-role: admin",
    "a\r\n\r\nGET /admin HTTP/1.1",
    "a\x01",
    "a\x7f",
    "a\x0b",
  ];
  return ["deny-role", "allow-not-role", "deny-admin"].flatMap((policy) =>
    values
      .flatMap((value) =>
        overBoth({
          family: 25,
          name: JSON.stringify(value),
          policy,
          request: { headers: [["x-note", value]] },
          forbidden: isSplit,
          noTwin: NUL,
        }),
      )
      // Over HTTP/1.1 a line end in a value is no attack but two headers, and only a policy for the second minds.
      .filter(({ protocol }) => protocol === "HTTP/2" || policy !== "deny-admin"),
  );
}

export function headerFamilies(): Case[] {
  return [
    ...nul(),
    ...several(),
    ...commas(),
    ...identities(),
    ...obsoleteText(),
    ...names(),
    ...underscores(),
    ...envoyOwn(),
    ...lineEnds(),
  ];
}
