// What the filter does when the host does not do what it is asked: never a trap, always an answer, and nobody gets in for it uncounted.
import { describe, expect, test } from "vitest";
import { type Host, Status, everyFault, openHost } from "../../../harness/host/index.ts";
import type { RateLimitConfig } from "../config.ts";
import { ratelimitModule } from "./support.ts";

const wasm = await ratelimitModule();
const CALLBACK = "proxy_on_request_headers";
const always = Number.POSITIVE_INFINITY;
const set = "proxy_set_shared_data";
const get = "proxy_get_shared_data";
/** What shared data may answer, with what nobody would expect of it. */
const statuses = Object.entries({ ...Status, WasiFault: 21, Unknown: 99 }).filter(([, status]) => status !== Status.Ok);

const open = (config: RateLimitConfig, respond: Record<string, string> = {}) =>
  openHost({
    plugins: [{ name: "ratelimit", wasm, config }],
    upstreams: { app: { respond: { headers: respond } } },
    accessLog: { ratelimit: "%FILTER_STATE(wasm.meshscript.ratelimit:PLAIN)%" },
  });

type Limit = NonNullable<RateLimitConfig["limits"]>[number];
const perUser = (more: Partial<Limit> = {}): Limit => ({ name: "per-user", key: [{ header: "x-user" }], requests: 3, per: "1h", ...more });

const ask = (host: Host, user = "ann") => host.request({ headers: { "x-user": user } });

async function several(host: Host, count: number, user?: string): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await ask(host, user)).status);
  return found;
}

/** A filter that cannot answer closes the stream. */
function closed(error: { code?: string }): number {
  if (error.code !== "MS0408") throw error;
  return 0;
}

/** What was counted, without the zeros: `per-user.admitted`. */
async function counted(host: Host): Promise<Record<string, number>> {
  const stats = [...(await host.stats("limit=")).entries()].filter(([, value]) => value > 0);
  return Object.fromEntries(
    stats.map(([name, value]) => [name.replace(/^.*limit=\.=(.+);\.;meshscript_ratelimit_(\w+)_total$/, "$1.$2"), value]),
  );
}

/** Requests that the limit has left for a user, as an admitted one is told before it is charged itself. */
async function left(host: Host, limit: string, user?: string): Promise<number | undefined> {
  const value = (await ask(host, user)).header("ratelimit") ?? "";
  const found = new RegExp(`"${limit}";r=(\\d+)`).exec(value)?.[1];
  return found === undefined ? undefined : Number(found) + 1;
}

