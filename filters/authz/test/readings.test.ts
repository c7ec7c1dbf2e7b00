// What the other tests leave open: readings, answers that cannot be told, and the edges of the index.
import { expect, test } from "vitest";
import { type HostRequest, openHost } from "../../../harness/host/index.ts";
import { createAuthority } from "../../../harness/identities/index.ts";
import { authzModule } from "./support.ts";

const wasm = await authzModule();
const authority = await createAuthority();
const server = await authority.issue({ serviceAccount: "server" });

type Action = "ALLOW" | "DENY";
const rule = (action: string, ...rules: object[]) => ({ metadata: { name: "a" }, spec: { action, rules } });
const header = (action: Action, lists: object) => rule(action, { when: [{ key: "request.headers[x-t]", ...lists }] });
const claim = (action: Action, lists: object) => rule(action, { when: [{ key: "request.auth.claims[groups]", ...lists }] });
const operation = (action: Action, one: object) => rule(action, { to: [{ operation: one }] });
const source = (action: Action, one: object) => rule(action, { from: [{ source: one }] });
const lines = (...values: string[]): HostRequest => ({ headers: values.map((value): [string, string] => ["x-t", value]) });
const hosted = (host: string): HostRequest => ({ headers: { host } });
const token = (payload: object): HostRequest => ({ metadata: { "envoy.filters.http.jwt_authn": { payload } } });
const uri = async (...uriSans: string[]): Promise<HostRequest> => ({ identity: await authority.issue({ uriSans }) });
const dns = async (): Promise<HostRequest> => ({ identity: await authority.issue({ uriSans: [], dnsSans: ["web.example"] }) });

/** Over TLS, without a certificate unless it says so. */
const over = async (request: HostRequest | Promise<HostRequest>): Promise<HostRequest> => ({ trust: authority, ...(await request) });

function open(config: object, componentLogLevel = "wasm:info") {
  return openHost({
    filters: [{ name: "authz", wasm, config }],
    listeners: {
      main: {
        tls: { identity: server, clientCertificate: "optional" },
        accessLog: { authz: "%FILTER_STATE(wasm.meshscript.authz:PLAIN)%" },
      },
    },
    componentLogLevel,
  });
}

