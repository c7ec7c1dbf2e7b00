// What is easily read in another way, each beside the real Envoy.
import { expect, test } from "vitest";
import { type Questions, askEnvoy } from "./ask.ts";
import { difference } from "./difference.ts";
import { evaluate } from "./evaluate.ts";
import { createMesh } from "./listeners.ts";
import type { AuthzConfig, RequestFacts, Rule, Source } from "./types.ts";
import { trustDomains } from "./vocabulary.ts";

const mesh = await createMesh(trustDomains);

const base: RequestFacts = {
  method: "GET",
  path: "/",
  authority: "example.com",
  headers: [],
  directPeer: "127.0.0.1",
  client: "203.0.113.7",
  destination: { ip: "10.0.0.5", port: 8080 },
};

function policy(action: "ALLOW" | "DENY", rule: Rule): AuthzConfig {
  return { policies: [{ metadata: { name: "p", namespace: "shop" }, spec: { action, rules: [rule] } }] };
}

test("a template's segment takes each byte that the evaluator's takes", async () => {
  // `#` and bytes above 0x7e are answered with 400 before any filter, `?` ends the path.
  const bytes = Array.from({ length: 0x7e - 0x20 }, (_, i) => String.fromCharCode(0x21 + i)).filter((byte) => !"#?".includes(byte));
  const questions = ["/s/{*}", "/s/{**}"].map((path) => ({
    config: policy("ALLOW", { to: [{ operation: { paths: [path] } }] }),
    requests: bytes.map((byte) => ({ ...base, path: `/s/x${byte}y` })),
  }));
  const all = await askEnvoy(questions, mesh);

  expect(all.flatMap((said) => difference(said) ?? [])).toEqual([]);
  const taken = all.slice(0, bytes.length).filter(({ status }) => status === 200);
  expect(taken.map(({ facts }) => facts.path[4]).join("")).toBe(
    "!$%&'()*+,-.0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~",
  );
});