describe("every host call fails in turn, with every status", () => {
  const config: RateLimitConfig = {
    limits: [
      perUser({ requests: 2 }),
      { name: "tokens", key: [{ clientIp: {} }], requests: 100, per: "1h", cost: { responseHeader: "x-tokens" }, perRoute: true },
      { name: "trial", mode: "shadow", windows: [perMinute(1), { requests: 5, per: "1h" }] },
      { name: "batched", requests: 1_000, per: "1h", batch: 10 },
    ],
    responseHeaders: ["draft", "x-ratelimit"],
    refusal: { headers: { "x-why": "limit" } },
  };

  function perMinute(requests: number) {
    return { requests, per: "1m" };
  }

  test("no trap, every request answered, and a user who may come twice gets in no third time uncounted", async () => {
    const runs: { admitted: number; errors: number; faults: readonly string[] }[] = [];
    const outcomes = await everyFault(
      () => open(config, { "x-tokens": "1" }),
      async (host) => {
        const found: number[] = [];
        for (let i = 0; i < 5; i++) found.push(await ask(host).then(({ status }) => status, closed));
        const all = await counted(host);
        const errors = Object.entries(all).filter(([name]) => /table_full|cas_exhausted|host_failed/.test(name));
        runs.push({
          admitted: found.filter((status) => status === 200).length,
          errors: errors.reduce((sum, [, count]) => sum + count, 0),
          faults: [...host.faults],
        });
        expect(found.filter((status) => status !== 200 && status !== 429)).toEqual(
          found.filter(() => host.faults.includes("proxy_send_local_response")).filter((status) => status === 0),
        );
        // Once it is over, it is over.
        host.fail(undefined);
        expect((await several(host, 3)).at(-1)).toBe(429);
      },
    );

    expect(outcomes.filter(({ trap, error }) => trap !== undefined || error !== undefined)).toEqual([]);
    expect(new Set(outcomes.map(({ callback }) => callback))).toEqual(new Set([CALLBACK, "proxy_on_response_headers", "proxy_on_log"]));
    expect(outcomes.length).toBeGreaterThanOrEqual(100);
    expect(new Set(outcomes.map((outcome) => outcome.function))).toEqual(
      new Set([
        ...["proxy_get_header_map_pairs", "proxy_get_property", "proxy_set_property", "clock_time_get", get, set],
        ...["proxy_increment_metric", "proxy_add_header_map_value", "proxy_replace_header_map_value"],
      ]),
    );
    // The first run only looked which calls there are; in every other one something failed.
    expect(runs.slice(1).every(({ faults }) => faults.length > 0)).toBe(true);
    expect(runs.filter(({ admitted }) => admitted > 2)).toEqual([]);
  });

  test("a configuration that comes while the host fails is refused and the old one stays, or it is taken and limits", async () => {
    const verdicts = new Map<string, Set<string>>();
    const chain = (config: RateLimitConfig) => ({ filters: [{ name: "ratelimit", wasm, config }] });
    const next: RateLimitConfig = { limits: [perUser({ requests: 1 })], domain: "next" };
    const outcomes = await everyFault(
      () => openHost({ ...chain({ limits: [perUser({ requests: 2 })] }), upstreams: { app: {} } }),
      async (host) => {
        const taken = await host.update(chain(next)).then(
          () => true,
          (error: { code?: string }) => {
            expect(error.code).toBe("MS0403");
            return false;
          },
        );
        const failed = host.faults[0] ?? "";
        host.fail(undefined);
        verdicts.set(failed, (verdicts.get(failed) ?? new Set()).add(taken ? "taken" : "refused"));
        expect(await several(host, 3)).toEqual(taken ? [200, 429, 429] : [200, 200, 429]);
      },
      { callbacks: ["proxy_on_configure"] },
    );
    expect(outcomes.filter((outcome) => (outcome.trap ?? outcome.error) !== undefined)).toEqual([]);
    expect(Object.fromEntries([...verdicts].map(([name, found]) => [name, [...found].sort().join(" or ")]))).toEqual({
      // The first run, in which nothing fails.
      "": "taken",
      proxy_get_buffer_bytes: "refused",
      proxy_get_shared_data: "refused",
      proxy_set_shared_data: "refused",
      // Those that seed the names of metrics need not be random.
      random_get: "refused or taken",
      clock_time_get: "refused",
      // Limits, and does not count.
      proxy_define_metric: "taken",
      proxy_record_metric: "taken",
    });
  });

  test("a configuration that cannot be read is refused", async () => {
    const capabilities = ["proxy_log", "proxy_on_configure", "proxy_on_context_create", CALLBACK, get, set, "random_get", "clock_time_get"];
    const config = { limits: [perUser()] };

    await expect(openHost({ plugins: [{ name: "ratelimit", wasm, config, capabilities }] })).rejects.toMatchObject({ code: "MS0402" });
  });
});

