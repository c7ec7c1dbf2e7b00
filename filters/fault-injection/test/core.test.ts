// The filter's pure parts against independent models. All is drawn from fixed seeds: what passes always does.
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Core, loadCore } from "../../../modules/index.ts";
import { nanosecondsSince1970 } from "../date-time.ts";
import { type Distribution, latency } from "./fate.model.ts";

let core: Core;
beforeAll(async () => {
  core = await loadCore(new URL("./core.as.ts", import.meta.url));
}, 120_000);

const u64 = (value: number | bigint) => BigInt.asUintN(64, BigInt(value));
const MOST = 2n ** 64n - 1n;
const MILLISECOND = 1_000_000;

describe("numbers of headers, as absl::SimpleAtoi takes them", () => {
  const read = (text: string, most = MOST) =>
    core.call("toInteger", core.write(Buffer.from(text, "latin1")), most) ? u64(core.readI64()) : undefined;
  /** The rules in other words: white space of ASCII around, one plus, digits of which none is too many. */
  const model = (text: string, most: bigint) => {
    const [, digits] = /^[\t\n\v\f\r ]*\+?([0-9]+)[\t\n\v\f\r ]*$/.exec(text) ?? [];
    const value = digits === undefined ? undefined : BigInt(digits);
    return value !== undefined && value <= most ? value : undefined;
  };

  test.each<[string, bigint | undefined]>([
    ["0", 0n],
    ["7", 7n],
    ["18446744073709551615", MOST],
    ["18446744073709551616", undefined],
    ["18446744073709551620", undefined],
    ["28446744073709551615", undefined],
    ["99999999999999999999999999", undefined],
    ["000000000000000000000000000018446744073709551615", MOST],
    ["000000000000000000000000000018446744073709551616", undefined],
    ["007", 7n],
    ["+7", 7n],
    ["+0", 0n],
    ["-0", undefined],
    ["-7", undefined],
    ["++7", undefined],
    ["+-7", undefined],
    ["+ 5", undefined],
    [" +5", 5n],
    ["+", undefined],
    [" + ", undefined],
    ["", undefined],
    [" ", undefined],
    ["\t\n\v\f\r 5\t\n\v\f\r ", 5n],
    // Not white space in ASCII, though it is elsewhere: NEL, and a space that does not break.
    ["\u00855", undefined],
    ["5\u00a0", undefined],
    ["\u00005", undefined],
    ["5\u0000", undefined],
    ["1 2", undefined],
    ["1\t2", undefined],
    ["0x10", undefined],
    ["1e3", undefined],
    ["1.0", undefined],
    ["1_000", undefined],
    ["1,000", undefined],
    ["5%", undefined],
    ["\u00b2", undefined],
    ["/", undefined],
    [":", undefined],
  ])("%j is %s", (text, value) => {
    expect([read(text), model(text, MOST)]).toEqual([value, value]);
  });

  test("the most that there may be is taken, one more is not, whatever the most", () => {
    const hard = [0n, 1n, 8n, 9n, 10n, 11n, 19n, 99n, 100n, 599n, 4_294_967_294n, 4_294_967_295n, MOST - 6n, MOST - 5n, MOST - 1n, MOST];
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...hard), fc.bigInt({ min: 0n, max: MOST })), fc.nat({ max: 30 }), (most, zeros) => {
        const written = (value: bigint) => "0".repeat(zeros) + String(value);
        expect(read(written(most), most)).toBe(most);
        expect(read(written(most + 1n), most)).toBeUndefined();
        expect(read(written(most * 10n + 10n), most)).toBeUndefined();
        if (most > 0n) expect(read(written(most - 1n), most)).toBe(most - 1n);
      }),
      { numRuns: 2_000, seed: 1 },
    );
  });

  test("any text is taken or refused as by the rules, and up to its most", () => {
    const near = fc.bigInt({ min: -12n, max: 12n });
    const most = fc.oneof(fc.constantFrom(MOST, 2n ** 32n - 1n, 599n, 9n, 0n), fc.bigInt({ min: 0n, max: MOST }));
    const bits = fc.string({ unit: fc.constantFrom(..."0123456789", ..."0199 \t\r\v+-x.e\u00a0\u0000"), maxLength: 26 });
    fc.assert(
      fc.property(most, near, bits, fc.constantFrom("", " ", "\t", "+", " +", "-"), fc.boolean(), (limit, by, noise, front, digits) => {
        const text = front + (digits ? String(limit + by < 0n ? 0n : limit + by) : noise);
        expect({ text, value: read(text, limit) }).toEqual({ text, value: model(text, limit) });
      }),
      { numRuns: 20_000, seed: 2 },
    );
  });
});

