// What the filter does when the host does not do what it is asked: never a trap, and never an allow that should be a deny.
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { type Host, type HostRequest, Status, everyFault, openHost } from "../../../harness/host/index.ts";
import { createAuthority } from "../../../harness/identities/index.ts";
import type { ModuleReport } from "../../../modules/index.ts";
import type { AuthzConfig } from "../config.ts";
import { authzModule } from "./support.ts";

const wasm = await authzModule();
const authority = await createAuthority();
const identity = await authority.issue({ serviceAccount: "web" });
const always = Number.POSITIVE_INFINITY;
/** What a host call that fails may answer. That there is no such attribute is no failure: it is so of a client without a certificate. */
const failures = [Status.BadArgument, Status.SerializationFailure, Status.InternalFailure, 99];
const report = JSON.parse(await readFile(wasm.replace(/\.wasm$/, ".report.json"), "utf8")) as ModuleReport;
const imports = report.imports.map(({ name }) => name);

type Rule = NonNullable<NonNullable<NonNullable<AuthzConfig["policies"]>[number]["spec"]>["rules"]>[number];

const policy = (action: "ALLOW" | "DENY" | "AUDIT", rule: Rule) => ({
  metadata: { name: action.toLowerCase() },
  spec: { action, rules: [rule] },
});
const claims = { "envoy.filters.http.jwt_authn": { payload: { iss: "https://issuer.example", sub: "ann", groups: ["dev"] } } };
const request: HostRequest = {
  path: "/a/b",
  headers: [
    ["host", "shop.example"],
    ["x-role", "guest"],
    ["x-role", "user"],
  ],
  identity,
  trust: authority,
  metadata: claims,
  filterState: { "meshscript.direct_remote_address": "10.1.2.3" },
};

/** One rule of each kind that holds for the request, and one in its `not` form. */
const rules: Record<string, Rule> = {
  paths: { to: [{ operation: { paths: ["/a/*"] } }] },
  templates: { to: [{ operation: { paths: ["/a/{*}"] } }] },
  notPaths: { to: [{ operation: { notPaths: ["/b"] } }] },
  methods: { to: [{ operation: { methods: ["GET"] } }] },
  hosts: { to: [{ operation: { hosts: ["*.EXAMPLE"] } }] },
  ports: { to: [{ operation: { ports: ["10000"] } }] },
  notPorts: { to: [{ operation: { notPorts: ["1"] } }] },
  principals: { from: [{ source: { principals: ["cluster.local/ns/default/sa/web"] } }] },
  anybody: { from: [{ source: { principals: ["*"] } }] },
  notPrincipals: { from: [{ source: { notPrincipals: ["cluster.local/ns/default/sa/db"] } }] },
  namespaces: { from: [{ source: { namespaces: ["def*"] } }] },
  serviceAccounts: { from: [{ source: { serviceAccounts: ["default/web"] } }] },
  trustDomains: { from: [{ source: { trustDomains: ["cluster.local"] } }] },
  requestPrincipals: { from: [{ source: { requestPrincipals: ["https://issuer.example/ann"] } }] },
  notRequestPrincipals: { from: [{ source: { notRequestPrincipals: ["*/bob"] } }] },
  ipBlocks: { from: [{ source: { ipBlocks: ["10.0.0.0/8"] } }] },
  notIpBlocks: { from: [{ source: { notIpBlocks: ["11.0.0.0/8"] } }] },
  remoteIpBlocks: { from: [{ source: { remoteIpBlocks: ["127.0.0.0/8"] } }] },
  notRemoteIpBlocks: { from: [{ source: { notRemoteIpBlocks: ["11.0.0.0/8"] } }] },
  headers: { when: [{ key: "request.headers[x-role]", values: ["guest", "user"] }] },
  notHeaders: { when: [{ key: "request.headers[x-role]", notValues: ["admin"] }] },
  claims: { when: [{ key: "request.auth.claims[groups]", values: ["dev"] }] },
  notClaims: { when: [{ key: "request.auth.claims[groups]", notValues: ["ops"] }] },
  destination: { when: [{ key: "destination.ip", values: ["127.0.0.1"] }] },
};

