// `meshscript check` of Kubernetes resources: Istio's and the Gateway API's, by the schemas of their CRDs.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { cli } from "./support.ts";

const BOOKINFO = "cli/test/fixtures/resources/bookinfo.yaml";
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshscript-check-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What `check` says of a file with this text: exit code, and `line:column code message` of each finding. */
async function check(text: string, name = "mesh.yaml"): Promise<{ code: number; findings: string[]; help: string[] }> {
  await writeFile(join(folder, name), text);
  const { code, stdout } = await cli(["check", name, "--json", "--no-envoy"], { cwd: folder });
  const { files } = JSON.parse(stdout) as { files: { findings: Finding[] }[] };
  const all = files.flatMap(({ findings }) => findings);
  return {
    code,
    findings: all.map(({ code: of, message, line, column }) => `${line}:${column} ${of} ${message}`),
    help: all.map(({ help }) => help),
  };
}

interface Finding {
  code: string;
  message: string;
  help: string;
  line: number;
  column: number;
}

describe("resources of Istio and the Gateway API", () => {
  test("that are right are counted, whatever their versions, in documents and in a List; others are not looked at, and that is said", async () => {
    const { code, stdout, stderr } = await cli(["check", BOOKINFO]);
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toBe(
      `√ ${BOOKINFO}: ok, 11 resources of Istio, the Gateway API or meshscript, and 1 other that was not looked at (schema)\n`,
    );
  });

  test("have each mistake told at its place, behind `---`, too", async () => {
    const { code, findings } = await check(`apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a, namespce: b }
spec:
  hosts: [a]
  http:
    - routes: []
      fault:
        abort: { httpStatus: "503" }
---
# The second one.
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {}
spec:
  trafficPolicy:
    loadBalancer: { simple: ROUND_ROBBIN }
`);
    expect(code).toBe(79);
    expect(findings).toEqual([
      '3:22 MS0914 metadata: unknown field "namespce", did you mean "namespace"?',
      '7:7 MS0914 spec.http[0]: unknown field "routes", did you mean "route"?',
      '9:30 MS0914 spec.http[0].fault.abort.httpStatus must be a whole number, got "503"',
      "14:1 MS0914 metadata.name is missing",
      "15:1 MS0914 spec.host is missing",
      '17:29 MS0914 spec.trafficPolicy.loadBalancer.simple must be one of "UNSPECIFIED", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST", got "ROUND_ROBBIN"',
    ]);
  });

  test("have fields of which only one may be there", async () => {
    const both = "{ exact: jason, prefix: j }";
    const { findings } = await check(
      `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: a }\nspec:\n  http:\n    - match:\n        - uri: ${both}\n`,
    );
    expect(findings).toEqual(['7:16 MS0914 spec.http[0].match[0].uri must have only one of "exact", "prefix", "regex"']);
  });

  test("are held to the rules that CRDs state as expressions", async () => {
    const { findings } = await check(`apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a }
spec: { hosts: [a], http: [{ timeout: "10", route: [{ destination: { host: a } }] }] }
---
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: a }
spec: { url: ftp://x, selector: { matchLabels: { app: a* } }, targetRefs: [{ group: "", kind: Service, name: a }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: a }
spec: { rules: [{ backendRefs: [{ name: a, port: 80 }, { name: b }] }] }
`);
    expect(findings).toEqual([
      "4:39 MS0914 spec.http[0].timeout: must be a valid duration greater than 1ms",
      "9:7 MS0914 spec: only one of targetRefs or selector can be set",
      "9:14 MS0914 spec.url: url must have schema one of [http, https, file, oci]",
      "9:55 MS0914 spec.selector.matchLabels.app: wildcard not allowed in label value match",
      // By a rule about `group` and `kind`, which have defaults.
      "14:56 MS0914 spec.rules[0].backendRefs[1]: Must have port for Service reference",
    ]);
  });

  test.each<[string, string, string, string]>([
    [
      "a kind that is misspelt",
      "networking.istio.io/v1 VirtualServices",
      "2:7 MS0915 there is no VirtualServices in networking.istio.io",
      "did you mean VirtualService?",
    ],
    [
      "a group of another kind",
      "networking.istio.io/v1 AuthorizationPolicy",
      "1:13 MS0915 there is no AuthorizationPolicy in networking.istio.io",
      "did you mean security.istio.io/v1?",
    ],
    [
      "a version that is not served",
      "security.istio.io/v1alpha1 PeerAuthentication",
      "1:13 MS0915 PeerAuthentication has no version security.istio.io/v1alpha1",
      "the versions are: security.istio.io/v1, security.istio.io/v1beta1",
    ],
    [
      "a group that is none",
      "config.istio.io/v1 Rule",
      "1:13 MS0915 there is no group config.istio.io",
      "the groups are: extensions.istio.io, networking.istio.io, security.istio.io, telemetry.istio.io, gateway.networking.k8s.io, meshscript.io",
    ],
  ])("are known by group, version and kind: %s", async (_, of, finding, help) => {
    const [apiVersion, kind] = of.split(" ");
    const result = await check(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: a }\n`);
    expect(result).toEqual({ code: 79, findings: [finding], help: [help] });
  });

  test("in YAML that is none are a file that cannot be read, at the place", async () => {
    const ran = await check("apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: { name: a }\n---\napiVersion: v1\nkind: [\n");
    expect(ran.code).toBe(65);
    expect(ran.findings[0]).toMatch(/^[67]:\d+ MS0902 /);
  });

  test("that say not what they are have that told at their place, in documents and in a List; an empty document is none", async () => {
    const { code, findings, help } = await check(`# Nothing yet.
---
apiVersion: networking.istio.io/v1
metadata: { name: a }
---
---
apiVersion: v1
kind: List
items:
  - apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: { name: a }
    spec: { hosts: [a], http: [{ route: [{ destination: { host: a } }] }] }
  - { kind: VirtualService, metadata: { name: b } }
  - metadata: { name: c }
  - reviews
---
- a
---
{ apiVersion: 1, kind: [Gateway] }
---
# Nothing any more.
`);
    expect(code).toBe(79);
    expect(findings).toEqual([
      "3:1 MS0915 a resource without kind",
      "14:5 MS0915 a resource without apiVersion",
      "15:5 MS0915 a resource without apiVersion and kind",
      '16:5 MS0915 "reviews", where a resource is expected',
      "18:1 MS0915 an array, where a resource is expected",
      "20:15 MS0915 apiVersion must be a string, got 1",
      "20:24 MS0915 kind must be a string, got an array",
    ]);
    expect(new Set(help)).toEqual(new Set(["every document, and every item of a List, needs `apiVersion` and `kind`"]));
  });

  test("all without kinds in several documents are no other file for that", async () => {
    const nameless = "apiVersion: v1\nmetadata: { name: a }\n";
    expect((await check(`${nameless}---\n${nameless}`)).findings).toEqual([
      "1:1 MS0915 a resource without kind",
      "4:1 MS0915 a resource without kind",
    ]);
    // One alone may be anything: a chart, somebody's configuration.
    expect((await check(nameless)).findings[0]).toContain("MS0903 nothing tells what this is");
    expect((await check("policies: []\n---\nfield: { apiVersion: v1 }\n")).findings[0]).toMatch(/^2:1 MS0902 another document begins here/);
  });

  test("of a list of one kind are of that kind where they do not say it themselves, as for Kubernetes", async () => {
    const items = "items:\n  - metadata: { name: a }\n    spec: { host: a, hots: b }\n  - { kind: DestinationRule }\n";
    const { findings } = await check(`apiVersion: networking.istio.io/v1\nkind: DestinationRuleList\n${items}`);
    expect(findings).toEqual(['5:22 MS0914 spec: unknown field "hots", did you mean "host"?', "6:5 MS0915 a resource without apiVersion"]);
    expect((await check("apiVersion: v1\nkind: PodList\nitems: [{ metadata: { name: a } }]\n")).findings).toEqual([
      expect.stringMatching(/MS0903 .*: Pod$/),
    ]);
  });

  test.each<[string, string, string]>([
    ["one of another kind", "apiVersion: apps/v1\nkind: Deployment\n", "Deployment"],
    [
      "several of other kinds, each named once",
      "kind: Service\napiVersion: v1\n---\napiVersion: apps/v1\nkind: Deployment\n---\napiVersion: v1\nkind: Service\n",
      "Service, Deployment",
    ],
    ["a List of none", "apiVersion: v1\nkind: List\nitems: []\n", ""],
  ])("are not said to be right where nothing was looked at: %s", async (_, text, kinds) => {
    const message = `no resource of Istio, the Gateway API or meshscript is here${kinds === "" ? "" : `, but only: ${kinds}`}`;
    expect(await check(text)).toEqual({
      code: 79,
      findings: [`undefined:undefined MS0903 ${message}`],
      help: [expect.stringMatching(/^the groups are: .*networking\.istio\.io.*gateway\.networking\.k8s\.io, meshscript\.io$/)],
    });
    // With one that is looked at they are fine.
    const gateway = "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: { name: a }\nspec: {}\n";
    expect(await check(`${gateway}---\n${text}`)).toEqual({ code: 0, findings: [], help: [] });
  });

  test("in a file of JSON are read as JSON, wherever the names stand", async () => {
    const rule = (end: string) =>
      `{"kind":"DestinationRule","apiVersion":"networking.istio.io/v1","metadata":{"name":"a"},"spec":{"hots":"a"${end}}}`;
    expect((await check(rule(""), "rule.json")).findings).toEqual(['1:97 MS0914 spec: unknown field "hots", did you mean "host"?']);
    const lenient = await check(rule(","), "rule.json");
    expect(lenient.code).toBe(65);
    expect(lenient.findings).toEqual(['1:107 MS0902 no JSON: a comma in front of "}": JSON allows none there']);
    expect((await check(rule(","), "rule.yaml")).code).toBe(79);
  });

  test("say so of every field that is renamed, wherever it is", async () => {
    const documents = parseAllDocuments(await readFile(BOOKINFO, "utf8")).map((document) => document.toJS() as Record<string, unknown>);
    const typed = documents.filter(({ kind }) => !["Service", "List"].includes(String(kind)));
    const fields = typed.flatMap((document, i) => fieldsOf(document["spec"], ["spec"]).map((path) => ({ i, path })));
    expect(fields.length).toBeGreaterThan(80);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fields), async ({ i, path }) => {
        const changed = structuredClone(typed[i]) as Record<string, unknown>;
        rename(changed, path);
        const { code, findings } = await check(stringify(changed), "renamed.yaml");
        expect([path.join("."), code]).toEqual([path.join("."), 79]);
        expect(findings.some((finding) => finding.includes(`unknown field "${path.at(-1)}x"`))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

/** Names that users choose, where any name is right. */
const FREE = new Set(["selector", "headers", "sourceLabels", "labels", "matchLabels", "portLevelMtls", "pluginConfig"]);

function fieldsOf(value: unknown, path: (string | number)[]): (string | number)[][] {
  if (Array.isArray(value)) return value.flatMap((each, i) => fieldsOf(each, [...path, i]));
  if (typeof value !== "object" || value === null || FREE.has(String(path.at(-1)))) return [];
  return Object.entries(value).flatMap(([name, inner]) => [[...path, name], ...fieldsOf(inner, [...path, name])]);
}

function rename(root: Record<string, unknown>, path: readonly (string | number)[]): void {
  const parent = path.slice(0, -1).reduce<unknown>((at, step) => (at as Record<string | number, unknown>)[step], root) as Record<
    string,
    unknown
  >;
  const name = String(path.at(-1));
  parent[`${name}x`] = parent[name];
  delete parent[name];
}