test.each<[what: string, matching: "istio" | "strict", policy: object, request: HostRequest | Promise<HostRequest>, status: number]>([
  // core/program.ts: alternatives
  ["a DENY sees the lines joined, in its `not` form, too", "istio", header("DENY", { notValues: ["a", "b"] }), lines("a", "b"), 403],
  ["strict, what is only a reading is no reason to refuse", "strict", header("DENY", { notValues: ["a"] }), lines("a", "a"), 200],
  ["an ALLOW does not exclude by a reading", "istio", header("ALLOW", { notValues: ["a,b"] }), lines("a", "b"), 200],
  ["strict it does", "strict", header("ALLOW", { notValues: ["a,b"] }), lines("a", "b"), 403],
  ["an ALLOW need not name a reading", "strict", header("ALLOW", { values: ["a"], notValues: ["c"] }), lines("a", "a"), 200],
  // fails, pair, set, raw
  [
    "an ALLOW does not hold where its `not` cannot be told",
    "strict",
    operation("ALLOW", { notPaths: ["/f/{*}"] }),
    { path: "/f/a|b" },
    403,
  ],
  ["a DENY does", "strict", operation("DENY", { notPaths: ["/f/{*}"] }), { path: "/f/a|b" }, 403],
  [
    "half a token that cannot be told allows nothing",
    "strict",
    source("ALLOW", { requestPrincipals: ["*"] }),
    token({ iss: "i", sub: "a\nb" }),
    403,
  ],
  [
    "what one element leaves open the next does not settle",
    "strict",
    claim("DENY", { values: ["*"] }),
    token({ groups: ["a\nb", ""] }),
    403,
  ],
  ["decoded, {*} takes any byte", "strict", operation("ALLOW", { paths: ["/f/{*}"] }), { path: "/f/a%7Cb" }, 200],
  ["and so does {**}", "strict", operation("ALLOW", { paths: ["/f/{**}"] }), { path: "/f/a%7Cb" }, 200],
  // core/gate.ts, core/rule-index.ts
  [
    "of more values than the index takes the last counts, too",
    "istio",
    operation("DENY", { paths: Array.from({ length: 300 }, (_, n) => `/p${n}`) }),
    { path: "/p299" },
    403,
  ],
  ["a namespace with a slash is found", "istio", source("DENY", { namespaces: ["a/sa"] }), uri("spiffe://td/ns/a/sa/web"), 403],
  ["the second namespace of an id is found", "istio", source("DENY", { namespaces: ["b"] }), uri("spiffe://td/ns/a/ns/b/sa/web"), 403],
  // subjects/address.ts
  [
    "`-` is no address: an ALLOW does not hold",
    "istio",
    source("ALLOW", { notIpBlocks: ["10.0.0.0/8"] }),
    { filterState: { "meshscript.direct_remote_address": "-" } },
    403,
  ],
  // subjects/connection.ts
  ["a name with a space is nobody's: DENY", "istio", source("DENY", { principals: ["td/ns/a/sa/b"] }), uri("spiffe://td/ns/a/sa/b c"), 403],
  ["or with DEL", "istio", source("DENY", { principals: ["td/ns/a/sa/b"] }), uri("spiffe://td/ns/a/sa/b\x7f"), 403],
  // subjects/message.ts
  [
    "one small letter is enough for another method",
    "istio",
    operation("DENY", { methods: ["PATCH"] }),
    { method: "PaTCH", protocol: "h2" },
    403,
  ],
  ["so many hosts cannot be told", "istio", operation("DENY", { hosts: ["q"] }), hosted("a,".repeat(300)), 403],
  ["what has a slash is no host", "strict", operation("DENY", { hosts: ["admin.example"] }), hosted("admin.example/x"), 403],
  ["an address without brackets is no host", "strict", operation("ALLOW", { hosts: ["fe80::1"] }), hosted("fe80::1"), 403],
  ["all final dots go", "strict", operation("DENY", { hosts: ["a.example"] }), hosted("a.example.."), 403],
  ["so many elements cannot be told", "strict", header("DENY", { values: ["q"] }), lines("a,".repeat(300)), 403],
  ["spaces around an element are not its own", "strict", header("DENY", { values: ["a"] }), lines("a ,b"), 403],
  // subjects/metadata.ts
  ["a token without a subject is nobody's", "istio", source("ALLOW", { requestPrincipals: ["*"] }), token({ iss: "i" }), 403],
  ["nor one whose subject is a number", "istio", source("ALLOW", { requestPrincipals: ["*"] }), token({ iss: "i", sub: 5 }), 403],
  // config
  [
    "strict, [:method] is a method",
    "strict",
    rule("DENY", { when: [{ key: "request.headers[:method]", values: ["PATCH"] }] }),
    { method: "PaTCH", protocol: "h2" },
    403,
  ],
  [
    "strict, [:authority] is a host",
    "strict",
    rule("DENY", { when: [{ key: "request.headers[:authority]", values: ["admin.example"] }] }),
    hosted("ADMIN.example:80"),
    403,
  ],
  ["who is named by DNS alone is somebody", "istio", source("ALLOW", { notPrincipals: ["*"] }), dns(), 403],
  [
    "a star does not stand for the scheme",
    "istio",
    source("ALLOW", { principals: ["*//td/ns/a/sa/b"] }),
    uri("spiffe://td/ns/a/sa/b"),
    403,
  ],
  ["a policy's path is decoded twice", "strict", operation("DENY", { paths: ["/%2561dmin"] }), { path: "/admin" }, 403],
])("%s", async (_, matching, policy, request, status) => {
  const host = await open({ matching, policies: [policy] });
  expect((await host.request(await over(request))).status).toBe(status);
  await host.stop();
});

