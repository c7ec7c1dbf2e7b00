// What cases.yaml cannot say: buckets that several listeners, configurations and routes share, on the in-process host and on Envoy.
import { describe, expect, test } from "vitest";
import { eventually, onBothHosts } from "../../../harness/expect/index.ts";
import type { Host, Target, WasmFilterSpec } from "../../../harness/index.ts";
import type { RateLimitConfig } from "../config.ts";
import { ratelimitModule } from "./support.ts";

const wasm = await ratelimitModule();
const filter = (config: RateLimitConfig, rest: Partial<WasmFilterSpec> = {}): WasmFilterSpec => ({
  name: "ratelimit",
  wasm,
  config,
  ...rest,
});

/** One limit by user and hour, with other numbers if given. */
const perUser = (numbers: Partial<NonNullable<RateLimitConfig["limits"]>[number]> = {}): RateLimitConfig => ({
  limits: [{ name: "per-user", key: [{ header: "x-user" }], requests: 2, per: "1h", ...numbers }],
});

type Ask = { path?: string; user?: string; listener?: string; headers?: Record<string, string> };

/** Statuses of as many requests, one after the other. */
async function statuses(target: Target, count: number, { path = "/", user = "ann", listener, headers = {} }: Ask = {}): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    const request = { path, headers: { "x-user": user, ...headers }, ...(listener === undefined ? {} : { listener }) };
    found.push((await target.request(request)).status);
  }
  return found;
}

/** On the in-process host time is virtual; on Envoy it passes by itself. */
const pass = async (target: Target, milliseconds: number) => {
  if ("advance" in target) await (target as Host).advance(milliseconds);
};

const counter = (target: Target, metric: string, limit = "per-user") =>
  target.stat(`wasmcustom.wasm_filter.ratelimit.limit=.=${limit};.;meshscript_ratelimit_${metric}_total`);

