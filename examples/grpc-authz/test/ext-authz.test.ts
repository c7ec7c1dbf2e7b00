// What Envoy's own ext_authz filter does with the same service, request by request. On a real Envoy; the in-process host has no such filter.
import { fileURLToPath } from "node:url";
import { type Envoy, type FilterSpec, openEnvoy } from "meshscript/harness";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Question, grpc, question } from "./authorizer.js";

const wasm = fileURLToPath(new URL("../build/grpc-authz.wasm", import.meta.url));
const ours: FilterSpec = { name: "grpc-authz", wasm, config: { cluster: "authorizer", timeout: "5s" } };
const envoys: FilterSpec = {
  name: "envoy.filters.http.ext_authz",
  typedConfig: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
    transport_api_version: "V3",
    grpc_service: { envoy_grpc: { cluster_name: "authorizer" }, timeout: "5s" },
  },
};
const denied = (answer: Answer["denied"]): Answer => ({ code: 16, ...(answer ? { denied: answer } : {}) });
const ok = (answer: NonNullable<Answer["ok"]>): Answer => ({ code: 0, ok: answer });

describe("beside Envoy's own filter", () => {
  let targets: Envoy[];

  beforeAll(async () => {
    const upstreams = { app: {}, authorizer: { protocol: "h2c" as const } };
    targets = await Promise.all([envoys, ours].map((filter) => openEnvoy({ filters: [filter], upstreams })));
  });
  afterAll(() => Promise.all(targets.map((target) => target.stop())));

  /** What the client and the upstream get, and what the service was asked. */
  async function outcome(target: Envoy, answer: Answer | Uint8Array | undefined, status: number) {
    const asked: Question[] = [];
    target.upstream("app").clear();
    target.upstream("authorizer").respond(async (head) => {
      asked.push(await question(head));
      return grpc(answer, status);
    });
    const headers = { host: "shop.example", "x-user": ["root", "x"], authorization: "t", cookie: "a=1", "x-name": "J\u00c3\u00bcrgen" };
    const response = await target.request({ path: "/a?b=1", method: "POST", body: "abc", headers });
    const upstream = target.upstream("app").requests[0];
    const same = ([name]: readonly [string, string]) => !/^(date|server|x-envoy-.*|x-request-id)$/.test(name);
    for (const one of asked) delete one.headers["x-request-id"];
    return {
      asked,
      status: response.status,
      headers: response.headers.filter(same).sort(),
      body: response.text(),
      upstream: upstream && { headers: upstream.headers.filter(same).sort(), body: upstream.text() },
    };
  }

  test.each<[string, number, Answer | Uint8Array | undefined, number?]>([
    ["yes", 200, { code: 0 }],
    ["yes without a status", 200, { ok: {} }],
    [
      "yes with a header",
      200,
      ok({
        headers: [
          { key: "x-user", value: "ann" },
          { key: "x-new", value: "1" },
        ],
      }),
    ],
    [
      "yes with a header twice",
      200,
      ok({
        headers: [
          { key: "x-user", value: "ann" },
          { key: "x-user", value: "bob" },
        ],
      }),
    ],
    ["yes with an empty header", 200, ok({ headers: [{ key: "x-user", value: "" }] })],
    ["yes with one to remove", 200, ok({ remove: ["authorization", "x-none"] })],
    ["no", 403, { code: 7 }],
    ["no with an ok_response", 403, { code: 7, ok: { headers: [{ key: "x-user", value: "ann" }] } }],
    ["no without a status", 403, denied({})],
    ["no with a status", 429, denied({ status: 429 })],
    ["no with a body", 401, denied({ status: 401, body: "sign in" })],
    [
      "no with a body of a type",
      401,
      denied({ status: 401, headers: [{ key: "content-type", value: "application/json" }], body: '{"a":1}' }),
    ],
    [
      "no with a header twice",
      401,
      denied({
        status: 401,
        headers: [
          { key: "x-a", value: "1" },
          { key: "x-a", value: "2" },
        ],
      }),
    ],
    ["another page", 302, denied({ status: 302, headers: [{ key: "location", value: "/sign-in" }] })],
    ["no, with 200", 200, denied({ status: 200, body: "maintenance" })],
    ["an error of its own", 403, undefined, 7],
    ["an error response", 403, { code: 14, error: {} }],
    ["what is no protobuf", 403, Buffer.from("hello")],
    ["half a message", 403, Buffer.from([0x0a, 0xff])],
  ])("a service that says %s: %i, and all the rest alike", async (_, expected, answer, status = 0) => {
    const [reference, own] = await Promise.all(targets.map((target) => outcome(target, answer, status)));

    expect(own).toEqual(reference);
    expect(own?.status).toBe(expected);
    expect(own?.asked).toHaveLength(1);
  });

  test.each<[string, Answer]>([
    ["nothing at all", {}],
    ["yes and no", { code: 0, denied: { status: 401 } }],
    ["yes with another path", ok({ headers: [{ key: ":path", value: "/other" }] })],
    ["yes without a host", ok({ remove: ["host"] })],
  ])("a service that says %s: Envoy lets it pass, we do not", async (_, answer) => {
    const [reference, own] = await Promise.all(targets.map((target) => outcome(target, answer, 0)));

    expect([reference?.status, own?.status]).toEqual([200, 403]);
  });
});
