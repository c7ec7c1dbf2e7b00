import { describe, expect, test } from "vitest";
import { MeshscriptError } from "../../diagnostics/index.ts";
import { createAuthority } from "../../harness/index.ts";
import { refuseMistakes } from "../run/judge.ts";
import { readResources } from "../run/resources.ts";

/** What is said of resources, a line each: where, and what. */
async function said(yaml: string): Promise<string[]> {
  try {
    await refuseMistakes(await readResources(yaml));
    return [];
  } catch (error) {
    if (!(error instanceof MeshscriptError)) throw error;
    return error.diagnostics.map(({ code, message, location }) => `${location?.line}:${location?.column} ${code} ${message}`);
  }
}

const resource = (kind: string, name: string, rest: string, apiVersion = "networking.istio.io/v1") =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: ${name} }\n${rest}\n`;

describe("what openMesh refuses, as an API server and Istio's admission would", () => {
  test("fields and types by the schemas, of Kubernetes' kinds what is read", async () => {
    expect(await said(resource("VirtualService", "a", "spec: { hosts: [a], htp: [] }"))).toEqual([
      '4:21 MS0914 spec: unknown field "htp", did you mean "http"?',
    ]);
    expect(await said(resource("Service", "a", "spec: { ports: 5 }", "v1"))).toHaveLength(1);
    expect(
      await said(resource("Deployment", "a", "spec: { template: { spec: { containers: [{ ports: [{}] }] } } }", "apps/v1")),
    ).toHaveLength(1);
    expect(await said(resource("Service", "a", "spec: { ports: [{ port: 80 }], somethingNew: 1 }", "v1"))).toEqual([]);
  });

  test("nothing of Kubernetes' fields that are null: they are as if they were not there", async () => {
    const pod = (rest: string) => resource("Deployment", "a", `spec: { template: { spec: { ${rest} } } }`, "apps/v1");
    expect(await said(pod("nodeSelector: null, serviceAccountName: null, containers: [{ ports: null }]"))).toEqual([]);
    expect(await said(resource("Service", "a", "spec: { selector: null, ports: [{ port: 80, name: null }] }", "v1"))).toEqual([]);
    expect((await said(pod("nodeSelector: { zone: 5 }")))[0]).toMatch(/^4:\d+ MS0914 .*nodeSelector/);
    expect(await said(pod("containers: [null]"))).toHaveLength(1);
  });

  test("a resource and a port that are there twice, with the place of the first", async () => {
    const service = resource("Service", "a", "spec: { ports: [{ name: http, port: 80 }, { name: http2, port: 80 }] }", "v1");
    expect(await said(service)).toEqual(["4:64 MS0914 port 80 is there twice"]);
    const udp = resource("Service", "a", "spec: { ports: [{ name: dns, port: 53 }, { name: udp, port: 53, protocol: UDP }] }", "v1");
    expect(await said(udp)).toEqual([]);
    const rule = resource("DestinationRule", "a", "spec: { host: a }");
    expect(await said(`${rule}---\n${rule}`)).toEqual(["8:19 MS0914 DestinationRule default/a is there twice"]);
  });

  test("routes that lead nowhere, and weights that say nothing", async () => {
    const of = (http: string) => said(resource("VirtualService", "a", `spec: { hosts: [a], http: [${http}] }`));
    expect(await of("{ name: idle }")).toEqual(["4:28 MS0914 the route leads nowhere"]);
    expect(await of("{ redirect: { uri: /a } }")).toEqual([]);
    const [found] = await of("{ route: [{ destination: { host: a } }, { destination: { host: b }, weight: 0 }] }");
    expect(found).toContain("none of the destinations has a weight");
  });

  test("servers whose certificate nobody names, and Secrets that nobody could present", async () => {
    const of = (protocol: string, tls: string) =>
      said(resource("Gateway", "a", `spec: { servers: [{ hosts: [a], port: { number: 1, name: a, protocol: ${protocol} }${tls} }] }`));
    expect(await of("HTTPS", "")).toEqual(["4:19 MS0914 a server of HTTPS needs `tls`"]);
    expect((await of("HTTPS", ", tls: { mode: SIMPLE }"))[0]).toContain("nothing says which certificate the server has");
    expect(await of("TLS", ", tls: { mode: PASSTHROUGH }")).toEqual([]);
    expect(await of("HTTP", ", tls: { httpsRedirect: true }")).toEqual([]);

    const one = await (await createAuthority()).issue({ dnsSans: ["a"] });
    const other = await (await createAuthority()).issue({ dnsSans: ["a"] });
    const secret = (crt: string, key: string) =>
      said(resource("Secret", "a", `type: kubernetes.io/tls\nstringData: ${JSON.stringify({ "tls.crt": crt, "tls.key": key })}`, "v1"));
    expect(await secret(one.chain, one.privateKey)).toEqual([]);
    expect(await secret(one.chain, other.privateKey)).toEqual([
      "5:13 MS0914 the Secret default/a has a tls.key that is not its certificate's",
    ]);
    expect((await secret("nothing", one.privateKey))[0]).toContain("no PEM");
  });
});
