import { afterEach, beforeAll, expect, test } from "vitest";
import { eventually, onBothHosts } from "../../harness/expect/index.ts";
import { grpcFrame } from "../../harness/host/router/grpc-frames.ts";
import { type ReceivedHead, type Target, type UpstreamResponse, openHost } from "../../harness/index.ts";
import { fixtureModule } from "./support.ts";

const headers = { "content-type": "application/grpc", "x-told": "first" };
const answer = (messages: readonly string[], status = 0, more: Record<string, string> = {}): UpstreamResponse => ({
  headers,
  body: messages.map((message) => grpcFrame(Buffer.from(message))),
  trailers: { "grpc-status": String(status), "x-told": "last", ...more },
});

onBothHosts((open) => {
  let target: Target;
  let wasm: string;
  const asking = (cluster: string) => [{ name: "grpc", rootId: "grpc", vmId: "grpc", wasm, config: { cluster } }];

  beforeAll(async () => {
    wasm = await fixtureModule();
    target = await open({
      filters: asking("grpc"),
      // `users` is protobuf by accident: sent as a bare name, it would end Envoy.
      upstreams: { app: {}, grpc: { protocol: "h2c" }, users: { protocol: "h2c" } },
      clusters: [{ name: "empty", type: "STATIC", connect_timeout: "1s", load_assignment: { cluster_name: "empty" } }],
    });
  });

  afterEach(async () => {
    for (const name of ["app", "grpc", "users"]) {
      target.upstream(name).respond({ status: 200 });
      target.upstream(name).clear();
    }
  });

  const told = () => target.upstream("app").requests.map((request) => request.header("x-grpc"));
  const respond = (with_: (request: ReceivedHead) => UpstreamResponse | Promise<UpstreamResponse>, name = "grpc") =>
    target.upstream(name).respond(with_);
  const complaints = () => target.logs().wasm.filter(({ level }) => level === "error" || level === "critical");

  test("a call's answer lands on the stream that asked, with method, metadata and message as they were given", async () => {
    respond(async (request) => answer([`for ${(await request.complete).body.subarray(5)}`]));
    const paths = Array.from({ length: 20 }, (_, i) => `/call/${i}`);
    const responses = await Promise.all(paths.map((path) => target.request({ path })));

    expect(responses.map(({ status }) => status)).toEqual(paths.map(() => 200));
    for (const request of target.upstream("app").requests) expect(request.header("x-grpc")).toBe(`answered for ${request.path}`);
    const [asked] = target.upstream("grpc").requests;
    expect([asked?.path, asked?.authority, asked?.header("te")]).toEqual(["/test.Service/Ask", "grpc", "trailers"]);
    expect(
      target
        .upstream("grpc")
        .requests.map((request) => request.header("x-told"))
        .sort(),
    ).toEqual([...paths].sort());
  });

  test("a call that fails tells status, message and who said so", async () => {
    respond(() => answer([], 7, { "grpc-message": "not for {you}" }));
    await target.request({ path: "/call" });
    respond(() => ({ status: 503 }));
    await target.request({ path: "/call" });
    respond(() => ({ headers: { "content-type": "application/grpc", "grpc-status": "99" } }));
    await target.request({ path: "/call" });

    expect(told()).toEqual(["failed 7 [not for {you}] [via_upstream]", "failed 14 [] [via_upstream]", "failed 2 [] [via_upstream]"]);
  });

  test("a call without an answer in time, and one whose stream is reset, are Envoy's own failures", async () => {
    respond(() => ({ delay: new Promise(() => {}) }));
    await target.request({ path: "/call" });
    respond(async (request) => ({ reset: "before-headers", delay: request.complete }));
    await target.request({ path: "/call" });

    expect(told()[0]).toBe("failed in vain 14 [upstream request timeout] [response_timeout]");
    expect(told()[1]).toMatch(
      /^failed 14 \[upstream connect error.*remote reset\] \[upstream_reset_before_response_started\{remote_reset\}\]$/,
    );
  });

  test("a stream brings metadata, messages, trailing metadata and its end, in order", async () => {
    respond(() => answer(["a", "b"], 3, { "grpc-message": "enough" }));
    await target.request({ path: "/stream" });

    expect(told()).toEqual(["initial first; message a; message b; trailing last; closed 3 [enough] [via_upstream]"]);
    const [asked] = target.upstream("grpc").requests;
    expect(asked?.path).toBe("/test.Service/Watch");
    expect(asked?.body).toEqual(Buffer.concat([grpcFrame(Buffer.from("one")), grpcFrame(Buffer.from("two"))]));
  });

  test("a stream that fails at once ends in the same order, with empty metadata", async () => {
    respond(() => ({ headers: { "content-type": "application/grpc", "grpc-status": "16", "x-told": "only" } }));
    await target.request({ path: "/stream" });

    expect(told()).toEqual(["initial -; trailing only; closed 16 [] [via_upstream]"]);
  });

  test("behind our own close a stream takes no message, and still brings the answer", async () => {
    respond(() => answer(["a"]));
    await target.request({ path: "/stream/close" });

    expect(told()).toEqual(["closed, send 2, close 0; initial first; message a; trailing last; closed 0 [] [via_upstream]"]);
    expect(target.upstream("grpc").requests[0]?.body).toEqual(grpcFrame(Buffer.from("one")));
  });

  test("what is cancelled brings nothing more", async () => {
    respond(() => answer(["cancel", "more"]));
    await target.request({ path: "/stream" });
    respond(async () => ({ delay: new Promise(() => {}) }));
    await target.request({ path: "/call/cancel" });

    expect(told()).toEqual(["initial first; message cancel; cancelled 0 false", "cancelled 0 1"]);
    expect(complaints()).toEqual([]);
  });

  test("a client that leaves takes its stream with it, and hurts nobody else's", async () => {
    respond(() => ({ delay: new Promise(() => {}) }));
    const leaving = target.request({ path: "/stream/hold" });
    await target.upstream("grpc").received();
    const [held] = target.upstream("grpc").arrivals;
    leaving.abort();
    await expect(leaving).rejects.toThrow();

    await expect(held?.complete).rejects.toThrow("left");
    respond(() => answer(["a"]));
    const responses = await Promise.all(Array.from({ length: 10 }, (_, i) => target.request({ path: i % 2 ? "/call" : "/stream" })));
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(new Set(told())).toEqual(new Set(["answered a", "initial first; message a; trailing last; closed 0 [] [via_upstream]"]));
    expect(complaints()).toEqual([]);
  });

  test("a client that leaves during a call does not hurt the next one", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    respond(() => ({ ...answer(["late"]), delay: held }));
    const leaving = target.request({ path: "/call" });
    await target.upstream("grpc").received();
    leaving.abort();
    await expect(leaving).rejects.toThrow();
    release();
    respond(() => answer(["quick"]));
    await target.request({ path: "/call" });

    expect(told()).toEqual(["answered quick"]);
    expect(complaints()).toEqual([]);
  });

  test("what gRPC does not take is refused before it is sent, with a line", async () => {
    for (const path of ["/method", "/path", "/value"]) await target.request({ path });

    expect(told()).toEqual(["not sent: 2", "not sent: 2", "not sent: 2"]);
    expect(target.upstream("grpc").arrivals).toHaveLength(0);
    await eventually(() =>
      expect(
        complaints()
          .map(({ message }) => message)
          .join("\n"),
      ).toMatch(/gRPC method a\/b.*\n.*gRPC metadata :path.*\n.*value of header x-told/),
    );
  });

  test("a cluster whose name is protobuf by accident, one that does not exist, one without endpoints", async () => {
    respond(() => answer(["hello"]), "users");
    await target.update({ filters: asking("users") });
    await target.request({ path: "/call" });
    for (const cluster of ["nowhere", "empty", ""]) {
      await target.update({ filters: asking(cluster) });
      await target.request({ path: "/call" });
      await target.request({ path: "/stream" });
    }

    expect(told()).toEqual(["answered hello", ...Array(6).fill("not sent: 10")]);
  });
});

test("a stream's number is freed when the other side has ended: once a stream, whoever ended first", async () => {
  const plugin = { name: "grpc", rootId: "grpc", wasm: await fixtureModule(), config: { cluster: "grpc" } };
  await using host = await openHost({ plugins: [plugin], upstreams: { app: {}, grpc: { protocol: "h2c", respond: answer(["a"]) } } });
  for (const path of ["/stream", "/stream", "/call"]) await host.request({ path });

  expect(host.rootCounts()["grpc"]?.hostCalls["proxy_grpc_close"]).toBe(2);
  expect(host.upstream("app").requests).toHaveLength(3);
});