test("what surprises about Istio's patterns is so in Envoy, too", async () => {
  const path = (pattern: string, ...given: string[]): Questions => ({
    config: policy("ALLOW", { to: [{ operation: { paths: [pattern] } }] }),
    requests: given.map((one) => ({ ...base, path: one })),
  });
  const token = (value: string, ...given: [iss: string, sub: string][]): Questions => ({
    config: policy("ALLOW", { from: [{ source: { requestPrincipals: [value] } }] }),
    requests: given.map(([iss, sub]) => ({ ...base, payload: { iss, sub } })),
  });
  const claim = (value: string, ...given: string[]): Questions => ({
    config: policy("ALLOW", { when: [{ key: "request.auth.claims[role]", values: [value] }] }),
    requests: given.map((role) => ({ ...base, payload: { role } })),
  });
  const remote = (block: string, ...given: string[]): Questions => ({
    config: policy("ALLOW", { from: [{ source: { remoteIpBlocks: [block] } }] }),
    requests: given.map((client) => ({ ...base, client })),
  });
  const peer = (lists: Source, ...ids: string[]): Questions => ({
    config: policy("ALLOW", { from: [{ source: lists }] }),
    requests: ids.map((id) => ({ ...base, spiffeId: `spiffe://${id}` })),
  });
  const of = (mesh: Omit<AuthzConfig, "policies">, { config, requests }: Questions): Questions => ({
    config: { ...config, ...mesh },
    requests,
  });
  const web = ["cluster.local/ns/shop/sa/web", "mesh.east/ns/shop/sa/web", "old.td/ns/shop/sa/web", "oldxtd/ns/shop/sa/web"];
  const moved = { trustDomain: "mesh.east", trustDomainAliases: ["old.td"] };
  const condition = (key: string, value: string, ...given: Partial<RequestFacts>[]): Questions => ({
    config: policy("ALLOW", { when: [{ key, values: [value] }] }),
    requests: given.map((facts) => ({ ...base, ...facts })),
  });
  const cases: [Questions, string][] = [
    // A dot is a dot.
    [peer({ serviceAccounts: ["web.admin"] }, "old.td/ns/shop/sa/web.admin", "old.td/ns/shop/sa/webxadmin"), "yn"],
    [peer({ serviceAccounts: ["shop.eu/web"] }, "old.td/ns/shop.eu/sa/web", "old.td/ns/shopxeu/sa/web"), "yn"],
    [peer({ namespaces: ["shop.*"] }, "old.td/ns/shop.eu/sa/web", "old.td/ns/shopxeu/sa/web"), "yn"],
    [peer({ principals: ["*/web.admin"] }, "old.td/ns/shop/sa/web.admin", "old.td/ns/shop/sa/webxadmin"), "yn"],
    [peer({ trustDomains: ["old.*"] }, "old.td/ns/shop/sa/web", "oldxtd/ns/shop/sa/web"), "yn"],
    // A namespace's star goes across slashes, a trust domain's does not.
    [peer({ namespaces: ["*sa"] }, "old.td/ns/shop/sa/web"), "y"],
    [peer({ trustDomains: ["*shop"] }, "old.td/ns/shop/sa/web"), "n"],
    // Other segments may stand between and behind; a name is whole.
    [peer({ serviceAccounts: ["web"] }, "old.td/r/eu/ns/shop/pod/p/sa/web/rev/7", "old.td/ns/shop/sa/web2", "old.td/ns/shop/web"), "ynn"],
    [peer({ principals: ["*"] }, "old.td/workload"), "y"],
    // Without aliases `cluster.local` still means the mesh's own trust domain, as a principal; as a trust domain it is a name.
    [of({ trustDomain: "mesh.east" }, peer({ principals: ["cluster.local/ns/shop/sa/web"] }, ...web)), "nynn"],
    [of({ trustDomain: "mesh.east" }, peer({ trustDomains: ["cluster.local"] }, ...web)), "ynnn"],
    [of(moved, peer({ principals: ["cluster.local/ns/shop/sa/web"] }, ...web)), "nyyn"],
    [of(moved, peer({ principals: ["old.td/ns/shop/sa/web"] }, ...web)), "nyyn"],
    [of(moved, peer({ principals: ["oldxtd/ns/shop/sa/web"] }, ...web)), "nnny"],
    [of(moved, peer({ principals: ["*td/ns/shop/sa/web"] }, ...web)), "nyyy"],
    [of(moved, peer({ principals: ["old*/ns/shop/sa/web"] }, ...web)), "nyyn"],
    [of(moved, peer({ principals: ["*/ns/shop/sa/web"] }, ...web)), "yyyy"],
    // Of four parts and a star, or of another form, it is no principal of a trust domain that could be replaced.
    [of(moved, peer({ principals: ["mesh.east/ns/shop/*"] }, ...web)), "nynn"],
    [of(moved, peer({ notPrincipals: ["cluster.local/ns/shop/sa/web"] }, ...web)), "ynny"],
    [of(moved, peer({ trustDomains: ["old.td"] }, ...web)), "nyyn"],
    [of(moved, peer({ trustDomains: ["old*"] }, ...web)), "nnyy"],
    // The slashes around `{**}` stay: "zero or more segments" leaves one more slash than one would think.
    [path("/{**}/end", "/end", "//end", "/a/end", "/a/b/end", "/end/"), "nyyyn"],
    [path("/foo/{**}/", "/foo/", "/foo//", "/foo/a/", "/foo/a"), "nyyn"],
    [path("/s/{**}", "/s", "/s/", "/s//", "/s/a/"), "nyyy"],
    [path("/s/{*}", "/s", "/s/", "/s//", "/s/a", "/s/a/", "/s/a?b=/c"), "nnnyny"],
    // A star at both ends is a suffix with a star in it.
    [path("*api*", "/api", "/api*", "/v1api*"), "nyy"],
    [path("/a*b", "/axb", "/a*b"), "ny"],
    // A leading star is the issuer's, and makes of the subject an exact text.
    [token("*/*", ["a", "b"], ["a", "*"], ["", "*"]), "nyn"],
    [token("*b/c*", ["ab", "cd"], ["ab", "c*"]), "ny"],
    [token("issuer", ["issuer", ""], ["issuer", "ann"]), "yn"],
    [token("a/b/*", ["a/b", "c"], ["a", "b/c"], ["a/b", ""]), "ynn"],
    [token("*nn", ["a", "ann"], ["", "ann"]), "yn"],
    // `*` is `.+`: no empty text, and no line feed.
    [claim("*", "x", "", "a\nb", "a\rb", "\u2028", "\u0000"), "ynnyyy"],
    [remote("0.0.0.0/0", "1.2.3.4", "2001:db8::7", "::ffff:1.2.3.4"), "ynn"],
    // Envoy keeps the server name in lower case, and policies as they are written.
    [condition("connection.sni", "SHOP.internal", { sni: "shop.internal" }), "n"],
    // These headers are there, too.
    [condition("request.headers[:path]", "/x?y", { path: "/x?y" }, { path: "/x" }), "yn"],
    [condition("request.headers[:method]", "POST", { method: "POST" }, { method: "GET" }), "yn"],
    [condition("request.headers[:authority]", "a.example", { authority: "a.example" }, { authority: "A.example" }), "yn"],
    [condition("request.headers[host]", "a.example", { authority: "a.example" }, { authority: "b.example" }), "yn"],
    [remote("::ffff:1.2.3.0/120", "1.2.3.4", "::ffff:1.2.3.4"), "ny"],
  ];
  const all = await askEnvoy(
    cases.map(([questions]) => questions),
    mesh,
  );

  expect(all.flatMap((said) => difference(said) ?? [])).toEqual([]);
  const told = cases.map(([{ config, requests }]) => requests.map((facts) => (evaluate(config, facts).allowed ? "y" : "n")).join(""));
  expect(told).toEqual(cases.map(([, expected]) => expected));
});