function open(config: AuthzConfig): Promise<Host> {
  return openHost({
    filters: [{ name: "authz", wasm, config }],
    listeners: { main: { tls: { identity, clientCertificate: "optional" } } },
    upstreams: { app: {} },
    onHang: "wait",
  });
}

/** Whether the upstream heard of the request. */
async function reaches(host: Host): Promise<boolean> {
  await host.request(request).catch(() => undefined);
  return host.upstream("app").requests.length > 0;
}

describe.each(Object.entries(rules))("%s", (_, rule) => {
  test("a DENY that holds refuses whatever host call fails with whatever status", async () => {
    const config = { policies: [policy("DENY", rule), policy("ALLOW", {}), policy("AUDIT", rule)] };
    const passed: object[] = [];
    const outcomes = await everyFault(
      () => open(config),
      async (host) => {
        if (await reaches(host)) throw new Error("reached");
      },
      { statuses: failures, callbacks: ["proxy_on_request_headers", "proxy_on_context_create"] },
    );
    for (const outcome of outcomes) if (outcome.error || outcome.trap) passed.push(outcome);

    expect(passed).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(20);
  });

  test("an ALLOW that does not hold allows nothing whatever host call fails, and without a failure the one that holds does", async () => {
    const host = await open({ policies: [policy("ALLOW", rule)] });
    expect(await reaches(host)).toBe(true);
    await host.stop();

    const closed = { policies: [policy("DENY", { to: [{ operation: { methods: ["POST"] } }] }), policy("ALLOW", refused(rule))] };
    const outcomes = await everyFault(
      () => open(closed),
      async (one) => {
        if (await reaches(one)) throw new Error("reached");
      },
      { statuses: failures, callbacks: ["proxy_on_request_headers", "proxy_on_context_create"] },
    );
    expect(outcomes.filter(({ error, trap }) => error !== undefined || trap !== undefined)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(20);
  });

  test("an ALLOW that holds allows nothing where the host gives no answer to what it asks", async () => {
    const host = await open({ policies: [policy("ALLOW", rule)] });
    const asks = JSON.stringify(rule).match(/paths|Paths|methods|hosts|headers/) ? "proxy_get_header_map_pairs" : "proxy_get_property";
    host.fail({ name: asks, call: 1, until: always, status: Status.InternalFailure });

    expect(await reaches(host)).toBe(false);
    expect(host.failure).toBeUndefined();
    await host.stop();
  });
});

test.each(imports)("without the host call %s a DENY refuses, or the configuration is refused", async (name) => {
  const capabilities = [...imports, ...report.callbacks].filter((one) => one !== name);
  const config = { policies: [policy("DENY", rules["paths"] ?? {}), policy("DENY", rules["principals"] ?? {})] };
  const filters = [{ name: "authz", wasm, config, capabilities }];
  const host = await openHost({ filters, upstreams: { app: {} }, onHang: "wait" }).catch((error: Error) => error);
  if (host instanceof Error) {
    expect(host.message).toMatch(/configuration/);
    return;
  }
  expect(await reaches(host)).toBe(false);
  await host.stop();
});

/** The same rule with other values, so that it does not hold. */
function refused(rule: Rule): Rule {
  const text = JSON.stringify(rule);
  const negated = /"not[A-Z]\w*":/.test(text);
  if (negated)
    return JSON.parse(
      text.replaceAll(/"not([A-Z])(\w*)":/g, (_, first: string, rest: string) => `"${first.toLowerCase()}${rest}":`),
    ) as Rule;
  return JSON.parse(
    text.replaceAll(
      /"([a-z]\w*)":\[("[^\]]*")\]/g,
      (_, name: string, list: string) => `"not${name[0]?.toUpperCase()}${name.slice(1)}":[${list}]`,
    ),
  ) as Rule;
}