describe("times", () => {
  const NEVER = MOST;
  const read = (text: string) => {
    const value = u64(core.call("dateTime", core.write(text)));
    return value === NEVER ? undefined : value;
  };
  const two = (value: number) => String(value).padStart(2, "0");
  const part = fc.record({
    year: fc.oneof(fc.integer({ min: 1970, max: 2199 }), fc.constantFrom(1970, 1972, 2000, 2100, 2199), fc.integer({ min: 0, max: 9999 })),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.oneof(fc.integer({ min: 1, max: 28 }), fc.integer({ min: 28, max: 31 })),
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.integer({ min: 0, max: 59 }),
    second: fc.integer({ min: 0, max: 59 }),
    fraction: fc.oneof(fc.constant(""), fc.stringMatching(/^\.[0-9]{1,9}$/)),
    zone: fc.oneof(
      fc.constantFrom("Z", "+00:00", "-00:00", "+14:00", "-23:59", "+23:59"),
      fc
        .tuple(fc.constantFrom("+", "-"), fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
        .map(([sign, hours, minutes]) => `${sign}${two(hours)}:${two(minutes)}`),
    ),
  });
  const text = part.map(({ year, month, day, hour, minute, second, fraction, zone }) => {
    const date = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
    return `${date}T${two(hour)}:${two(minute)}:${two(second)}${fraction}${zone}`;
  });

  test("are what JavaScript says, to the nanosecond", () => {
    let known = 0;
    fc.assert(
      fc.property(text, (written) => {
        const value = read(written);
        expect({ written, value }).toEqual({ written, value: nanosecondsSince1970(written) });
        if (value === undefined) return;
        known++;
        // A second way, without the schema's own code.
        const fraction = BigInt((/\.([0-9]+)/.exec(written)?.[1] ?? "").padEnd(9, "0"));
        expect(value).toBe(BigInt(Date.parse(written.replace(/\.[0-9]+/, ""))) * 1_000_000n + fraction);
      }),
      { numRuns: 20_000, seed: 3 },
    );
    expect(known).toBeGreaterThan(8_000);
  });

  test("with one character changed, lost or put in are still judged alike", () => {
    const other = fc.constantFrom(..."0123456789", ..."TtZz+-:. ,/\u0000", "\u00e4", "\u0663", "");
    let refused = 0;
    fc.assert(
      fc.property(text, fc.nat(), other, fc.boolean(), (written, at, by, replace) => {
        const place = at % (written.length + 1);
        const changed = written.slice(0, place) + by + written.slice(replace ? place + 1 : place);
        const value = read(changed);
        if (value === undefined) refused++;
        expect({ changed, value }).toEqual({ changed, value: nanosecondsSince1970(changed) });
      }),
      { numRuns: 20_000, seed: 4 },
    );
    expect(refused).toBeGreaterThan(8_000);
  });

  test("every day of 1970 to 2199 is where JavaScript has it, and no month has a day more", () => {
    const wrong: string[] = [];
    for (let year = 1969; year <= 2200; year++) {
      for (let month = 1; month <= 12; month++) {
        for (let day = 0; day <= 32; day++) {
          const written = `${year}-${two(month)}-${two(day)}T00:00:00Z`;
          const date = new Date(Date.UTC(year, month - 1, day));
          const exists = date.getUTCDate() === day && date.getUTCMonth() === month - 1 && year >= 1970 && year < 2200;
          if (read(written) !== (exists ? BigInt(date.getTime()) * 1_000_000n : undefined)) wrong.push(written);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test.each<[string, bigint | undefined]>([
    ["1970-01-01T00:00:00Z", 0n],
    ["1969-12-31T23:59:59.999999999Z", undefined],
    ["1969-12-31T23:59:59-00:01", 59_000_000_000n],
    ["1970-01-01T00:59:59.9+01:00", undefined],
    ["1970-01-01T01:00:00.000000001+01:00", 1n],
    ["2199-12-31T23:59:59.999999999Z", 7_258_118_399_999_999_999n],
    ["2200-01-01T00:00:00Z", undefined],
    ["2200-01-01T00:29:59+00:30", 7_258_118_399_000_000_000n],
    ["2199-12-31T23:30:00-00:30", undefined],
    ["2000-02-29T00:00:00Z", 951_782_400_000_000_000n],
    ["2024-02-29T00:00:00Z", 1_709_164_800_000_000_000n],
    ["2023-02-29T00:00:00Z", undefined],
    ["2100-02-29T00:00:00Z", undefined],
    ["2100-03-01T00:00:00Z", 4_107_542_400_000_000_000n],
    ["2030-04-31T00:00:00Z", undefined],
    ["2030-00-10T00:00:00Z", undefined],
    ["2030-13-10T00:00:00Z", undefined],
    ["2030-05-00T00:00:00Z", undefined],
    ["2030-05-01T24:00:00Z", undefined],
    ["2030-05-01T23:60:00Z", undefined],
    ["2016-12-31T23:59:60Z", undefined],
    ["2030-05-01T12:00:00.Z", undefined],
    ["2030-05-01T12:00:00.1234567890Z", undefined],
    ["2030-05-01T12:00:00.000000001Z", 1_903_867_200_000_000_001n],
    ["2030-05-01T12:00:00+24:00", undefined],
    ["2030-05-01T12:00:00+00:60", undefined],
    ["2030-05-01T12:00:00+0200", undefined],
    ["2030-05-01T12:00:00", undefined],
    ["2030-05-01 12:00:00Z", undefined],
    ["2030-05-01t12:00:00z", undefined],
    ["2030-05-01T12:00:00ZZ", undefined],
    ["2030-05-01T12:00Z", undefined],
    ["2030-05-01", undefined],
    ["", undefined],
    ["12030-05-01T12:00:00Z", undefined],
  ])("%s is %s", (written, value) => {
    expect([read(written), nanosecondsSince1970(written)]).toEqual([value, value]);
  });
});

describe("spans of time", () => {
  const contains = (from: bigint, until: bigint, each: bigint, length: bigint, now: bigint) =>
    Boolean(core.call("during", from, until, each, length, now));
  const SECOND = 10n ** 9n;
  const END = 7_258_118_400n * SECOND;

  test("hold what a walk from one beginning to the next finds in them", () => {
    // Small numbers: every beginning can be tried.
    const small = fc.bigInt({ min: 0n, max: 40n });
    fc.assert(
      fc.property(small, small, fc.bigInt({ min: 0n, max: 9n }), fc.bigInt({ min: 0n, max: 9n }), (from, until, each, length) => {
        for (let now = 0n; now < 50n; now++) {
          let inside = each === 0n;
          for (let begin = from; each > 0n && begin <= now; begin += each) inside ||= now < begin + length;
          expect({ now, is: contains(from, until, each, length, now) }).toEqual({ now, is: inside && from <= now && now < until });
        }
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  test("begin and end on the nanosecond, in any year and however often they come back", () => {
    const time = fc.bigInt({ min: 0n, max: END });
    const span = fc.bigInt({ min: SECOND, max: 8_784n * 3_600n * SECOND });
    fc.assert(
      fc.property(time, span, span, fc.bigInt({ min: 0n, max: 100_000n }), (from, one, other, times) => {
        const [length, each] = one < other ? [one, other] : [other, one + 1n];
        const begin = from + (each * times > END ? each : each * times);
        const around = [begin - 1n, begin, begin + length - 1n, begin + length, begin + each - 1n, begin + each];
        const expected = [false, true, true, false, length >= each, true];
        const asked = around.map((now, i) => (now < from ? expected[i] : contains(from, MOST, each, length, now)));
        expect(asked).toEqual(expected);
        expect([from - 1n, from].map((now) => now >= 0n && contains(from, MOST, each, length, now))).toEqual([false, true]);
        expect([begin - 1n, begin].map((now) => contains(0n, begin, 0n, 0n, now))).toEqual([begin > 0n, false]);
      }),
      { numRuns: 2_000, seed: 6 },
    );
  });

  test("without beginning, end and return are always", () => {
    expect([0n, 1n, END, MOST - 1n].map((now) => contains(0n, MOST, 0n, 0n, now))).toEqual([true, true, true, true]);
  });
});

describe("delays", () => {
  /** Lengths in nanoseconds for numbers from 0 to below 1. */
  function lengths(units: readonly number[]): number[] {
    const all: number[] = [];
    for (let from = 0; from < units.length; from += 8_192) {
      const some = units.slice(from, from + 8_192);
      core.write(new Uint8Array(Float64Array.from(some).buffer));
      core.call("lengths", some.length);
      const bytes = core.read(some.length * 8);
      all.push(...some.map((_, i) => Number(bytes.readBigUInt64LE(i * 8))));
    }
    return all;
  }

  function open(distribution: Distribution): void {
    if ("fixed" in distribution) core.call("fixed", BigInt(distribution.fixed));
    else if ("uniform" in distribution) core.call("uniform", BigInt(distribution.uniform.min), BigInt(distribution.uniform.max));
    else if ("exponential" in distribution) {
      core.call("exponential", BigInt(distribution.exponential.mean), BigInt(distribution.exponential.max));
    } else {
      core.write(
        new Uint8Array(Float64Array.from(distribution.percentiles.flatMap(([percent, length]) => [percent / 100, length])).buffer),
      );
      core.call("percentiles", distribution.percentiles.length);
    }
  }

  /** Evenly spread, the middle of each of so many parts: their means are those of the distribution. */
  const grid = (parts: number) => Array.from({ length: parts }, (_, i) => (i + 0.5) / parts);
  const ALMOST_ONE = 1 - 2 ** -53;
  const edges = [0, 2 ** -53, 1e-9, 0.25, 0.5, 0.75, 1 - 1e-9, ALMOST_ONE];
  const DAY = 86_400_000 * MILLISECOND;
  const lengthOf = fc.oneof(fc.constantFrom(0, 1, MILLISECOND, DAY), fc.integer({ min: 0, max: DAY }));
  const mean = (list: readonly number[]) => list.reduce((sum, one) => sum + one, 0) / list.length;

  /** To a nanosecond, for they are cut to whole ones, and a billionth. */
  function expectFormula(distribution: Distribution, units: readonly number[]): void {
    open(distribution);
    const got = lengths(units);
    const far = units.flatMap((at, i) => {
      const wanted = latency(distribution, at);
      const length = got[i] ?? Number.NaN;
      return Math.abs(length - wanted) <= 1 + wanted * 1e-9 ? [] : [{ at, length, wanted }];
    });
    expect({ distribution, far }).toEqual({ distribution, far: [] });
  }

  const units = fc.array(fc.oneof(fc.constantFrom(...edges), fc.double({ min: 0, max: ALMOST_ONE, noNaN: true })), {
    minLength: 20,
    maxLength: 60,
  });

  test("that are fixed are always the same", () => {
    for (const length of [0, 1, MILLISECOND, DAY]) {
      open({ fixed: length });
      expect(new Set(lengths(edges))).toEqual(new Set([length]));
    }
  });

  test("that are uniform are within their bounds, each as likely, and what the formula gives", () => {
    fc.assert(
      fc.property(lengthOf, lengthOf, units, (a, b, at) => {
        const [min, max] = [Math.min(a, b), Math.max(a, b)];
        expectFormula({ uniform: { min, max } }, at);
        const got = lengths(at);
        expect(Math.min(...got)).toBeGreaterThanOrEqual(min);
        expect(Math.max(...got)).toBeLessThanOrEqual(max);
      }),
      { numRuns: 500, seed: 7 },
    );
    open({ uniform: { min: 10 * MILLISECOND, max: 30 * MILLISECOND } });
    const all = lengths(grid(10_000));
    expect(mean(all) / MILLISECOND).toBeCloseTo(20, 3);
    for (let tenth = 0; tenth < 10; tenth++) {
      const [from, to] = [10 + 2 * tenth, 12 + 2 * tenth].map((ms) => ms * MILLISECOND) as [number, number];
      expect(all.filter((length) => length >= from && length < to)).toHaveLength(1_000);
    }
  });

  test("that are exponential have their mean and their median, are cut, and are what the formula gives", () => {
    fc.assert(
      fc.property(lengthOf, lengthOf, units, (of, max, at) => {
        expectFormula({ exponential: { mean: of, max } }, at);
        expect(Math.max(...lengths(at))).toBeLessThanOrEqual(max);
      }),
      { numRuns: 500, seed: 8 },
    );
    const of = 50 * MILLISECOND;
    const max = 10 * of;
    open({ exponential: { mean: of, max } });
    const all = lengths(grid(100_000));
    // Of a mean of 1, what a cut at 10 takes away is e^-10.
    expect(mean(all) / of).toBeCloseTo(1 - Math.exp(-10), 3);
    expect(all.filter((length) => length < of * Math.LN2)).toHaveLength(50_000);
    expect(all.filter((length) => length === max)).toHaveLength(Math.round(100_000 * Math.exp(-10)));
    open({ exponential: { mean: of, max: of } });
    expect([...lengths(grid(1_000))].sort((a, b) => a - b).at(-1)).toBe(of);
  });

  type Table = readonly (readonly [percent: number, length: number])[];
  const table = (points: Record<string, number>): Table =>
    Object.entries(points).map(([percent, ms]) => [Number(percent), Math.round(ms * MILLISECOND)] as const);
  // Keys that are whole numbers come first in JavaScript: in order here.
  const tables: [string, Table][] = [
    ["p50 and p99", table({ 0: 0, 50: 20, 99: 900 })],
    ["p0 to p100", [...table({ 0: 5, 50: 20, 90: 80 }), [99.9, 2_000 * MILLISECOND], [100, 10_000 * MILLISECOND]]],
    ["one point", table({ 0: 0, 95: 250 })],
    ["p100 alone", table({ 0: 0, 100: 1_000 })],
    ["p0 alone", table({ 0: 30 })],
    ["a step and a plateau", table({ 0: 1, 10: 1, 11: 100, 60: 100, 61: 0.1 + 100 })],
    ["nothing for a while", table({ 0: 0, 80: 0, 90: 40 })],
    [
      "from a millisecond to a day",
      [
        [0, MILLISECOND],
        [25, 1_000 * MILLISECOND],
        [99.9999, DAY],
      ] as Table,
    ],
  ];

  describe.each(tables)("of a table of percentiles: %s", (_, points) => {
    const least = points[0]?.[1] ?? 0;
    const most = points.at(-1)?.[1] ?? 0;

    test("at a point they are the point's, to the nanosecond", () => {
      open({ percentiles: points });
      expect(lengths(points.filter(([percent]) => percent < 100).map(([percent]) => percent / 100))).toEqual(
        points.filter(([percent]) => percent < 100).map(([, length]) => length),
      );
      expect(lengths([0, ALMOST_ONE]).map((length, i) => Math.abs(length - (i === 0 ? least : most)) <= 1 + length * 1e-9)).toEqual([
        true,
        true,
      ]);
    });

    test("they grow with the number, and never leave the table", () => {
      open({ percentiles: points });
      // Close to the points above all, where a rounding would show.
      const near = points.flatMap(([percent]) => [-2, -1, 0, 1, 2].map((n) => percent / 100 + n * 2 ** -53));
      const at = [...grid(20_000), ...near, ...edges].filter((one) => one >= 0 && one < 1).sort((a, b) => a - b);
      const got = lengths(at);
      expect(got.filter((length, i) => length < (got[i - 1] ?? 0))).toEqual([]);
      expect([Math.min(...got) >= least, Math.max(...got) <= most]).toEqual([true, true]);
    });

    test("they are what the formula gives", () => expectFormula({ percentiles: points }, [...grid(5_000), ...edges]));

    test("so many are below each point as its percentile says", () => {
      open({ percentiles: points });
      const parts = 1_000_000;
      const got = lengths(grid(parts));
      for (const [percent, length] of points) {
        // Where several points have this length: the first of them begins it, the last ends it.
        const alike = points.filter(([, other]) => other === length).map(([share]) => share);
        const below = got.filter((one) => one < length).length / (parts / 100);
        const to = got.filter((one) => one <= length).length / (parts / 100);
        // Below the first point that has it are all that are shorter; above the highest it stays.
        expect({ percent, below: Math.abs(below - Math.min(...alike)) < 0.001 || length === least }).toEqual({ percent, below: true });
        const end = length === most ? 100 : Math.max(...alike);
        expect({ percent, to: Math.abs(to - end) < 0.001 }).toEqual({ percent, to: true });
      }
    });
  });

  test("of any table are what the formula gives, grow with the number and never leave the table", () => {
    const anyTable = fc
      .tuple(
        fc.uniqueArray(
          fc.oneof(
            fc.integer({ min: 0, max: 100 }),
            fc.integer({ min: 1, max: 999_999 }).map((part) => part / 10_000),
          ),
          {
            minLength: 1,
            maxLength: 8,
          },
        ),
        fc.array(lengthOf, { minLength: 9, maxLength: 9 }),
      )
      .map(([percents, values]): Table => {
        const shares = [...new Set([0, ...percents])].sort((a, b) => a - b);
        const sorted = [...values].sort((a, b) => a - b);
        return shares.map((percent, i) => [percent, sorted[i] ?? 0] as const);
      });
    fc.assert(
      fc.property(anyTable, units, (points, at) => {
        const sorted = [...at].sort((a, b) => a - b);
        expectFormula({ percentiles: points }, sorted);
        const got = lengths(sorted);
        expect(got.filter((length, i) => length < (got[i - 1] ?? 0))).toEqual([]);
        expect(Math.min(...got)).toBeGreaterThanOrEqual(points[0]?.[1] ?? 0);
        expect(Math.max(...got)).toBeLessThanOrEqual(points.at(-1)?.[1] ?? 0);
      }),
      { numRuns: 2_000, seed: 9 },
    );
  });

  test("half of what lies between p50 = 20 ms and p99 = 900 ms is below 134 ms, as the documentation says", () => {
    open({ percentiles: table({ 0: 0, 50: 20, 99: 900 }) });
    expect((lengths([0.745])[0] ?? 0) / MILLISECOND).toBeCloseTo(134.16, 1);
  });
});

test("secrets are the same when all their bytes are", () => {
  const same = (a: Uint8Array, b: Uint8Array) => Boolean(core.call("sameSecrets", core.write(Buffer.concat([a, b])) - b.length, b.length));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (secret, at, by) => {
      expect(same(secret, secret)).toBe(true);
      expect(same(secret, Uint8Array.of(...secret, by))).toBe(false);
      expect(same(Uint8Array.of(...secret, by), secret)).toBe(false);
      if (secret.length === 0) return;
      expect(same(secret, secret.with(at % secret.length, (secret[at % secret.length] ?? 0) ^ by))).toBe(false);
      expect(same(secret, secret.subarray(1))).toBe(false);
    }),
    { numRuns: 500, seed: 15 },
  );
});

// What is decided, by the filter's own path from seed, name and id: 1,000 requests whose ids only count up, under each of 1,000 seeds that do so,
// too.
