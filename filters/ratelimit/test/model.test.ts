// The whole module against token buckets in exact numbers: each verdict, each number that clients are told, and what was counted.
import fc from "fast-check";
import { parseList } from "structured-headers";
import { expect, test } from "vitest";
import { type Host, openHost } from "../../../harness/host/index.ts";
import type { RateLimitConfig } from "../config.ts";
import { TokenBucket } from "./bucket.model.ts";
import { ratelimitModule } from "./support.ts";

const wasm = await ratelimitModule();

type Limit = NonNullable<RateLimitConfig["limits"]>[number];
type Rate = NonNullable<Limit["windows"]>[number];

/** What a limit and an override have alike. */
type Numbers = Pick<Limit, "requests" | "per" | "burst" | "windows">;

const periods: Record<string, bigint> = {
  "10ms": 10n ** 7n,
  "1s": 10n ** 9n,
  "1.5s": 15n * 10n ** 8n,
  "7s": 7n * 10n ** 9n,
  "1m": 60n * 10n ** 9n,
  "1h": 3_600n * 10n ** 9n,
};
const users = ["ann", "bob", "cy", "dan"];
const paths = ["/a", "/b"];
/** Where nothing has been taken yet, however long ago: the model's buckets begin full. */
const START = 0n;

/** One window: its bucket, and what its name is to clients. */
class Window {
  readonly bucket: TokenBucket;

  constructor(
    readonly name: string,
    readonly rate: Rate,
  ) {
    this.bucket = new TokenBucket(BigInt(rate.requests), this.per, BigInt(this.burst));
  }

  get per(): bigint {
    return periods[this.rate.per] ?? 0n;
  }

  get burst(): number {
    return this.rate.burst ?? this.rate.requests;
  }

  /** In which the whole burst comes back. */
  get seconds(): number {
    const requests = BigInt(this.rate.requests);
    return seconds((BigInt(this.burst) * this.per + requests - 1n) / requests) ?? 0;
  }

  /** Whether it would admit that now; takes nothing. The bucket tells whole tokens, and a cost is whole. */
  admits(now: bigint, cost: number): boolean {
    return this.bucket.remaining(now) >= BigInt(cost) && cost <= this.burst && !this.owes(now, cost);
  }

  /** Of no tokens a cost of none is admitted, of less than none it is not. */
  private owes(now: bigint, cost: number): boolean {
    return cost === 0 && !this.copy(now).arrive(now, 0n);
  }

  /** The smallest time from now on, in nanoseconds, after which it would admit that; undefined: never. Found by asking, not by reckoning. */
  wait(now: bigint, cost: number): bigint | undefined {
    if (cost > this.burst) return undefined;
    let low = -1n;
    let high = 1n;
    const admitted = (after: bigint) => this.copy(now).arrive(now + after, BigInt(cost));
    if (admitted(0n)) return 0n;
    while (!admitted(high)) high *= 2n;
    low = high / 2n;
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      if (admitted(middle)) high = middle;
      else low = middle;
    }
    return high;
  }

  private copy(now: bigint): TokenBucket {
    this.bucket.remaining(now);
    return Object.assign(Object.create(TokenBucket.prototype) as TokenBucket, this.bucket);
  }
}

/** Whole ones, rounded up: who waits so long has waited long enough. */
function seconds(nanoseconds: bigint | undefined): number | null {
  return nanoseconds === undefined ? null : Number((nanoseconds + 999_999_999n) / 1_000_000_000n);
}

interface Ask {
  user: string;
  path: string;
  cost: number;
  tokens: number;
}

interface Told {
  status: number;
  /** Of each window that is told: requests that are left, and seconds until there are more. */
  limits: [name: string, remaining: number, seconds: number | null][];
  policy: [name: string, quota: number, seconds: number][];
  retryAfter: number | undefined;
}

/** What the filter has to do, by its documentation: all that apply are asked, and all are charged or none. */
class Model {
  private readonly buckets = new Map<string, Window[]>();
  readonly counts = new Map<string, number>();

  constructor(private readonly limits: readonly Limit[]) {}

