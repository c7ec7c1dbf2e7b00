import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Envoy, openEnvoy, raw } from "../../harness/index.ts";
import { withText } from "./files.ts";

const FILE = "envoy-configs/authz.yaml";
const DENIED = "rbac_access_denied_matched_policy";

const open = (config = FILE) => openEnvoy({ config, ephemeralPorts: true, upstreams: { app: {} } });

/** The statuses of several requests by GET, one after the other. */
async function statuses(envoy: Envoy, paths: readonly string[], headers: Record<string, string> = {}): Promise<number[]> {
  const all: number[] = [];
  for (const path of paths) all.push((await envoy.request({ path, headers })).status);
  return all;
}

/** What a request line with the bytes of a path, which no client would send, is answered with. */
async function rawStatus(envoy: Envoy, path: string): Promise<string> {
  const bytes = `GET ${path} HTTP/1.1\r\nhost: shop.example.com\r\nconnection: close\r\n\r\n`;
  const answer = await raw(envoy.address(), bytes, { until: (received) => received.includes("\r\n\r\n") });
  return answer.toString("latin1").slice(9, 12);
}

/** Prometheus's lines about policies. */
async function exposed(envoy: Envoy): Promise<string[]> {
  const text = await (await fetch(`${envoy.adminUrl}/stats/prometheus`)).text();
  return text.split("\n").filter((line) => /^[^#].*policy(=|___)/.test(line));
}

/** An issuer of tokens: its keys as jwt_authn takes them, and tokens. */
function tokens(): { jwks: string; token(claims: Record<string, unknown>): string } {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return {
    jwks: JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), alg: "RS256" }] }),
    token: (claims) => {
      const text = `${part({ alg: "RS256" })}.${part({ exp: Math.floor(Date.now() / 1_000) + 600, ...claims })}`;
      return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
    },
  };
}

