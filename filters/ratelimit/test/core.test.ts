// The arithmetic against a token bucket in exact numbers, and what clients are told against a parser of RFC 9651.
import fc from "fast-check";
import { parseItem, parseList } from "structured-headers";
import { beforeAll, describe, expect, test } from "vitest";
import { type Core, loadCore } from "../../../modules/index.ts";
import { TokenBucket } from "./bucket.model.ts";

let core: Core;
beforeAll(async () => {
  core = await loadCore(new URL("./core.as.ts", import.meta.url));
}, 120_000);

interface Numbers {
  requests: number;
  per: bigint;
  burst: number;
}

const SECOND = 1_000_000_000n;
/** Since boot: what the monotonic clock shows after a week. */
const WEEK = 604_800n * SECOND;
/** What a bucket may owe, in its own units. */
const MOST = 2n ** 62n;

const open = ({ requests, per, burst }: Numbers) => core.call("open", requests, per, burst);
const model = ({ requests, per, burst }: Numbers) => new TokenBucket(BigInt(requests), per, BigInt(burst));
const arrive = (now: bigint, cost: number) => Boolean(core.call("arrive", now, cost));
const big = (name: string, ...args: (number | bigint)[]) => BigInt.asUintN(64, BigInt(core.call(name, ...args)));

const numbers = fc
  .record({
    requests: fc.oneof(fc.constantFrom(1, 3, 7, 10, 60, 1_000, 7_919, 999_983), fc.integer({ min: 1, max: 2_000_000 })),
    per: fc.oneof(
      fc.constantFrom(1_000_000n, SECOND, 60n * SECOND, 3_600n * SECOND, 86_400n * SECOND),
      fc.bigInt({ min: 1_000_000n, max: 10n ** 13n }),
    ),
    burst: fc.oneof(fc.constantFrom(1, 2, 10), fc.integer({ min: 1, max: 5_000 })),
  })
  .filter(({ requests, per, burst }) => Boolean(core.call("fits", requests, per, burst)));

/** A generator of its own: fast-check's values cost too much for a million. */
function* noise(seed: number): Generator<number> {
  for (let state = seed >>> 0; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

test("1,000,000 random arrivals get the decisions of an exact token bucket, without one exception", () => {
  const chunk = 8_192;
  let arrivals = 0;
  let admitted = 0;
  const wrong: string[] = [];
  const seeds = fc.sample(fc.tuple(numbers, fc.nat()), { numRuns: 123, seed: 20_261_123 });
  for (const [rate, seed] of seeds) {
    open(rate);
    const bucket = model(rate);
    const random = noise(seed);
    const next = () => random.next().value as number;
    // On average twice the rate, with pauses in which much or all of the bucket comes back, and bursts at one instant.
    const interval = Number(rate.per) / rate.requests / 2;
    let now = WEEK + BigInt(seed);
    const bytes = new DataView(new ArrayBuffer(chunk * 12));
    const expected: boolean[] = [];
    for (let i = 0; i < chunk; i++) {
      const kind = next();
      const gap = kind < 0.2 ? 0 : kind < 0.99 ? -Math.log(1 - next()) * interval : next() * interval * rate.burst * 3;
      now += BigInt(Math.floor(gap));
      const cost = next() < 0.8 ? 1 : 1 + Math.floor(next() * Math.min(rate.burst * 1.2, 50));
      bytes.setBigUint64(i * 12, now, true);
      bytes.setUint32(i * 12 + 8, cost, true);
      expected.push(bucket.arrive(now, BigInt(cost)));
    }
    core.write(new Uint8Array(bytes.buffer));
    const decided = core.read(Number(core.call("arrivals", chunk)));
    expected.forEach((admit, i) => {
      if (admit) admitted++;
      if (admit !== (decided[i] === 1)) wrong.push(`${rate.requests} per ${rate.per} burst ${rate.burst}, arrival ${i}`);
    });
    arrivals += chunk;
  }

  expect(arrivals).toBeGreaterThanOrEqual(1_000_000);
  expect(wrong).toEqual([]);
  expect(admitted).toBeGreaterThan(arrivals / 10);
  expect(admitted).toBeLessThan((arrivals * 9) / 10);
});

/** Arrivals as gaps, in parts of the interval between two tokens. */
const gaps = fc.array(fc.tuple(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3, noNaN: true })), fc.integer({ min: 1, max: 4 })), {
  minLength: 1,
  maxLength: 200,
});

function timeline(rate: Numbers, list: readonly [number, number][]): [bigint, number][] {
  const interval = Number(rate.per) / rate.requests;
  let now = WEEK;
  return list.map(([gap, cost]) => {
    now += BigInt(Math.floor(gap * interval));
    return [now, cost];
  });
}