  ask(now: bigint, ask: Ask): { told: Told; end(now: bigint): void } {
    const parts = this.limits.flatMap((limit) => this.part(now, limit, ask) ?? []);
    const refusing = parts.filter(({ admits, enforces }) => !admits && enforces);
    const admitted = refusing.length === 0;
    for (const { limit, windows, admits, enforces, cost, late } of parts) {
      if (!admits && enforces) this.count(limit, "refused");
      else if (!admitted) continue;
      else if (!admits) this.count(limit, "shadow_refused");
      else {
        this.count(limit, "admitted");
        if (!late) for (const { bucket } of windows) bucket.owe(now, BigInt(cost));
      }
    }
    const waits = refusing.flatMap(({ windows, needed }) =>
      windows.filter((one) => !one.admits(now, needed)).map((one) => one.wait(now, needed)),
    );
    const wait = waits.includes(undefined) ? undefined : waits.reduce<bigint>((most, one) => ((one ?? 0n) > most ? (one ?? 0n) : most), 0n);
    const told = parts.filter(({ enforces }) => enforces);
    return {
      told: {
        status: admitted ? 200 : 429,
        limits: told.flatMap(({ windows, admits, needed }) =>
          windows
            .filter((one) => admitted || (!admits && !one.admits(now, needed)))
            .map((one): [string, number, number | null] => {
              const remaining = Number(one.bucket.remaining(now));
              // Of an admitted one, until the bucket is full; of an empty one, until the next.
              return [one.name, remaining, seconds(one.wait(now, admitted ? (remaining > 0 ? one.burst : 1) : needed))];
            }),
        ),
        policy: told.flatMap(({ windows }) => windows.map((one): [string, number, number] => [one.name, one.burst, one.seconds])),
        retryAfter: admitted ? undefined : (seconds(wait) ?? undefined),
      },
      end: (later) => {
        if (!admitted) return;
        for (const { windows, admits, late, cost } of parts) {
          if (late && admits) for (const { bucket } of windows) bucket.owe(later, BigInt(cost));
        }
      },
    };
  }

  private part(now: bigint, limit: Limit, ask: Ask) {
    if (limit.when?.length && ask.path !== "/a") return undefined;
    const key = (limit.key ?? []).map((part) => ("header" in part && part.header !== undefined ? ask.user : ask.path));
    const special = limit.overrides?.find((entry) => JSON.stringify(entry.key) === JSON.stringify(key));
    const numbers = special && (special.requests !== undefined || special.windows !== undefined) ? special : limit;
    const mode = special?.mode ?? limit.mode ?? "enforce";
    if (mode === "off") return undefined;
    const place = JSON.stringify([limit.name, key]);
    const windows = this.buckets.get(place) ?? windowsOf(limit.name, numbers);
    this.buckets.set(place, windows);
    const { late, cost } = price(limit, ask);
    const needed = late ? 1 : cost;
    return { limit, windows, late, cost, needed, enforces: mode === "enforce", admits: windows.every((one) => one.admits(now, needed)) };
  }

  private count({ name }: Limit, what: string): void {
    this.counts.set(`${name}.${what}`, (this.counts.get(`${name}.${what}`) ?? 0) + 1);
  }
}

function windowsOf(name: string, { windows, requests = 1, per = "1s", burst }: Numbers): Window[] {
  if (windows) return windows.map((rate) => new Window(`${name}/${rate.per}`, rate));
  return [new Window(name, { requests, per, ...(burst === undefined ? {} : { burst }) })];
}

function price({ cost = 1, charge }: Limit, ask: Ask): { late: boolean; cost: number } {
  if (typeof cost === "number") return { late: charge === "after", cost };
  if (cost.responseHeader !== undefined) return { late: true, cost: Math.min(ask.tokens, cost.max ?? 1_000_000_000) };
  return { late: charge === "after", cost: Math.min(ask.cost, cost.max ?? 1_000_000_000) };
}

// Configurations and arrivals.

const rate: fc.Arbitrary<Rate> = fc.record(
  { requests: fc.constantFrom(1, 2, 3, 5, 7, 30), per: fc.constantFrom(...Object.keys(periods)), burst: fc.integer({ min: 1, max: 12 }) },
  { requiredKeys: ["requests", "per"] },
) as fc.Arbitrary<Rate>;
const rates = fc.oneof(
  { weight: 2, arbitrary: rate },
  {
    weight: 1,
    arbitrary: fc.uniqueArray(rate, { minLength: 1, maxLength: 3, selector: ({ per }) => per }).map((windows) => ({ windows })),
  },
);
const mode = fc.constantFrom("enforce", "shadow", "off") as fc.Arbitrary<"enforce" | "shadow" | "off">;
const cost = fc.constantFrom<Partial<Limit>[]>(
  {},
  {},
  { cost: 2 },
  { charge: "after" },
  { cost: { header: "x-cost", max: 6 } },
  { cost: { header: "x-cost" }, charge: "after" },
  { cost: { responseHeader: "x-tokens", max: 20 } },
);
const keys = fc.constantFrom<Partial<Limit>[]>(
  {},
  { key: [{ header: "x-user" }] },
  { key: [{ header: "x-user" }, { attribute: "request.url_path" }] },
);
const when = fc.constantFrom<Partial<Limit>[]>({}, {}, { when: [{ attribute: "request.url_path", exact: "/a" }] });
const limit = fc
  .tuple(rates, cost, keys, when, fc.constantFrom<Partial<Limit>[]>({}, {}, {}, { mode: "shadow" }))
  .chain(([numbers, paid, key, about, how]) => {
    const parts = key.key?.length ?? 0;
    const special = fc
      .tuple(
        fc.tuple(fc.constantFrom(...users), fc.constantFrom(...paths)).map((tuple) => tuple.slice(0, parts)),
        fc.oneof(
          mode.map((m) => ({ mode: m })),
          rates,
          fc.tuple(rates, mode).map(([r, m]) => ({ ...r, mode: m })),
        ),
      )
      .map(([tuple, n]) => ({ key: tuple, ...n }));
    return fc
      .uniqueArray(special, { maxLength: 2, selector: (entry) => JSON.stringify(entry.key) })
      .map(
        (overrides): Omit<Limit, "name"> => ({ ...numbers, ...paid, ...key, ...about, ...how, ...(overrides.length ? { overrides } : {}) }),
      );
  });
