import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MeshscriptError } from "../../diagnostics/index.ts";
import { parseDuration } from "../duration.ts";

describe("a duration", () => {
  test.each([
    ["250ms", 250],
    ["1.5s", 1_500],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["1h30m", 5_400_000],
    ["1m0.5s", 60_500],
    ["0s", 0],
    ["1.005s", 1_005],
    ["0.000001ms", 0.000001],
  ])("%s is %d milliseconds", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test("of any whole number of any unit is that number of them", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(59), (minutes, seconds) => {
        expect(parseDuration(`${minutes}m${seconds}s`)).toBe((minutes * 60 + seconds) * 1_000);
      }),
    );
  });

  test.each(["", "1", "1.5", "s", " 1s", "1s ", "1 s", "1d", "1S", "1e3s", ".5s", "1.s", "1,5s", "+1s", "--1s", "1s-1s", "1s30", "٣s"])(
    "is not %j: the error names it and the units",
    (text) => {
      expect(() => parseDuration(text, { negative: true })).toThrow(
        `MS0601: a duration is a number with a unit of ms, s, m or h, got ${JSON.stringify(text)}`,
      );
    },
  );

  test("is negative only where that has a meaning", () => {
    expect(() => parseDuration("-1s")).toThrow('MS0601: this duration must not be negative, got "-1s"');
    expect(parseDuration("-1m30s", { negative: true })).toBe(-90_000);
    expect(parseDuration("1s", { negative: true })).toBe(1_000);
  });

  test("that no number can hold, and what is no text, are refused as the user's mistake", () => {
    for (const wrong of [`${"9".repeat(400)}h`, `${Number.MAX_SAFE_INTEGER}h`, 5 as unknown as string, undefined as unknown as string]) {
      expect(() => parseDuration(wrong)).toThrow(MeshscriptError);
    }
    expect(() => parseDuration(5 as unknown as string)).toThrow("got 5");
  });
});
