// What YAML cannot say: routes that match on the header, and chance. The same tests run on the in-process host and on Envoy.
import { fileURLToPath } from "node:url";
import { onBothHosts } from "meshscript/harness/expect";
import { expect, test } from "vitest";

const wasm = fileURLToPath(new URL("../build/canary-header.wasm", import.meta.url));
const filter = (config: object) => ({ name: "canary-header", wasm, config });

onBothHosts((open) => {
  test("the route is picked by the header that the filter sets", async () => {
    const target = await open({
      filters: [filter({ percentage: 25, keyHeader: "x-user" })],
      upstreams: { stable: { respond: { body: "stable" } }, canary: { respond: { body: "canary" } } },
      routes: [
        {
          match: { prefix: "/", headers: [{ name: "x-canary", string_match: { exact: "true" } }] },
          route: { cluster: "canary" },
        },
        { match: { prefix: "/" }, route: { cluster: "stable" } },
      ],
    });
    const bodyFor = async (headers: Record<string, string>) => (await target.request({ headers })).text();

    expect(await bodyFor({ "x-user": "ann" })).toBe("canary");
    expect(await bodyFor({ "x-user": "cid" })).toBe("stable");
    // The route had been matched with the client's word already.
    expect(await bodyFor({ "x-user": "cid", "x-canary": "true" })).toBe("stable");
    expect(await bodyFor({ "x-user": "ann", "x-canary": "false" })).toBe("canary");
  });

  test("of 1,000 users about a quarter gets it, and of 400 requests without one about a quarter", async () => {
    const target = await open({ filters: [filter({ percentage: 25, keyHeader: "x-user" })], upstreams: { app: {} } });
    const canaries = async (count: number, headers: (i: number) => Record<string, string>) => {
      const responses = await Promise.all(Array.from({ length: count }, (_, i) => target.request({ headers: headers(i) })));
      return responses.filter((response) => response.header("x-canary") === "true").length;
    };

    expect(await canaries(1_000, (i) => ({ "x-user": `user-${i}` }))).toBe(257);
    // Six standard deviations: by chance, one run in a billion is outside.
    const byChance = await canaries(400, () => ({}));
    expect(byChance).toBeGreaterThan(100 - 52);
    expect(byChance).toBeLessThan(100 + 52);
    // All without a key would go the same way if an empty one were a key.
    const empty = await canaries(400, () => ({ "x-user": "" }));
    expect(empty).toBeGreaterThan(100 - 52);
    expect(empty).toBeLessThan(100 + 52);
  });
});