describe("authz.yaml", () => {
  test("allows what a rule allows, refuses the rest, and logs which rule it was", async () => {
    await using envoy = await open();
    expect(await statuses(envoy, ["/", "/public/a"])).toEqual([200, 200]);
    const denied = await envoy.request({ path: "/admin/users" });
    expect([denied.status, denied.text()]).toEqual([403, "RBAC: access denied"]);
    expect(await statuses(envoy, ["/private"])).toEqual([403]);
    expect((await envoy.upstream("app").received(2)).path).toBe("/public/a");
    expect(envoy.upstream("app").arrivals).toHaveLength(2);

    const log = await envoy.waitForAccessLog(4);
    const rule = "ns[shop]-policy[storefront]-rule[0]";
    expect(log[0]).toMatchObject({ status: 200, details: "via_upstream", authz: `verdict=allowed policy=${rule}` });
    const admin = "ns[shop]-policy[admin]-rule[0]";
    expect(log[2]).toMatchObject({ status: 403, details: `${DENIED}[${admin}]`, authz: `verdict=denied policy=${admin}` });
    expect(log[3]).toMatchObject({ status: 403, details: `${DENIED}[none]`, authz: "verdict=denied policy=none" });
    // Nothing is missing in the list of capabilities: the host would have refused it.
    expect(envoy.logs().wasm.filter(({ level }) => level === "error" || level === "critical")).toEqual([]);
  });

  test("finds the path that a lenient server would read, and follows who asks to the connection's end", async () => {
    await using envoy = await open();
    const spelled = ["//admin", "/public/../admin", "/%61dmin", "/public/..;/admin", "/public/%252e%252e/admin"];
    for (const path of spelled) expect([path, await rawStatus(envoy, path)]).toEqual([path, "403"]);
    const redirect = await envoy.request({ path: "/public/..%2fadmin" });
    expect([redirect.status, redirect.header("location")]).toEqual([307, expect.stringMatching(/\/admin$/)]);
    // The operators' network is no header's to claim.
    expect(await statuses(envoy, ["/admin"], { "x-forwarded-for": "192.0.2.1" })).toEqual([403]);
    expect(envoy.upstream("app").arrivals).toEqual([]);
  });

  test("lets the operators' network past the DENY policy: it knows the other end of the connection", async () => {
    await using envoy = await open(await withText(FILE, "192.0.2.0/24", "127.0.0.0/8"));
    expect(await statuses(envoy, ["/admin", "/public/a"])).toEqual([403, 200]);
    const [entry] = await envoy.waitForAccessLog(2);
    expect(entry?.["authz"]).toBe("verdict=denied policy=none");
  });

  test("refuses whoever it is where the other end of the connection is not told: why that filter is in front", async () => {
    const filter = /^ +- name: direct-remote-address\n( {20,}.*\n)+?(?= +#)/m;
    await using envoy = await open((await withText(FILE, "192.0.2.0/24", "127.0.0.0/8")).replace(filter, ""));
    expect(await statuses(envoy, ["/admin", "/public/a"])).toEqual([403, 200]);
    const [entry] = await envoy.waitForAccessLog(2);
    expect(entry?.["authz"]).toBe("verdict=denied policy=ns[shop]-policy[admin]-rule[0]");
    expect(
      envoy
        .logs()
        .wasm.map(({ message }) => message)
        .join("\n"),
    ).toContain("meshscript.direct_remote_address");
  });

  test("audits writes and tries out the policy on trial, and neither decides", async () => {
    await using envoy = await open();
    expect((await envoy.request({ method: "PUT", path: "/orders/1", body: "x" })).status).toBe(200);
    expect((await envoy.request({ method: "DELETE", path: "/orders/1" })).status).toBe(403);
    expect(await statuses(envoy, ["/public/v1/a"])).toEqual([200]);
    const log = (await envoy.waitForAccessLog(3)).map((entry) => entry["authz"]);
    const audit = "audit=ns[shop]-policy[writes]-rule[0]";
    expect(log[0]).toBe(`verdict=allowed policy=ns[shop]-policy[storefront]-rule[1] ${audit}`);
    expect(log[1]).toBe(`verdict=denied policy=none ${audit}`);
    const tried = "dry_run=denied dry_run_policy=ns[shop]-policy[old-api]-rule[0]";
    expect(log[2]).toBe(`verdict=allowed policy=ns[shop]-policy[storefront]-rule[0] ${tried}`);
  });

  test("makes labels of the filter's and the rule's name for Prometheus", async () => {
    await using envoy = await open();
    expect(await statuses(envoy, ["/", "/", "/admin", "/private"])).toEqual([200, 200, 403, 403]);
    const lines = await exposed(envoy);
    const line = (what: string, policy: string, n: number) => `meshscript_authz_${what}_total{wasm_filter="authz",policy="${policy}"} ${n}`;
    expect(lines).toContain(line("allowed", "ns[shop]-policy[storefront]-rule[0]", 2));
    expect(lines).toContain(line("denied", "ns[shop]-policy[admin]-rule[0]", 1));
    expect(lines).toContain(line("denied", "none", 1));
    // No counter of any policy has another form.
    const form = /^meshscript_authz_\w+_total\{wasm_filter="authz",policy="(ns\[shop\]-policy\[[\w-]+\]-rule\[\d\]|none)"\} \d+$/;
    expect(lines.filter((one) => !form.test(one))).toEqual([]);
  });

  test("needs both tags for that: why they are in the file", async () => {
    await using envoy = await open(await withText(FILE, /^stats_config:\n( .*\n)+/m, ""));
    expect(await statuses(envoy, ["/admin"])).toEqual([403]);
    expect((await exposed(envoy)).some((line) => line.startsWith("wasm_filter_authz_policy___ns_shop__policy_admin_"))).toBe(true);
  });

  test("allows everything when proxy_on_configure is not allowed: why the list is compared", async () => {
    await using envoy = await open(await withText(FILE, /^ +proxy_on_configure: \{\}\n/m, ""));
    expect(await statuses(envoy, ["/admin"])).toEqual([200]);
  });

  test("has an example of jwt_authn that can be taken as it is: policies then know whose token it is", async () => {
    const { jwks, token } = tokens();
    const rule = '"to": [{ "operation": { "methods": ["POST", "PUT"]';
    const from = '"from": [{ "source": { "requestPrincipals": ["https://accounts.example.com/*"] } }], ';
    const text = (await withText(FILE, rule, `${from}${rule}`))
      .replace(/^( {18})# (- name: envoy\.filters\.http\.jwt_authn| {2,}\S.*)$/gm, "$1$2")
      .replace("{ filename: /etc/envoy/jwks.json }", `{ inline_string: '${jwks}' }`);
    await using envoy = await open(text);
    const put = async (...authorization: string[]) => {
      const headers = authorization.map((value): [string, string] => ["authorization", `Bearer ${value}`]);
      return (await envoy.request({ method: "PUT", path: "/orders/1", headers })).status;
    };
    const claims = { iss: "https://accounts.example.com", sub: "ann", aud: "shop" };
    const good = token(claims);
    const forged = tokens().token(claims);
    expect(await put(good)).toBe(200);
    expect(await put()).toBe(403);
    // What was not verified is refused before any policy is asked, two tokens, too.
    expect(await put(forged)).toBe(401);
    expect(await put(token({ ...claims, aud: "other" }))).toBe(403);
    expect([await put(good, forged), await put(forged, good)]).toEqual([401, 401]);
  });
});
