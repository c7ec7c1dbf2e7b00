// What YAML cannot say. The same test runs on the in-process host and on Envoy.
import { onBothHosts } from "meshscript/harness/expect";
import { expect, test } from "vitest";

onBothHosts((open) => {
  test("twenty requests at the same time are all greeted", async () => {
    const target = await open({
      filters: [{ name: "my-filter", wasm: "build/my-filter.wasm", config: { greeting: "hi" } }],
      upstreams: { app: { respond: { body: "hello back" } } },
    });

    const responses = await Promise.all(Array.from({ length: 20 }, (_, i) => target.request({ path: `/${i}` })));

    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(target.upstream("app").requests).toHaveLength(20);
    expect(target.upstream("app").requests.every((request) => request.header("x-greeting") === "hi")).toBe(true);
  });
});
