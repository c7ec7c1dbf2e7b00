// `meshscript authz explain`: runs the built module on the in-process host.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cli } from "./support.ts";

const POLICIES = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: no-admin, namespace: shop }
spec:
  selector: { matchLabels: { app: books } }
  action: DENY
  rules:
    - to:
        - operation:
            paths: [/admin*]
            notMethods: [HEAD]
---
apiVersion: v1
kind: Service
metadata: { name: books }
---
kind: AuthorizationPolicy
metadata: { name: readers, namespace: shop }
spec:
  rules:
    - from:
        - source: { principals: [cluster.local/ns/shop/sa/web] }
        - source: { namespaces: [ops] }
      to: [{ operation: { methods: [GET] } }]
      when: [{ key: "request.headers[x-tenant]", values: [blue] }]
    - to: [{ operation: { methods: [POST], paths: [/orders] } }]
      when: [{ key: "request.auth.claims[groups]", values: [buyers] }]
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshscript-authz-"));
  await writeFile(join(folder, "policies.yaml"), POLICIES);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const explain = (...flags: string[]) => cli(["authz", "explain", "-p", "policies.yaml", ...flags], { cwd: folder });

describe("a verdict", () => {
  test("names the DENY rule that matches, and its place", async () => {
    const { code, stdout, stderr } = await explain("--request", "GET /admin/users");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^denied: DENY shop\/no-admin rule 0 matches \(policies\.yaml:8:7\)\n/);
    expect(stdout).toContain("policies.yaml:8:7    DENY shop/no-admin rule 0: matches\n");
    expect(stderr).toBe("taken to apply here, whatever they select: shop/no-admin\nleft out: 1 resource of other kinds\n");
  });

  test("names the ALLOW rule that matches: by certificate and header", async () => {
    const { stdout } = await explain("--from", "spiffe://cluster.local/ns/shop/sa/web", "-H", "x-tenant: blue");
    expect(stdout).toMatch(/^allowed: ALLOW shop\/readers rule 0 matches \(policies\.yaml:21:7\)\n/);
  });

  test("and by token", async () => {
    const claims = JSON.stringify({ iss: "https://issuer.example", sub: "ann", groups: ["buyers"] });
    const { stdout } = await explain("--claims", claims, "-r", "POST /orders");
    expect(stdout).toMatch(/^allowed: ALLOW shop\/readers rule 1 matches \(policies\.yaml:26:7\)\n/);
  });

  test("says of each rule that does not match which conditions fail, where", async () => {
    const { stdout } = await explain("--from", "spiffe://td/ns/foo/sa/web", "--request", "HEAD /admin");
    expect(stdout).toBe(`denied: no rule of the ALLOW policies matches

policies.yaml:8:7    DENY shop/no-admin rule 0: no match
policies.yaml:11:13    to[0].operation.notMethods: matches one of HEAD
policies.yaml:21:7   ALLOW shop/readers rule 0: no match
policies.yaml:24:27    to[0].operation.methods: matches none of GET
policies.yaml:22:21    from[0].source.principals: matches none of cluster.local/ns/shop/sa/web
policies.yaml:23:21    from[1].source.namespaces: matches none of ops
policies.yaml:25:50    when[0].values of request.headers[x-tenant]: matches none of blue
policies.yaml:26:7   ALLOW shop/readers rule 1: no match
policies.yaml:26:27    to[0].operation.methods: matches none of POST
policies.yaml:27:52    when[0].values of request.auth.claims[groups]: matches none of buyers
`);
  });

  test("as data", async () => {
    const { stdout } = await explain("--json", "-r", "GET /admin");
    const answer = JSON.parse(stdout) as { rules: { failing: object[] }[] };
    expect(answer).toMatchObject({
      success: true,
      verdict: "deny",
      by: { namespace: "shop", name: "no-admin", rule: 0, location: { file: "policies.yaml", line: 8, column: 7 } },
    });
    expect(answer.rules.map(({ failing }) => failing.length)).toEqual([0, 3, 2]);
  });

  test("that is expected or not decides the exit code", async () => {
    expect((await explain("--expect", "deny")).code).toBe(0);
    const other = await explain("--expect", "allow");
    expect(other.code).toBe(79);
    expect(other.stderr).toContain("MS0913: allow was expected, got deny: no rule of the ALLOW policies matches");
  });
});

test("two policies of one name are two, and one on trial decides nothing", async () => {
  const rule = (path: string) => ({ rules: [{ to: [{ operation: { paths: [path] } }] }], action: "DENY" });
  const metadata = { name: "same", namespace: "shop" };
  const trial = { ...metadata, annotations: { "istio.io/dry-run": "true" } };
  const policies = [
    { metadata, spec: rule("/a") },
    { metadata, spec: rule("/b") },
    { metadata: trial, spec: rule("/c") },
  ];
  await writeFile(join(folder, "same.json"), JSON.stringify({ policies, defaultAction: "deny" }, null, 1));
  const ask = async (path: string) => (await cli(["authz", "explain", "-p", "same.json", "-r", `GET ${path}`], { cwd: folder })).stdout;

  expect(await ask("/b")).toMatch(
    /^denied: DENY shop\/same rule 0 matches \(same\.json:(\d+):\d+\)\n[\s\S]*rule 0: no match[\s\S]*rule 0: matches/,
  );
  expect(await ask("/c")).toMatch(/^denied: there is no ALLOW policy, and defaultAction is deny\n[\s\S]*rule 0, on trial: matches/);
});

describe("what is wrong", () => {
  test("in a policy is said at its place", async () => {
    await writeFile(join(folder, "wrong.yaml"), POLICIES.replace("paths: [/admin*]", "path: [/admin*]"));
    const { code, stdout, stderr } = await cli(["authz", "explain", "-p", "wrong.yaml"], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 65, stdout: "" });
    expect(stderr).toMatch(/^wrong\.yaml:10:13: error MS0911: spec\.rules\[0\]\.to\[0\]\.operation\.path: unknown field; known: hosts/);
  });

  test.each([
    [["authz", "allow", "-p", "policies.yaml"], 64, /MS0504: authz takes explain, got "allow"/],
    [["authz", "explain"], 64, /MS0504: authz explain needs --policy FILE/],
    [["authz", "explain", "-p", "none.yaml"], 65, /none\.yaml: error MS0902: none\.yaml cannot be read: /],
    [["authz", "explain", "-p", "policies.yaml", "-r", "GET"], 64, /MS0503: --request must be METHOD PATH, got "GET"/],
    [["authz", "explain", "-p", "policies.yaml", "-H", "x"], 64, /MS0503: --header must be NAME: VALUE, got "x"/],
    [["authz", "explain", "-p", "policies.yaml", "--ip", "1.2.3"], 64, /MS0503: --ip must be an IP address, got "1\.2\.3"/],
    [["authz", "explain", "-p", "policies.yaml", "--claims", "[]"], 64, /MS0503: --claims must be a JSON object, got "\[\]"/],
    [["authz", "explain", "-p", "policies.yaml", "--from", "nobody"], 64, /MS0602: /],
  ])("%j ends with %i", async (argv, exit, message) => {
    const { code, stderr } = await cli(argv, { cwd: folder });
    expect(code).toBe(exit);
    expect(stderr).toMatch(message);
  });

  test("a file without a policy is told", async () => {
    await writeFile(join(folder, "service.yaml"), "kind: Service\n");
    const { code, stderr } = await cli(["authz", "explain", "-p", "service.yaml"], { cwd: folder });
    expect(code).toBe(65);
    expect(stderr).toContain("MS0912: no AuthorizationPolicy in service.yaml");
  });
});