test("no window, wherever it starts, admits more than the burst and what the rate gives in it", () => {
  fc.assert(
    fc.property(numbers, gaps, (rate, list) => {
      open(rate);
      const admitted = timeline(rate, list).filter(([now, cost]) => arrive(now, cost));
      // Every window that begins and ends with an admission; no other can hold more.
      for (let from = 0; from < admitted.length; from++) {
        let sum = 0n;
        for (const [now, cost] of admitted.slice(from)) {
          sum += BigInt(cost);
          const width = now - (admitted[from]?.[0] ?? 0n);
          expect(sum * rate.per <= BigInt(rate.burst) * rate.per + BigInt(rate.requests) * width).toBe(true);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("what is told is so: as many as remain are admitted at once, one more is not, and after the wait it is", () => {
  fc.assert(
    fc.property(numbers, gaps, fc.integer({ min: 1, max: 60 }), (rate, list, cost) => {
      open(rate);
      const bucket = model(rate);
      let now = WEEK;
      for (const [at, price] of timeline(rate, list)) {
        now = at;
        expect(arrive(at, price)).toBe(bucket.arrive(at, BigInt(price)));
      }
      expect(BigInt(core.call("remaining", now))).toBe(bucket.remaining(now));
      const wait = big("wait", now, cost);
      if (cost > rate.burst) {
        expect(wait).toBe(2n ** 64n - 1n);
        return;
      }
      // Nothing is charged by asking; a nanosecond earlier it would not be admitted.
      if (wait > 0n) expect(big("wait", now + wait - 1n, cost)).toBe(1n);
      expect(big("wait", now + wait, cost)).toBe(0n);
      expect(arrive(now + wait, cost)).toBe(true);
      const full = big("untilFull", now + wait);
      expect(Number(core.call("remaining", now + wait + full))).toBe(rate.burst);
      if (full > 0n) expect(big("used", now + wait + full - 1n) > 0n).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test("a charge that was not asked for is owed in full, and pays itself off at the rate", () => {
  fc.assert(
    fc.property(numbers, fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 20 }), (rate, costs) => {
      open(rate);
      const bucket = model(rate);
      let now = WEEK;
      for (const cost of costs) {
        core.call("owe", now, cost);
        bucket.owe(now, BigInt(cost));
        if (big("used", now) === MOST) return;
        now += rate.per / BigInt(rate.requests);
        expect(BigInt(core.call("remaining", now))).toBe(bucket.remaining(now));
      }
      now += big("wait", now, 1);
      expect([arrive(now, 1), bucket.arrive(now, 1n)]).toEqual([true, true]);
    }),
    { numRuns: 300 },
  );
  open({ requests: 1, per: 366n * 86_400n * SECOND, burst: 1 });
  for (let i = 0; i < 10_000; i++) core.call("owe", WEEK, 1_000_000_000);

  expect(arrive(WEEK, 1)).toBe(false);
  expect(big("used", WEEK)).toBe(MOST);
});

test("a refund gives back what has not drained, and never more than was taken: the bucket is never fuller than without the charge", () => {
  fc.assert(
    fc.property(numbers, gaps, fc.integer({ min: 1, max: 4 }), gaps, (rate, earlier, cost, later) => {
      open(rate);
      const without = model(rate);
      let now = WEEK;
      for (const [at, price] of timeline(rate, earlier)) {
        now = at;
        if (arrive(at, price)) without.arrive(at, BigInt(price));
      }
      if (!arrive(now, cost)) return;
      const charged = now;
      const between = timeline(rate, later).map(([at, price]) => [at - WEEK + charged, price] as const);
      for (const [at, price] of between) {
        now = at;
        if (arrive(at, price)) expect(without.arrive(at, BigInt(price))).toBe(true);
      }
      const elapsed = now - charged;
      core.call("refund", now, cost, elapsed);
      const ours = BigInt(core.call("remaining", now));
      const theirs = without.remaining(now);
      expect(ours <= theirs).toBe(true);
      // What is not given back has drained in the meantime: at most the rate times that.
      expect(((theirs - ours - 1n) * rate.per) / BigInt(rate.requests) <= elapsed).toBe(true);
      if (elapsed === 0n) expect(ours).toBe(theirs);
    }),
    { numRuns: 1_000 },
  );
});

test("a clock that is behind the last writer's only makes the bucket look fuller in use", () => {
  fc.assert(
    fc.property(numbers, fc.bigInt({ min: 0n, max: 10n ** 9n }), (rate, behind) => {
      open(rate);
      arrive(WEEK, 1);
      const then = big("used", WEEK);
      expect(big("used", WEEK - behind) >= then).toBe(true);
    }),
  );
});

test("other numbers find the bucket in use as long as before, and never trap", () => {
  fc.assert(
    fc.property(numbers, numbers, gaps, (before, after, list) => {
      open(before);
      for (const [now, cost] of timeline(before, list)) arrive(now, cost);
      const now = timeline(before, list).at(-1)?.[0] ?? WEEK;
      const full = big("untilFull", now);
      core.call("renumber", after.requests, after.per, after.burst);
      if (big("used", now) === MOST) return;
      // The fraction of a nanosecond is another's now.
      const difference = big("untilFull", now) - full;
      expect(difference >= -1n && difference <= 1n).toBe(true);
      expect(Number(core.call("remaining", now + full + 1n))).toBe(after.burst);
    }),
  );
});

test("numbers that 64 bits cannot count are told apart from those that they can", () => {
  expect(Boolean(core.call("fits", 1, 366n * 86_400n * SECOND, 72))).toBe(true);
  expect(Boolean(core.call("fits", 1, 366n * 86_400n * SECOND, 73))).toBe(false);
  expect(Boolean(core.call("fits", 999_983, 86_400n * SECOND, 999_983))).toBe(false);
  expect(Boolean(core.call("fits", 1_000_000, 86_400n * SECOND, 1_000_000_000))).toBe(true);
  expect([0, 1, 1].map((n, i) => Boolean(core.call("fits", n, i === 1 ? 0n : SECOND, i === 2 ? 0 : 1)))).toEqual([false, false, false]);
});

describe("structured fields", () => {
  const visible = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 64 });
  const write = (text: string) => core.write(Buffer.from(text, "latin1"));
  const read = (length: number | bigint) => core.read(Number(length)).toString("latin1");

  test("strings are read back as they were, quotes and backslashes included", () => {
    fc.assert(
      fc.property(visible, (text) => {
        expect(parseItem(read(core.call("string", write(text))))[0]).toBe(text);
      }),
    );
    expect(read(core.call("string", write('a"b\\c')))).toBe('"a\\"b\\\\c"');
  });

  test("integers are read back as they were, up to the fifteen digits that there may be", () => {
    fc.assert(
      fc.property(fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 1_000n })), (value) => {
        const most = 999_999_999_999_999n;
        expect(parseItem(read(core.call("integer", value)))[0]).toBe(Number(value > most ? most : value));
      }),
    );
  });

  test("members of the lists parse, and say the burst and the seconds in which it comes back", () => {
    fc.assert(
      fc.property(
        visible.filter((name) => name.length > 0),
        numbers,
        (name, { requests, per, burst }) => {
          const [policy = "", item = "", legacy = ""] = read(core.call("members", write(name), requests, per, burst)).split("\n");
          const [[value, parameters] = []] = parseList(policy) as [string, Map<string, number>][];
          const exact = (BigInt(burst) * per) / BigInt(requests);
          expect(value).toBe(name);
          expect(parameters?.get("q")).toBe(burst);
          const seconds = BigInt(parameters?.get("w") ?? 0);
          expect(seconds * SECOND >= exact && (seconds - 1n) * SECOND <= exact).toBe(true);
          expect(parseList(`${item}7`)).toEqual([[name, new Map([["r", 7]])]]);
          const [[limit, legacyParameters] = []] = parseList(legacy) as [number, Map<string, number | string>][];
          expect([limit, legacyParameters?.get("name")]).toEqual([burst, name]);
        },
      ),
    );
  });
});

describe("permits", () => {
  test("are spent one by one until none is left or their time is over, and belong to one key", () => {
    core.call("keep", 5n << 32n, 2, 100n);

    expect(Boolean(core.call("spend", 6n << 32n, 1n))).toBe(false);
    expect([1n, 99n, 99n].map((now) => Boolean(core.call("spend", 5n << 32n, now)))).toEqual([true, true, false]);
    core.call("keep", 5n << 32n, 2, 100n);
    expect(Boolean(core.call("spend", 5n << 32n, 100n))).toBe(false);
    core.call("keep", (5n << 32n) | 1n, 1, 200n);
    expect(Boolean(core.call("spend", 5n << 32n, 50n))).toBe(false);
    expect(Boolean(core.call("spend", (5n << 32n) | 1n, 50n))).toBe(true);
  });

  test("keep their place from another key until they are spent or their time is over", () => {
    const room = (now: bigint) => Boolean(core.call("room", (7n << 32n) | 1n, now));
    expect(room(1n)).toBe(true);
    core.call("keep", 7n << 32n, 1, 100n);

    expect([1n, 99n, 100n].map(room)).toEqual([false, false, true]);
    core.call("spend", 7n << 32n, 1n);
    expect(room(1n)).toBe(true);
  });
});