describe("shared data that cannot be written", () => {
  for (const [name, status] of statuses.filter(([, status]) => status !== Status.CasMismatch)) {
    test(`${name}: a request is refused at once, and that is counted`, async () => {
      await using host = await open({ limits: [perUser()] });
      expect(await several(host, 1)).toEqual([200]);
      host.fail({ callback: CALLBACK, name: set, call: 1, until: always, status });
      const refused = await ask(host);

      expect([refused.status, refused.header("retry-after"), refused.header("ratelimit")]).toEqual([429, "1", undefined]);
      expect(host.faults).toHaveLength(1);
      expect(host.accessLog().at(-1)).toMatchObject({
        details: "request_rate_limited{per-user,host_failed}",
        ratelimit: "verdict=refused limit=per-user reason=host_failed",
      });
      host.fail(undefined);
      expect(await several(host, 3)).toEqual([200, 200, 429]);
      expect(await counted(host)).toEqual({ "per-user.admitted": 3, "per-user.refused": 2, "per-user.host_failed": 1 });
    });
  }

  test("lets pass where the configuration says so, and counts it; whom the bucket refuses is refused all the same", async () => {
    await using host = await open({ limits: [perUser({ onError: "allow", requests: 1 })] });
    expect(await several(host, 1)).toEqual([200]);
    host.fail({ callback: CALLBACK, name: set, call: 1, until: always, status: Status.InternalFailure });

    expect(await several(host, 2)).toEqual([429, 429]);
    expect(await several(host, 2, "bob")).toEqual([200, 200]);
    expect(await counted(host)).toEqual({ "per-user.admitted": 3, "per-user.refused": 2, "per-user.host_failed": 2 });
    expect(host.accessLog().at(-1)).toMatchObject({ ratelimit: "verdict=admitted uncounted=per-user" });
  });

  test("refuses nobody in shadow mode, and counts both", async () => {
    await using host = await open({ limits: [perUser({ mode: "shadow" })] });
    host.fail({ callback: CALLBACK, name: set, call: 1, until: always, status: Status.InternalFailure });

    expect(await several(host, 2)).toEqual([200, 200]);
    expect(await counted(host)).toEqual({ "per-user.shadow_refused": 2, "per-user.host_failed": 2 });
  });

  test("leaves a charge after the response unmade, and counts it", async () => {
    await using host = await open({ limits: [perUser({ charge: "after" })] });
    host.fail({ callback: "proxy_on_log", name: set, call: 1, until: always, status: Status.InternalFailure });
    expect(await several(host, 5)).toEqual([200, 200, 200, 200, 200]);
    expect(await counted(host)).toEqual({ "per-user.admitted": 5, "per-user.host_failed": 5 });
    host.fail(undefined);

    expect(await several(host, 4)).toEqual([200, 200, 200, 429]);
  });
});

describe("shared data that cannot be read", () => {
  for (const [name, status] of statuses) {
    test(`${name}: a key that was there is refused, and that is counted`, async () => {
      await using host = await open({ limits: [perUser()] });
      expect(await several(host, 1)).toEqual([200]);
      host.fail({ callback: CALLBACK, name: get, call: 1, until: always, status });

      expect(await several(host, 3)).toEqual([429, 429, 429]);
      host.fail(undefined);
      expect(await several(host, 3)).toEqual([200, 200, 429]);
      // What is said not to be there is not written over: somebody is always faster.
      const why = status === Status.NotFound ? "cas_exhausted" : "host_failed";
      expect(await counted(host)).toMatchObject({ "per-user.admitted": 3, "per-user.refused": 4, [`per-user.${why}`]: 3 });
    });
  }

  test("lets pass where the configuration says so, and counts each", async () => {
    await using host = await open({ limits: [perUser({ onError: "allow" })] });
    expect(await several(host, 3)).toEqual([200, 200, 200]);
    host.fail({ callback: CALLBACK, name: get, call: 1, until: always, status: Status.InternalFailure });

    expect(await several(host, 2)).toEqual([200, 200]);
    expect(await counted(host)).toMatchObject({ "per-user.admitted": 5, "per-user.host_failed": 2 });
  });

  test("once: that one request is refused, and the bucket is as it was", async () => {
    await using host = await open({ limits: [perUser({ requests: 2 })] });
    expect(await several(host, 1)).toEqual([200]);
    host.fail({ callback: CALLBACK, name: get, call: 1, status: Status.InternalFailure, run: 1 });

    expect(await several(host, 3)).toEqual([429, 200, 429]);
    expect(await counted(host)).toEqual({ "per-user.admitted": 2, "per-user.refused": 2, "per-user.host_failed": 1 });
  });

  test("a limit that is charged after the response, whose bucket is empty, is as when it cannot be counted", async () => {
    await using host = await open({ limits: [perUser({ charge: "after" })] });
    expect(await several(host, 4)).toEqual([200, 200, 200, 429]);
    host.fail({ callback: CALLBACK, name: get, call: 1, until: always, status: Status.InternalFailure });

    expect(await several(host, 2)).toEqual([429, 429]);
  });
});

