import { expect, test } from "vitest";
import { lines, open } from "./support.ts";

test("a body goes step by step, each piece a callback", async () => {
  await using host = await open({ rb: "get_buffer_bytes 0 0 100" });
  const upload = host.stream({ method: "POST", path: "/up" });
  upload.write("first");
  const afterOne = lines(host).filter((line) => line.startsWith("rb ")).length;
  upload.write("second");
  upload.end(undefined, { "x-end": "1" });
  const response = await upload.response;

  expect(afterOne).toBe(2);
  expect(lines(host)).toEqual(
    expect.arrayContaining(['rb get_buffer_bytes 0 0 100 = 0 "first"', 'rb get_buffer_bytes 0 0 100 = 0 "second"']),
  );
  expect(response.status).toBe(200);
  expect(host.upstream("app").requests[0]?.text()).toBe("firstsecond");
  expect(host.upstream("app").requests[0]?.trailers).toEqual([["x-end", "1"]]);
});

test("a paused stream can be looked at and resumed", async () => {
  await using host = await open({ rh: 'add_header_map_value 0 "x-seen" "1"\nreturn 1', sh: "return 1" });
  const pending = host.request({ headers: { "x-user": "ann" } });
  const first = pending.stream.paused;
  pending.stream.resume("request");
  const second = pending.stream.paused;
  const headers = pending.stream.requestHeaders;
  pending.stream.resume("response");

  expect([first, second]).toEqual([{ request: "scripted" }, { response: "scripted" }]);
  expect(headers).toEqual(
    expect.arrayContaining([
      ["x-user", "ann"],
      ["x-seen", "1"],
    ]),
  );
  expect((await pending).status).toBe(200);
  expect(pending.stream.over).toBe(true);
});

test("a client may leave at any point", async () => {
  await using host = await open({ rh: "return 1" });
  const leaving = host.request();
  leaving.abort();

  await expect(leaving).rejects.toThrow(/aborted/);
  expect(lines(host).slice(-3)).toEqual(["log 2", "done 2", "delete 2"]);
  expect(host.accessLog()[0]).toMatchObject({ status: 0, details: "downstream_remote_disconnect", flags: "DC" });
});

test("workers share data and metrics, and keep their VMs apart", async () => {
  const script = {
    configure: 'define_metric 0 "seen_total" > metric',
    rh: 'increment_metric $metric 1\nget_shared_data "k"\nset_shared_data "k" "from another" 0',
  };
  await using host = await open(script, { workers: 2 });
  for (let i = 0; i < 4; i++) await host.request();
  const contexts = lines(host).filter((line) => line.startsWith("rh ") && line.includes("n="));

  expect(contexts.map((line) => line.split(" ")[1])).toEqual(["2", "2", "3", "3"]);
  expect(
    lines(host)
      .filter((line) => line.includes("get_shared_data"))
      .map((line) => line.includes("from another")),
  ).toEqual([false, true, true, true]);
  expect(await host.stat("wasmcustom.seen_total")).toBe(4);
  expect(host.sharedData("meshscript.scripted").get("k")?.toString()).toBe("from another");
});

test("a test may choose the worker", async () => {
  await using host = await open({}, { workers: 3 });
  for (let i = 0; i < 3; i++) await host.request({ worker: 2 });

  expect(
    new Set(
      host
        .logs()
        .wasm.filter(({ message }) => message.startsWith("rh "))
        .map(({ thread }) => thread),
    ),
  ).toEqual(new Set([3]));
});

test("an update serves new streams with the new configuration and leaves old ones theirs", async () => {
  await using host = await open({ rh: "return 1", log: 'get_property "plugin_name"' });
  const old = host.request();
  await host.update({ filters: [] });
  const fresh = await host.request();
  old.stream.resume("request");
  await old;

  expect(fresh.status).toBe(200);
  expect((await old).status).toBe(200);
  expect(lines(host).slice(-2)).toEqual(["done 1", "delete 1"]);
});

test("a refused update leaves everything as it was", async () => {
  await using host = await open({ rh: 'add_header_map_value 0 "x-old" "1"' });
  const refused = host.update({ filters: [{ name: "none", wasm: "does/not/exist.wasm" }] });

  await expect(refused).rejects.toThrow(/MS0403: .*Unable to create Wasm plugin none: Invalid path/);
  await host.request();
  expect(host.upstream("app").requests[0]?.header("x-old")).toBe("1");
});

test("what cannot be emulated is refused by name", async () => {
  const native = { name: "envoy.filters.http.lua", typedConfig: {} };

  await expect(open({}, { plugins: undefined as never, filters: [native] })).rejects.toThrow(
    /MS0703: envoy.filters.http.lua is a filter of Envoy's own/,
  );
  await expect(open({}, { httpConnectionManager: { tracing: {} } })).rejects.toThrow(
    /MS0703: httpConnectionManager: .* does not know tracing/,
  );
  await expect(open({}, { routes: [{ match: { prefix: "/" }, route: { cluster: "app", retry_policy: {} } }] })).rejects.toThrow(
    /MS0703: route: .*retry_policy/,
  );
});