onBothHosts((open, host) => {
  describe("buckets", () => {
    test("outlive an update of the configuration, also one with other numbers", async () => {
      const target = await open({ filters: [filter(perUser())], upstreams: { app: {} } });
      expect(await statuses(target, 3)).toEqual([200, 200, 429]);

      await target.update({ filters: [filter({ ...perUser(), responseHeaders: [] })] });
      expect(await statuses(target, 1)).toEqual([429]);
      // Five an hour: what was used of two counts for the time that it takes to come back, which is a whole hour.
      await target.update({ filters: [filter(perUser({ requests: 5 }))] });
      expect(await statuses(target, 1)).toEqual([429]);
      // Of 1,000 a second an hour's worth is long gone.
      await target.update({ filters: [filter(perUser({ requests: 1_000, per: "1s" }))] });
      await eventually(async () => {
        await pass(target, 100);
        expect(await statuses(target, 1)).toEqual([200]);
      });
    });

    test("are not kept where the number of rates changes, for these are other buckets", async () => {
      const target = await open({ filters: [filter(perUser())], upstreams: { app: {} } });
      expect(await statuses(target, 3)).toEqual([200, 200, 429]);
      const { requests: _, per: __, ...rest } = perUser().limits?.[0] ?? { name: "" };
      const windows = [
        { requests: 2, per: "1h" },
        { requests: 3, per: "24h" },
      ];

      await target.update({ filters: [filter({ limits: [{ ...rest, windows }] })] });
      expect(await statuses(target, 3)).toEqual([200, 200, 429]);
    });

    test("belong to the limit's name in a domain and vm_id, whichever plugin asks", async () => {
      const vmId = "meshscript.ratelimit";
      const target = await open({
        listeners: {
          inbound: { filters: [filter(perUser(), { vmId, name: "inbound" })] },
          same: { filters: [filter(perUser(), { vmId, name: "same" })] },
          domain: { filters: [filter({ ...perUser(), domain: "other" }, { vmId, name: "domain" })] },
          vm: { filters: [filter(perUser(), { vmId: "another", name: "vm" })] },
        },
        upstreams: { app: {} },
      });

      expect(await statuses(target, 1, { listener: "inbound" })).toEqual([200]);
      expect(await statuses(target, 2, { listener: "same" })).toEqual([200, 429]);
      expect(await statuses(target, 1, { listener: "inbound" })).toEqual([429]);
      expect(await statuses(target, 3, { listener: "domain" })).toEqual([200, 200, 429]);
      expect(await statuses(target, 3, { listener: "vm" })).toEqual([200, 200, 429]);
    });

    test("are told apart however name and domain are cut", async () => {
      const one = (name: string, domain: string): RateLimitConfig => ({ limits: [{ name, requests: 1, per: "1h" }], domain });
      const vmId = "meshscript.ratelimit";
      const target = await open({
        listeners: {
          first: { filters: [filter(one("a/b", "x"), { vmId, name: "first" })] },
          second: { filters: [filter(one("b", "x/a"), { vmId, name: "second" })] },
          third: { filters: [filter(one("a", "b/x"), { vmId, name: "third" })] },
        },
        upstreams: { app: {} },
      });

      for (const listener of ["first", "second", "third"]) expect(await statuses(target, 2, { listener })).toEqual([200, 429]);
    });
  });

  describe("a table without room", () => {
    const ROOM = 16;
    /** One slot, of sixteen keys. */
    const crowded = (onError: "deny" | "allow"): RateLimitConfig => ({ ...perUser({ onError }), keySlots: ROOM });

    test("refuses new keys, says so and counts it; those that are in it keep their buckets", async () => {
      const target = await open({
        filters: [filter(crowded("deny"))],
        upstreams: { app: {} },
        accessLog: { ratelimit: "%FILTER_STATE(wasm.meshscript.ratelimit:PLAIN)%" },
      });
      for (let user = 0; user < ROOM; user++) expect(await statuses(target, 1, { user: `u${user}` })).toEqual([200]);

      const refused = await target.request({ headers: { "x-user": "more" } });
      expect([refused.status, refused.header("retry-after"), refused.header("ratelimit")]).toEqual([429, "1", undefined]);
      await eventually(() => {
        const entry = target.accessLog().at(-1);
        expect([entry?.details, entry?.["ratelimit"]]).toEqual([
          "request_rate_limited{per-user,table_full}",
          "verdict=refused limit=per-user reason=table_full",
        ]);
      });
      // No key made another one's bucket new: each has its second request, and no third.
      for (let user = 0; user < ROOM; user++) expect(await statuses(target, 2, { user: `u${user}` })).toEqual([200, 429]);
      expect(await Promise.all(["table_full", "refused", "admitted"].map((metric) => counter(target, metric)))).toEqual([
        1,
        ROOM + 1,
        ROOM * 2,
      ]);
    });

    test("lets new keys pass where it is told to, and counts those, too", async () => {
      const target = await open({ filters: [filter(crowded("allow"))], upstreams: { app: {} } });
      for (let user = 0; user < ROOM; user++) expect(await statuses(target, 1, { user: `u${user}` })).toEqual([200]);

      expect(await statuses(target, 3, { user: "more" })).toEqual([200, 200, 200]);
      expect(await statuses(target, 2, { user: "u0" })).toEqual([200, 429]);
      expect(await Promise.all(["table_full", "refused", "shadow_refused"].map((metric) => counter(target, metric)))).toEqual([3, 1, 0]);
    });

    test("gives the place of a key whose bucket is full again to another", async () => {
      const target = await open({
        filters: [filter({ ...perUser({ requests: 20, per: "1s", burst: 1 }), keySlots: 16 })],
        upstreams: { app: {} },
      });
      for (let user = 0; user < 40; user++) {
        await eventually(async () => {
          await pass(target, 10);
          expect(await statuses(target, 1, { user: `u${user}` })).toEqual([200]);
        });
      }
    });
  });

  describe("numbers of the route", () => {
    const numbers = (fields: Record<string, unknown>) => ({
      metadata: { filter_metadata: { "meshscript.ratelimit": { "per-user": fields } } },
    });
    const route = (prefix: string, fields?: Record<string, unknown>) => ({
      match: { prefix },
      direct_response: { status: 204 },
      ...(fields === undefined ? {} : numbers(fields)),
    });

    test("hold on that route, in buckets of their own; a virtual host's hold where the route has none", async () => {
      const routes = [
        route("/three", { requests: 3, per: "1h" }),
        route("/same", { per: "60m", requests: 3 }),
        route("/own", { requests: 3, per: "1h", bucket: "own" }),
        route("/burst", { requests: 1, per: "1h", burst: 2 }),
        route("/off", { mode: "off" }),
        route("/shadow", { requests: 1, per: "1h", mode: "shadow" }),
        route("/"),
      ];
      const host = { name: "main", domains: ["*"], routes };
      const target = await open({
        filters: [filter(perUser({ perRoute: true, requests: 1, overrides: [{ key: ["vip"], requests: 4, per: "1h" }] }))],
        listeners: {
          bare: { httpConnectionManager: { route_config: { virtual_hosts: [host] } } },
          host: { httpConnectionManager: { route_config: { virtual_hosts: [{ ...host, ...numbers({ requests: 2, per: "1h" }) }] } } },
        },
      });
      const bare = (path: string, user = "ann") => ({ listener: "bare", path, user });

      expect(await statuses(target, 2, bare("/"))).toEqual([204, 429]);
      expect(await statuses(target, 2, bare("/three"))).toEqual([204, 204]);
      // The same numbers are the same bucket, unless it has a name of its own.
      expect(await statuses(target, 2, bare("/same"))).toEqual([204, 429]);
      expect(await statuses(target, 4, bare("/own"))).toEqual([204, 204, 204, 429]);
      expect(await statuses(target, 3, bare("/burst"))).toEqual([204, 204, 429]);
      expect(await statuses(target, 5, bare("/off"))).toEqual([204, 204, 204, 204, 204]);
      expect(await statuses(target, 3, bare("/shadow"))).toEqual([204, 204, 204]);
      // What the configuration says of a single user goes before what a route says.
      expect(await statuses(target, 5, bare("/three", "vip"))).toEqual([204, 204, 204, 204, 429]);
      expect(await statuses(target, 3, { listener: "host", path: "/" })).toEqual([204, 204, 429]);
      expect(await statuses(target, 3, { listener: "host", path: "/three", user: "bob" })).toEqual([204, 204, 204]);
      expect(await counter(target, "invalid_metadata")).toBe(0);
    });

    test("that make no sense are counted, logged once, and the limit's own hold", async () => {
      const target = await open({
        filters: [filter(perUser({ perRoute: true, requests: 1 }))],
        routes: [
          route("/text", { requests: "ten", per: "1h" }),
          route("/half", { requests: 1.5, per: "1h" }),
          route("/zero", { requests: 0, per: "1h" }),
          route("/huge", { requests: 1e12, per: "1h" }),
          route("/unit", { requests: 5, per: "1 hour" }),
          route("/unknown", { requests: 5, per: "1h", brust: 1 }),
          route("/empty", {}),
          route("/incomplete", { requests: 5 }),
          route("/mode", { requests: 5, per: "1h", mode: "strict" }),
          route("/"),
        ],
      });
      const paths = ["/text", "/half", "/zero", "/huge", "/unit", "/unknown", "/empty", "/incomplete", "/mode"];
      for (const path of paths) expect(await statuses(target, 2, { path, user: path })).toEqual([204, 429]);

      expect(await counter(target, "invalid_metadata")).toBe(paths.length * 2);
      await eventually(() => {
        const lines = target.logs().wasm.filter((line) => line.message.includes("meshscript.ratelimit.per-user"));
        expect(lines).toHaveLength(paths.length);
        expect(lines[0]).toMatchObject({ level: "warning" });
      });
    });

    test("are all that is limited by a limit without numbers", async () => {
      const { requests: _, per: __, ...rest } = perUser().limits?.[0] ?? { name: "" };
      const target = await open({
        filters: [filter({ limits: [{ ...rest, perRoute: true }] })],
        routes: [route("/one", { requests: 1, per: "1h" }), route("/")],
      });

      expect(await statuses(target, 5)).toEqual([204, 204, 204, 204, 204]);
      expect(await statuses(target, 2, { path: "/one" })).toEqual([204, 429]);
    });
  });

  describe("a charge at the end of the stream", () => {
    const late = (cost: NonNullable<RateLimitConfig["limits"]>[number]["cost"]): RateLimitConfig =>
      perUser({ requests: 10, cost, charge: "after" });
    const left = async (target: Target, user = "ann") => {
      const { status, header } = await target.request({ path: "/left", headers: { "x-user": user } }).then((response) => ({
        status: response.status,
        header: response.header("ratelimit"),
      }));
      return [status, Number(/r=(\d+)/.exec(header ?? "")?.[1])];
    };

    test("is the default when the upstream says nothing, and when it resets", async () => {
      const target = await open({
        filters: [filter(late({ responseHeader: "x-tokens", default: 3 }))],
        upstreams: { app: { respond: (request) => (request.path === "/reset" ? { reset: "before-headers" } : { status: 200 }) } },
      });

      expect(await statuses(target, 1)).toEqual([200]);
      expect(await statuses(target, 1, { path: "/reset" })).toEqual([503]);
      await eventually(async () => expect(await left(target, "bob")).toEqual([200, 10]));
      expect(await left(target)).toEqual([200, 4]);
    });

    test("is made when the client leaves before the answer", async () => {
      const target = await open({
        filters: [filter(late({ responseHeader: "x-tokens", default: 3 }))],
        upstreams: { app: { respond: (request) => (request.path === "/never" ? { hang: true } : { status: 200 }) } },
      });
      const leaving = target.request({ path: "/never", headers: { "x-user": "ann" } });
      leaving.catch(() => undefined);
      await target.upstream("app").received();
      leaving.abort();

      await eventually(async () => {
        const [status, remaining] = await left(target);
        expect([status, Number(remaining) <= 7]).toEqual([200, true]);
      });
    });

    test("takes a header of the request, which is there again in the log", async () => {
      const target = await open({ filters: [filter(late({ header: "x-cost" }))], upstreams: { app: {} } });

      expect(await statuses(target, 1, { headers: { "x-cost": "6" } })).toEqual([200]);
      await eventually(async () => expect(Number((await left(target))[1])).toBeLessThanOrEqual(4));
    });
  });

  if (host === "in-process host") {
    test("a share of what is refused really is, about as large as asked", async () => {
      const target = await open({ filters: [filter(perUser({ enforcePercentage: 30 }))], upstreams: { app: {} } });
      await statuses(target, 2);
      const refused = (await statuses(target, 2_000)).filter((status) => status === 429).length;

      expect(refused).toBeGreaterThan(500);
      expect(refused).toBeLessThan(700);
      expect(await Promise.all(["admitted", "refused", "shadow_refused"].map((metric) => counter(target, metric)))).toEqual([
        2,
        refused,
        2_000 - refused,
      ]);
    });
  }
});