describe("another worker that is faster", () => {
  test("once: the request is decided again, counted as a retry, and charged exactly once", async () => {
    await using host = await open({ limits: [perUser()] });
    host.fail({ callback: CALLBACK, name: set, call: 1, status: Status.CasMismatch, run: 1 });

    expect((await ask(host)).header("ratelimit")).toBe('"per-user";r=2;t=1200');
    expect(host.faults).toEqual([set]);
    expect(await several(host, 3)).toEqual([200, 200, 429]);
    expect(await counted(host)).toEqual({ "per-user.admitted": 3, "per-user.refused": 1, "per-user.cas_retries": 1 });
  });

  test("ninety-nine times: the hundredth is in time", async () => {
    await using host = await open({ limits: [perUser()] });
    host.fail({ callback: CALLBACK, name: set, call: 1, until: 99, status: Status.CasMismatch });

    expect((await ask(host)).header("ratelimit")).toBe('"per-user";r=2;t=1200');
    expect(await counted(host)).toEqual({ "per-user.admitted": 1, "per-user.cas_retries": 99 });
  });

  test("always: after a hundred times the configuration decides, and both are counted", async () => {
    for (const [onError, status] of [
      ["deny", 429],
      ["allow", 200],
    ] as const) {
      await using host = await open({ limits: [perUser({ onError })] });
      host.fail({ callback: CALLBACK, name: set, call: 1, until: always, status: Status.CasMismatch });
      expect(await several(host, 1)).toEqual([status]);
      expect(host.faults).toHaveLength(100);
      expect(await counted(host)).toEqual({
        [onError === "deny" ? "per-user.refused" : "per-user.admitted"]: 1,
        "per-user.cas_retries": 100,
        "per-user.cas_exhausted": 1,
      });
      host.fail(undefined);
      // Nothing was charged.
      expect(await left(host, "per-user")).toBe(3);
    }
  });

  test("always on the second limit: what the first was charged is given back, and its bucket shows it", async () => {
    const second: Limit = { name: "second", requests: 10, per: "1h" };
    await using host = await open({ limits: [perUser(), second], responseHeaders: ["draft", "x-ratelimit"] });
    expect(await several(host, 1)).toEqual([200]);
    // The first call is the first limit's, then a hundred of the second; what comes then is the refund.
    host.fail({ callback: CALLBACK, name: set, call: 2, until: 101, status: Status.CasMismatch });
    const refused = await ask(host);

    expect([refused.status, refused.header("ratelimit"), refused.header("retry-after")]).toEqual([429, undefined, "1"]);
    expect(refused.header("x-ratelimit-remaining")).toBe("2");
    expect(host.accessLog().at(-1)).toMatchObject({ details: "request_rate_limited{second,cas_exhausted}" });
    expect(await counted(host)).toEqual({
      "per-user.admitted": 1,
      "per-user.refunded": 1,
      "second.admitted": 1,
      "second.refused": 1,
      "second.cas_retries": 100,
      "second.cas_exhausted": 1,
    });
    host.fail(undefined);
    expect(await left(host, "per-user")).toBe(2);
    expect(await left(host, "second")).toBe(8);
  });

  test("on the second limit, and it lets pass: the first stays charged", async () => {
    await using host = await open({ limits: [perUser(), { name: "second", requests: 10, per: "1h", onError: "allow" }] });
    host.fail({ callback: CALLBACK, name: set, call: 2, until: 101, status: Status.CasMismatch });
    const admitted = await ask(host);

    // Of what could not be counted clients are told nothing.
    expect([admitted.status, admitted.header("ratelimit")]).toEqual([200, '"per-user";r=2;t=1200']);
    host.fail(undefined);
    expect(await left(host, "per-user")).toBe(2);
    expect(await left(host, "second")).toBe(9);
    expect(await counted(host)).toMatchObject({ "per-user.admitted": 3, "second.admitted": 3, "second.cas_exhausted": 1 });
  });

  test("also at the refund: the request is refused, and the charge is lost rather than given back twice", async () => {
    await using host = await open({ limits: [perUser(), { name: "second", requests: 10, per: "1h" }] });
    host.fail({ callback: CALLBACK, name: set, call: 2, until: always, status: Status.CasMismatch });

    expect(await several(host, 1)).toEqual([429]);
    host.fail(undefined);
    const all = await counted(host);
    expect([all["per-user.refunded"], all["per-user.cas_exhausted"], all["second.cas_exhausted"]]).toEqual([undefined, 1, 1]);
    expect(await left(host, "per-user")).toBe(2);
  });
});

