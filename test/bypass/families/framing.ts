// Families 26, 27, 28 and 29: what a request is, where it ends and how long it may be.
import { type Case, type Pairs, type Seen, type Wire, overBoth, valuesOf } from "../types.ts";

const HOST = "Host: shop.example.com\r\nx-case: {case}\r\n";
const HIDDEN = `GET /admin HTTP/1.1\r\n${HOST}\r\n`;
const CHUNKED = "Transfer-Encoding: chunked\r\n";

/** The upstream gets /admin, or two lengths of which it may believe either. */
function isSmuggled(seen: Seen): boolean {
  const lengths = valuesOf(seen, "content-length").length;
  const codings = valuesOf(seen, "transfer-encoding");
  return (
    seen.target.startsWith("/admin") || lengths > 1 || (lengths > 0 && codings.length > 0) || codings.some((value) => value !== "chunked")
  );
}

/** What stands before and in a body in which another request hides. */
const SMUGGLED: readonly (readonly [name: string, head: string, body: string])[] = [
  ["length and chunks", `Content-Length: ${HIDDEN.length + 5}\r\n${CHUNKED}`, `0\r\n\r\n${HIDDEN}`],
  ["chunks and length", `${CHUNKED}Content-Length: 4\r\n`, `5c\r\n${HIDDEN}\r\n0\r\n\r\n`],
  ["two lengths", "Content-Length: 0\r\nContent-Length: 44\r\n", HIDDEN],
  ["two lengths, the other way round", "Content-Length: 44\r\nContent-Length: 0\r\n", HIDDEN],
  ["lengths in a list", "Content-Length: 0, 44\r\n", HIDDEN],
  ["a signed length", "Content-Length: +0\r\n", HIDDEN],
  ["a negative length", "Content-Length: -1\r\n", HIDDEN],
  ["a hexadecimal length", "Content-Length: 0x0\r\n", HIDDEN],
  ["a length with a blank", "Content-Length: 4 4\r\n", HIDDEN],
  ["a huge length", "Content-Length: 18446744073709551616\r\n", HIDDEN],
  ["a blank before the colon", "Content-Length : 0\r\n", HIDDEN],
  ["chunked twice", `${CHUNKED}${CHUNKED}`, `0\r\n\r\n${HIDDEN}`],
  ["chunked and identity", `${CHUNKED}Transfer-Encoding: identity\r\n`, `0\r\n\r\n${HIDDEN}`],
  ["identity, chunked", "Transfer-Encoding: identity, chunked\r\n", `0\r\n\r\n${HIDDEN}`],
  ["xchunked", "Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n", HIDDEN],
  ["a vertical tab", "Transfer-Encoding: \x0bchunked\r\n", `0\r\n\r\n${HIDDEN}`],
  ["a NUL", "Transfer-Encoding: chunked\0\r\n", `0\r\n\r\n${HIDDEN}`],
  ["in capitals", "Transfer-Encoding: CHUNKED\r\n", `0\r\n\r\n${HIDDEN}`],
  ["folded", "Transfer-Encoding:\r\n chunked\r\n", `0\r\n\r\n${HIDDEN}`],
  ["a blank before the colon of chunked", "Transfer-Encoding : chunked\r\n", `0\r\n\r\n${HIDDEN}`],
  ["a chunk with a sign", CHUNKED, `+0\r\n\r\n${HIDDEN}`],
  ["a chunk with 0x", CHUNKED, `0x0\r\n\r\n${HIDDEN}`],
  ["a chunk that overflows", CHUNKED, `10000000000000000\r\n\r\n${HIDDEN}`],
  ["a chunk's extension with a line end", CHUNKED, `0;a\nb\r\n\r\n${HIDDEN}`],
  ["chunks with bare line feeds", CHUNKED, `0\n\n${HIDDEN}`],
  ["an upgrade and data", "Connection: Upgrade\r\nUpgrade: websocket\r\n", HIDDEN],
  ["h2c and data", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n", HIDDEN],
  ["no length", "", HIDDEN],
];

function smuggling(): Case[] {
  const twin = `POST /public HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nhiGET /public/second HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;
  const http1 = ["allow-public", "deny-admin"].flatMap((policy) => [
    ...["POST", "GET"].flatMap((method) =>
      SMUGGLED.map(
        ([name, head, body]): Case => ({
          family: 26,
          name: `${method}, ${name}`,
          protocol: "HTTP/1.1",
          policy,
          request: { raw: `${method} /public HTTP/1.1\r\n${HOST}${head}\r\n${body}` },
          forbidden: isSmuggled,
          twin: { raw: twin },
          twinSeen: ({ target }) => target === "/public/second",
        }),
      ),
    ),
    ...["CONNECT shop.example.com:443", "CONNECT /admin", "PRI *"].map(
      (line): Case => ({
        family: 26,
        name: `data behind ${line}`,
        protocol: "HTTP/1.1",
        policy,
        request: { raw: `${line} HTTP/1.1\r\n${HOST}\r\n${HIDDEN}` },
        twin: { raw: twin },
      }),
    ),
  ]);
  const overHttp2: Pairs[] = [
    [["content-length", "0"]],
    [
      ["content-length", "1"],
      ["content-length", "2"],
    ],
    [["transfer-encoding", "chunked"]],
    [["connection", "close"]],
    [["upgrade", "websocket"]],
    [[":path", "/admin"]],
    [[":method", "GET"]],
    [[":protocol", "websocket"]],
    [[":unknown", "x"]],
    [["X-Capital", "x"]],
    [["x a", "b"]],
    [["", "b"]],
    [["x:y", "b"]],
    [["te", "gzip"]],
  ];
  return [
    ...http1,
    ...overHttp2.map(
      (headers): Case => ({
        family: 26,
        name: headers.map((pair) => pair.join(": ")).join(", "),
        protocol: "HTTP/2",
        policy: "allow-public",
        request: { method: "POST", target: "/public", headers, body: HIDDEN },
        forbidden: (seen) => isSmuggled(seen) || headers.some(([name]) => valuesOf(seen, name).length > 1),
        twin: { method: "POST", target: "/public", body: HIDDEN },
        twinSeen: ({ target, body }) => target === "/public" && body.includes("GET /admin"),
      }),
    ),
  ];
}

const NO_TARGET = "Envoy routes none of this form, or policies see none of their paths";

/** CVE-2026-73547: what policies ask for is not there at all. */
function missing(): Case[] {
  const wires: [name: string, wire: Wire][] = [
    ["CONNECT without a path", { method: "CONNECT", target: null, host: "shop.example.com:443" }],
    ["CONNECT to a host with a path", { method: "CONNECT", target: "/admin", host: "shop.example.com:443" }],
    ["an extended CONNECT", { method: "CONNECT", target: "/admin", headers: [[":protocol", "websocket"]] }],
    ["a GET with :protocol", { target: "/admin", headers: [[":protocol", "websocket"]] }],
    ["CONNECT without a port", { method: "CONNECT", target: null }],
    ["CONNECT to nowhere", { method: "CONNECT", target: null, host: "" }],
    ["OPTIONS *", { method: "OPTIONS", target: "*" }],
    ["GET *", { target: "*" }],
    ["an empty path", { target: "" }],
    ["no path", { target: null }],
    ["only a query", { target: "?x" }],
    ["only a fragment", { target: "#x" }],
    ["a blank", { target: " " }],
    ["no host", { target: "/admin", host: null }],
    ["an empty host", { target: "/admin", host: "" }],
    ["no method", { method: "", target: "/admin" }],
    ["a path without a slash", { target: "admin" }],
    ["a whole URI", { target: "http://shop.example.com/admin" }],
    ["a URI of another kind", { target: "file:///admin" }],
    ["a URI without a path", { target: "http://shop.example.com" }],
    ["a URI with a query alone", { target: "http://shop.example.com?/public" }],
    ["a URI without a host", { target: "http:///admin" }],
  ];
  const bothLeftOut = (policy: string, name: string) => policy === "deny-admin" && /URI with(out a path| a query)|OPTIONS \*/.test(name);
  return [
    ...["allow-public", "deny-not-public", "connect-allow", "connect-deny", "deny-admin"].flatMap((policy) =>
      wires.flatMap(([name, request]) =>
        bothLeftOut(policy, name) ? [] : overBoth({ family: 27, name, policy, request, noTwin: NO_TARGET }),
      ),
    ),
    ...["allow-host", "deny-not-host", "allow-not-host"].flatMap((policy) =>
      [null, ""].flatMap((host) =>
        overBoth({
          family: 27,
          name: `host ${host === null ? "missing" : "empty"}`,
          policy,
          request: { host },
          // Nobody's host is no forbidden one: Istio's `not` holds for what is absent.
          forbidden: () => policy !== "allow-not-host",
          twin: { host: "public.example.com" },
        }),
      ),
    ),
  ];
}

const many = (count: number, pair: (index: number) => readonly [string, string]): Pairs =>
  Array.from({ length: count }, (_, index) => pair(index));

/** CVE-2026-47774: headers without end, and the one that counts behind all of them. */
function long(): Case[] {
  const before: [name: string, pairs: Pairs][] = [
    ["90 headers", many(90, (n) => [`x-${n}`, "v"])],
    ["1,100 headers", many(1_100, (n) => [`x-${n}`, "v"])],
    ["8 KiB", [["x-long", "v".repeat(8_192)]]],
    ["40 KiB", [["x-long", "v".repeat(40_960)]]],
    ["59 KiB", [["x-long", "v".repeat(60_000)]]],
    ["70 KiB", [["x-long", "v".repeat(71_680)]]],
    ["90 lines of the same", many(90, () => ["x-role", "user"])],
    ["a name of 8 KiB", [["x".repeat(8_192), "v"]]],
  ];
  const refused = "more than 100 headers or 60 KiB: Envoy answers 431";
  return [
    ...before.flatMap(([name, pairs]) =>
      ["deny-role", "allow-not-role"].flatMap((policy) =>
        overBoth({
          family: 28,
          name,
          policy,
          request: { headers: [...pairs, ["x-role", "admin"]] },
          ...(/1,100|70/.test(name) ? { noTwin: refused } : { twin: { headers: [...pairs, ["x-role", "user"]] } }),
        }),
      ),
    ),
    ...[10, 80, 95, 1_000, 5_000].flatMap((count) =>
      overBoth({
        family: 28,
        name: `${count} cookies`,
        policy: "deny-cookie",
        request: { headers: [...many(count, (n) => ["cookie", `c${n}=v`]), ["cookie", "role=admin"]] },
        // A crumb is a header until HTTP/2's cookies are joined.
        ...(count > 90
          ? { noTwin: refused }
          : { twin: { headers: [...many(count, (n) => ["cookie", `c${n}=v`]), ["cookie", "role=user"]] } }),
      }),
    ),
  ];
}

const TWICE = "dots that are escaped twice";

/** CVE-2019-14993: a path of 50 KiB against every kind of pattern. Work that is not linear would not answer in time. */
function longPaths(): Case[] {
  const length = 50_000;
  const shapes: [name: string, path: (target: string) => string][] = [
    ["segments", (t) => `/${t}${"/a".repeat(length / 2)}`],
    ["dots", (t) => `${"/a/..".repeat(length / 5)}/${t}`],
    ["dots behind parameters", (t) => `${"/a/..;".repeat(length / 6)}/${t}`],
    [TWICE, (t) => `${"/a/%252e%252e".repeat(length / 13)}/${t}`],
    ["slashes", (t) => `${"/".repeat(length)}${t}`],
    ["parameters", (t) => `/${t}${";a=b".repeat(length / 4)}`],
    ["escapes", (t) => `/${t}/${"%2541".repeat(length / 5)}`],
    ["percents", (t) => `/${t}/${"%".repeat(length)}`],
    ["climbing back from deep", (t) => `${"/a".repeat(length / 5)}${"/..;".repeat(length / 5)}/${t}`],
    ["a query", (t) => `/${t}?${"a=b&".repeat(length / 4)}`],
  ];
  const broad = ["deny-admin", "allow-not-admin"].flatMap((policy) =>
    shapes.flatMap(([name, path]) =>
      overBoth({
        family: 29,
        name,
        policy,
        request: { target: path("admin") },
        ...(name === TWICE ? { noTwin: "refused whatever it leads to: family 3 says why" } : { twin: { target: path("pages") } }),
      }),
    ),
  );
  const ends = ["deny-suffix", "deny-template"].flatMap((policy) =>
    ["/a".repeat(length / 2), "/*".repeat(length / 2), "/%2541".repeat(length / 6)].flatMap((middle) =>
      overBoth({
        family: 29,
        name: "by its end",
        policy,
        request: { target: `/files${middle}/secret` },
        twin: { target: `/files${middle}/open` },
      }),
    ),
  );
  const tooLong = overBoth({
    family: 29,
    name: "64 KiB",
    policy: "deny-admin",
    request: { target: `/admin/${"a".repeat(65_536)}` },
    noTwin: "Envoy answers 431 beyond 60 KiB",
  });
  return [...broad, ...ends, ...tooLong];
}

export function framingFamilies(): Case[] {
  return [...smuggling(), ...missing(), ...long(), ...longPaths()];
}
