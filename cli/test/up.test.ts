import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Echo, openUpstream, send } from "../../harness/index.ts";
import { cli, root, start } from "./support.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshscript-up-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const CASES = join(root, "mesh/test/pilot/cases");

/** Asks ratings at the address that Kubernetes would tell, and answers with what came. */
const PROGRAM = `
const { createServer, get } = require("node:http");
const { PORT, RATINGS_SERVICE_HOST: host, RATINGS_SERVICE_PORT: port } = process.env;
createServer(({ url }, response) => {
  if (url === "/exit") process.exit(1);
  get({ host, port, path: "/of-details" }, (answer) => answer.pipe(response));
}).listen(PORT, "127.0.0.1");
`;

const PATCH = "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: { name: patch }\nspec: {}\n";

describe("up", () => {
  test("runs the mesh of a folder: gateway, programs, http_proxy; takes what is saved, and refuses mistakes", async () => {
    const istio = join(folder, "istio");
    for (const name of ["bookinfo", "ingress", "all-to-v1"]) await cp(join(CASES, `${name}.yaml`), join(istio, `${name}.yaml`));
    await writeFile(join(istio, "patch.yaml"), PATCH);
    await writeFile(join(folder, "details.cjs"), PROGRAM);
    const running = start(["up", "-f", "istio", "--allow-unsupported", "--app", "details-v1=node details.cjs"], { cwd: folder });
    await running.saw(/patch\.yaml:2:7: error MS1001: EnvoyFilter default\/patch is not supported/);
    await running.saw(/7 Envoys ready in \d+\.\d\d s/);
    const [, gatewayPort] = await running.saw(/^istio-ingressgateway\.istio-system +http:\/\/127\.0\.0\.1:(\d+)/m);
    const [, proxyPort] = await running.saw(/^productpage-v1\.default +a stub that echoes +http:\/\/127\.0\.0\.1:(\d+)/m);
    await running.saw(/https:\/\/127\.0\.0\.1:\d+ \(8443\)/);
    const gateway = await send(
      { host: "127.0.0.1", port: Number(gatewayPort) },
      { path: "/productpage", headers: { host: "bookinfo.example.com" } },
    );
    expect((gateway.json() as Echo).workload).toBe("productpage-v1");

    // As a client of an HTTP proxy does: the whole URL in the request's line.
    const proxied = async (url: string) =>
      (await send({ host: "127.0.0.1", port: Number(proxyPort) }, { path: url, headers: { host: new URL(url).host } })).json() as Echo;
    expect((await proxied("http://reviews:9080/reviews/1")).workload).toBe("reviews-v1");
    const throughDetails = await proxied("http://details:9080/details/1");
    expect([throughDetails.workload, throughDetails.path]).toEqual(["ratings-v1", "/of-details"]);
    expect(throughDetails.headers["x-forwarded-client-cert"]).toContain("sa/bookinfo-details");

    await proxied("http://details:9080/exit").catch(() => undefined);
    await running.saw(/^details-v1: its program ended \(exit code 1\), and is started again in 1\.00 s; its output: .*application\.log$/m);
    await running.saw(/^details-v1: its program listens again$/m);

    const rule = join(istio, "all-to-v1.yaml");
    const text = await readFile(rule, "utf8");
    await writeFile(rule, text.replace("subset: v1", "subset: v3"));
    await running.saw(/istio\/all-to-v1\.yaml: in service after \d\.\d\d s/);
    expect((await proxied("http://reviews:9080/reviews/1")).workload).toBe("reviews-v3");

    await writeFile(rule, text.replace("subset: v1", "subsets: v2"));
    const refused = await running.sawBehind(
      0,
      /istio\/all-to-v1\.yaml:\d+:\d+: error MS0914: [^\n]*unknown field "subsets"[\s\S]*the mesh goes on as it was/,
    );
    expect(refused.match).toContain("subset");
    expect((await proxied("http://reviews:9080/reviews/1")).workload).toBe("reviews-v3");

    running.signals.emit("SIGINT");
    const { code, stderr } = await running.done;
    expect(code).toBe(0);
    expect(stderr).toMatch(/stopping \.\.\.\nstopped\n$/);
    await expect(send({ host: "127.0.0.1", port: Number(gatewayPort) }, {})).rejects.toThrow();
  });

  test("answers for hosts outside by a file or by a port, through their own clusters", async () => {
    const istio = join(folder, "offline");
    for (const name of ["bookinfo", "egress-tls-origination"]) await cp(join(CASES, `${name}.yaml`), join(istio, `${name}.yaml`));
    await writeFile(join(folder, "books.json"), `{"items":["Envoy"]}`);
    await using prices = await openUpstream({ respond: { body: "9.99" } });
    const stubs = ["--stub", "books.example.com=books.json", "--stub", `prices.example.com=${prices.address.port}`];
    const running = start(["up", "-f", "offline", ...stubs], { cwd: folder });
    await running.saw(/books\.example\.com is answered by books\.json\nprices\.example\.com is answered by 127\.0\.0\.1:\d+\n/);
    const [, proxyPort] = await running.saw(/^productpage-v1\.default +a stub that echoes +http:\/\/127\.0\.0\.1:(\d+)/m);
    const [, admin] = await running.saw(/^productpage-v1\.default .*http:\/\/127\.0\.0\.1:(\d+)$/m);
    const proxied = (url: string) =>
      send({ host: "127.0.0.1", port: Number(proxyPort) }, { path: url, headers: { host: new URL(url).host } });
    const books = await proxied("http://books.example.com/v1");
    expect([books.status, books.header("content-type"), books.json()]).toEqual([200, "application/json", { items: ["Envoy"] }]);
    expect((await proxied("http://prices.example.com:8080/1")).text()).toBe("9.99");
    const stats = await send({ host: "127.0.0.1", port: Number(admin) }, { path: "/stats?filter=books.example.com;.ssl.handshake" });
    expect(stats.text()).toMatch(/^cluster\.outbound\|80\|\|books\.example\.com;\.ssl\.handshake: 1$/m);
    running.signals.emit("SIGINT");
    expect((await running.done).code).toBe(0);
    const unknown = await cli(["up", "-f", "offline", "--stub", "book.example.com=books.json"], { cwd: folder });
    expect([unknown.code, unknown.stderr]).toEqual([64, expect.stringContaining("hosts outside: books.example.com, prices.example.com")]);
  });

  test("says what is missing or wrong before anything runs", async () => {
    expect((await cli(["up"])).stderr).toContain("MS0504: up needs -f");
    expect((await cli(["up", "-f", "nowhere"], { cwd: folder })).stderr).toContain("nowhere cannot be read: no such file");
    expect((await cli(["up", "-f", "x", "--port", "80"], { cwd: folder })).stderr).toContain('MS0503: --port must be NAME=VALUE, got "80"');
    await writeFile(join(folder, "patch.yaml"), PATCH);
    const unsupported = await cli(["up", "-f", "patch.yaml"], { cwd: folder });
    expect(unsupported.code).toBe(79);
    expect(unsupported.stderr).toMatch(/patch\.yaml:2:7: error MS1001: EnvoyFilter default\/patch is not supported/);
    const wrong = join(folder, "wrong.yaml");
    await writeFile(
      wrong,
      "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: a }\nspec: { hosts: [a], htp: [] }\n",
    );
    const { code, stderr } = await cli(["up", "-f", "wrong.yaml"], { cwd: folder });
    expect(code).toBe(79);
    expect(stderr).toMatch(/wrong\.yaml:4:21: error MS0914: [^\n]*"htp"/);
  });

  test("tells of a program that does not listen, and leaves nothing", async () => {
    const argv = ["up", "-f", join(CASES, "bookinfo.yaml"), "--app", "ratings-v1=echo no; exit 3"];
    const { code, stderr } = await cli(argv, { cwd: folder });
    expect(stderr).toContain("the command of ratings-v1 ended: exit code 3");
    expect(stderr).toMatch(/its output: \S+ratings-v1\.default\/application\.log\n +no\n/);
    expect(code).toBe(69);
  });
});