test("an answer that cannot be sent ends the stream: nobody is let in, and nobody is left waiting", async () => {
  await using host = await open({ limits: [perUser({ requests: 1 })] });
  expect(await several(host, 1)).toEqual([200]);
  host.fail({ callback: CALLBACK, name: "proxy_send_local_response", call: 1, status: Status.InternalFailure });

  await expect(ask(host)).rejects.toMatchObject({ code: "MS0408" });
  expect(host.accessLog().at(-1)).toMatchObject({ details: "wasm_close_stream" });
  expect(await counted(host)).toEqual({ "per-user.admitted": 1, "per-user.refused": 1 });
});

describe("headers that cannot be read", () => {
  const unread = { callback: CALLBACK, name: "proxy_get_header_map_pairs", call: 1, until: always, status: Status.InternalFailure };

  test("leave every limit uncounted, also one that is about some requests only: refused, or let through where that is asked for", async () => {
    const when = [{ attribute: "request.url_path", prefix: "/api" }];
    await using host = await open({ limits: [perUser({ when })] });
    await using open_ = await open({ limits: [perUser({ when, onError: "allow" })] });
    await using skip = await open({ limits: [perUser({ key: [{ header: "x-user", onMissing: "skip" }] })] });
    for (const one of [host, open_, skip]) one.fail(unread);

    expect([await several(host, 2), await several(open_, 2), await several(skip, 2)]).toEqual([
      [429, 429],
      [200, 200],
      [429, 429],
    ]);
    expect(host.accessLog().at(-1)).toMatchObject({ ratelimit: "verdict=refused limit=per-user reason=host_failed" });
    expect(await counted(host)).toEqual({ "per-user.refused": 2, "per-user.host_failed": 2 });
    expect(await counted(open_)).toEqual({ "per-user.admitted": 2, "per-user.host_failed": 2 });
  });
});

describe("a clock that cannot be read", () => {
  const stopped = { callback: CALLBACK, name: "clock_time_get", call: 1, until: always, status: 28 };

  test("leaves every limit uncounted", async () => {
    await using host = await open({ limits: [perUser()] });
    host.fail(stopped);

    expect(await several(host, 2)).toEqual([429, 429]);
    expect(await counted(host)).toEqual({ "per-user.refused": 2, "per-user.host_failed": 2 });
  });

  test("leaves the buckets as they are", async () => {
    await using host = await open({ limits: [perUser()] });
    host.advance("200h");
    expect(await several(host, 3)).toEqual([200, 200, 200]);
    host.fail(stopped);
    await several(host, 1);
    host.fail(undefined);

    expect(await several(host, 1)).toEqual([429]);
  });
});