const limits = fc
  .array(limit, { minLength: 1, maxLength: 3 })
  .map((list) => list.map((one, i): Limit => ({ name: `limit "${i}"`, ...one })));

/** Milliseconds until the next one, and what it asks. Whole microseconds: the host's clock takes milliseconds. */
const arrival = fc.record({
  gap: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 2_000_000 }).map((microseconds) => microseconds / 1_000) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 60_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(1, 10, 100, 1_000, 1_500, 10_000, 60_000, 3_600_000) },
  ),
  user: fc.constantFrom(...users),
  path: fc.constantFrom(...paths),
  cost: fc.integer({ min: 0, max: 8 }),
  tokens: fc.integer({ min: 0, max: 30 }),
});

const seen = { requests: 0, admitted: 0, waits: 0, never: 0 };

/** Sends the arrivals to a host and to the model, and compares them one by one. */
async function compare(list: readonly Limit[], arrivals: readonly (Ask & { gap: number })[], workers: number): Promise<string[]> {
  const config: RateLimitConfig = { limits: [...list] };
  await using host = await openHost({
    workers,
    plugins: [{ name: "ratelimit", wasm, config }],
    upstreams: { app: { respond: (request) => ({ headers: { "x-tokens": request.header("x-tokens-wanted") ?? "" } }) } },
  });
  const model = new Model(list);
  const wrong: string[] = [];
  const begun = host.now.getTime();
  let now = START;
  for (const [i, { gap, ...ask }] of arrivals.entries()) {
    host.advance(gap);
    now += BigInt(Math.round(gap * 1_000_000));
    const expected = model.ask(now, ask);
    const response = await host.request({
      path: ask.path,
      headers: { "x-user": ask.user, "x-cost": String(ask.cost), "x-tokens-wanted": String(ask.tokens) },
    });
    expected.end(now);
    const told: Told = {
      status: response.status,
      limits: members(response.header("ratelimit")).map(([name, told]) => [
        name,
        Number(told.get("r")),
        told.has("t") ? Number(told.get("t")) : null,
      ]),
      policy: members(response.header("ratelimit-policy")).map(([name, told]) => [name, Number(told.get("q")), Number(told.get("w"))]),
      retryAfter: response.header("retry-after") === undefined ? undefined : Number(response.header("retry-after")),
    };
    if (JSON.stringify(told) !== JSON.stringify(expected.told)) {
      wrong.push(`arrival ${i}: ${JSON.stringify(told)} instead of ${JSON.stringify(expected.told)}`);
      break;
    }
    seen.requests++;
    if (told.status === 200) seen.admitted++;
    else if (told.retryAfter === undefined) seen.never++;
    else seen.waits++;
  }
  // Time passes only when we say so: if it did in between, the model would be wrong and not the filter.
  if (Math.abs(host.now.getTime() - begun - Number(now / 1_000_000n)) > 1) wrong.push(`time went on by itself`);
  const counted = await counts(host);
  if (wrong.length === 0 && JSON.stringify(counted) !== JSON.stringify(sorted(model.counts))) {
    wrong.push(`counted ${JSON.stringify(counted)} instead of ${JSON.stringify(sorted(model.counts))}`);
  }
  return wrong;
}

function members(field: string | undefined): [string, Map<string, unknown>][] {
  return field === undefined ? [] : (parseList(field) as unknown as [string, Map<string, unknown>][]);
}

async function counts(host: Host): Promise<[string, number][]> {
  const all = [...(await host.stats("limit="))].filter(([, value]) => value > 0);
  return sorted(
    new Map(all.map(([name, value]) => [name.replace(/^.*limit=\.=(.+);\.;meshscript_ratelimit_(\w+)_total$/, "$1.$2"), value])),
  );
}

const sorted = (map: Map<string, number>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

for (const workers of [1, 3]) {
  test(`every verdict, every number that clients are told, and every count is the model's, with ${workers} worker${workers > 1 ? "s" : ""}`, async () => {
    Object.assign(seen, { requests: 0, admitted: 0, waits: 0, never: 0 });
    await fc.assert(
      fc.asyncProperty(limits, fc.array(arrival, { minLength: 10, maxLength: 150, size: "max" }), async (list, arrivals) => {
        expect(await compare(list, arrivals, workers)).toEqual([]);
      }),
      { numRuns: 300 },
    );

    expect(seen.requests).toBeGreaterThan(10_000);
    expect(seen.admitted).toBeGreaterThan(seen.requests * 0.2);
    expect(seen.waits).toBeGreaterThan(seen.requests * 0.05);
    expect(seen.never).toBeGreaterThan(20);
  });
}