test("headers whose names have one hash are found both", async () => {
  const when = (name: string) => ({ when: [{ key: `request.headers[${name}]`, values: ["1"] }] });
  // FNV-1a, 32 bits: 0x5e4daa9d.
  const host = await open({ policies: [rule("DENY", when("costarring"), when("liquid"))] });
  for (const name of ["costarring", "liquid"]) expect((await host.request(await over({ headers: { [name]: "1" } }))).status).toBe(403);
  expect((await host.request(await over({}))).status).toBe(200);
  await host.stop();
});

test("a list in one request is none in the next", async () => {
  const host = await open({
    policies: [
      rule(
        "ALLOW",
        { when: [{ key: "experimental.envoy.filters.a[k]", values: ["v"] }] },
        { when: [{ key: "experimental.envoy.filters.a[k]", values: ["[w]"] }] },
      ),
    ],
  });
  const ask = async (k: unknown) => (await host.request(await over({ metadata: { "envoy.filters.a": { k } } }))).status;
  expect([await ask(["w"]), await ask("v"), await ask("w"), await ask(["v"])]).toEqual([200, 200, 403, 403]);
  await host.stop();
});

test("AUDIT finds any line, and on trial it is nothing", async () => {
  const when = { when: [{ key: "request.headers[x-t]", values: ["b"] }] };
  const trial = (one: object) => ({ ...one, metadata: { name: "t", annotations: { "istio.io/dry-run": "true" } } });
  const host = await open({
    policies: [rule("AUDIT", when), trial(rule("AUDIT", {})), trial(rule("ALLOW", { to: [{ operation: { paths: ["/x"] } }] }))],
  });
  await host.request(await over(lines("a", "b")));
  expect(host.accessLog().at(-1)?.["authz"]).toBe("verdict=allowed audit=ns[]-policy[a]-rule[0] dry_run=denied dry_run_policy=none");
  await host.stop();
});

test.each<[what: string, policy: object, request: HostRequest, line: string]>([
  // core/program.ts: explain
  [
    "a source that holds makes up for one that does not",
    rule("ALLOW", { from: [{ source: { remoteIpBlocks: ["10.0.0.0/8"] } }, { source: { remoteIpBlocks: ["127.0.0.0/8"] } }] }),
    {},
    "match",
  ],
  [
    "the `not` form is named where the other holds",
    header("ALLOW", { values: ["a*"], notValues: ["ab"] }),
    lines("ab"),
    "no match: when[request.headers[x-t]].notValues",
  ],
  [
    "the other form where only the first line has it",
    header("ALLOW", { values: ["a"], notValues: ["b"] }),
    lines("a", "c"),
    "no match: when[request.headers[x-t]].values",
  ],
  [
    "DENY: the `not` form",
    header("DENY", { values: ["a*"], notValues: ["ab"] }),
    lines("ab"),
    "no match: when[request.headers[x-t]].notValues",
  ],
])("explains: %s", async (_, policy, request, line) => {
  const host = await open({ policies: [policy] }, "wasm:trace");
  await host.request(await over(request));
  expect(host.logs().wasm.map(({ message }) => message)).toContainEqual(`[authz] ns[]-policy[a]-rule[0]: ${line}`);
  await host.stop();
});

test("a pattern of trust domains is not narrowed to the mesh's own", async () => {
  const host = await open({ trustDomain: "a.example", policies: [source("DENY", { principals: ["*.example/ns/n/sa/s"] })] });
  expect((await host.request(await over(uri("spiffe://b.example/ns/n/sa/s")))).status).toBe(403);
  await host.stop();
});

test.each([2, 3])("principals *: when the answer %i about the certificate fails, a DENY holds", async (call) => {
  const host = await open({ policies: [source("DENY", { principals: ["*"] })] });
  host.fail({ name: "proxy_get_property", call, status: 10 });
  expect((await host.request(await over({}))).status).toBe(403);
  await host.stop();
});