test("of a header that comes twice Envoy takes each value by itself, and never all of them joined", async () => {
  const headers: [string, string][] = [
    ["x-role", "user"],
    ["x-role", "admin"],
  ];
  const asked = (action: "ALLOW" | "DENY", lists: { values?: string[]; notValues?: string[] }): Questions => ({
    config: policy(action, { when: [{ key: "request.headers[x-role]", ...lists }] }),
    requests: [{ ...base, headers }],
  });
  // What Envoy says, and what the evaluator says on purpose.
  const cases: [Questions, native: number, ours: number][] = [
    [asked("ALLOW", { values: ["admin"] }), 200, 403],
    [asked("ALLOW", { values: ["admin", "user"] }), 200, 200],
    [asked("ALLOW", { values: ["user,admin"] }), 403, 403],
    [asked("ALLOW", { notValues: ["admin"] }), 403, 403],
    [asked("ALLOW", { notValues: ["user,admin"] }), 200, 200],
    [asked("DENY", { values: ["admin"] }), 403, 403],
    [asked("DENY", { values: ["user,admin"] }), 200, 403],
    [asked("DENY", { notValues: ["admin"] }), 200, 403],
    [asked("DENY", { values: ["*"], notValues: ["admin"] }), 200, 403],
  ];
  const all = await askEnvoy(
    cases.map(([questions]) => questions),
    mesh,
  );

  expect(all.map(({ status }) => status)).toEqual(cases.map(([, native]) => native));
  expect(all.map(({ config, facts }) => (evaluate(config, facts).allowed ? 200 : 403))).toEqual(cases.map(([, , ours]) => ours));
});

test("the direct peer is who holds the socket, whatever the PROXY protocol and x-forwarded-for say", async () => {
  const questions = ["127.0.0.77", "192.0.2.1", "203.0.113.7"].map(
    (block): Questions => ({
      config: policy("ALLOW", { from: [{ source: { ipBlocks: [block] } }] }),
      requests: [{ ...base, directPeer: "127.0.0.77" }],
    }),
  );
  const all = await askEnvoy(questions, mesh);

  expect(all.map(({ status }) => status)).toEqual([200, 403, 403]);
});
