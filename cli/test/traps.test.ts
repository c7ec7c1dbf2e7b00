import { describe, expect, test } from "vitest";
import { trapIn, unfolded } from "../../modules/index.ts";
import { problemsIn } from "../problems.ts";
import { logLine } from "../run/log-lines.ts";
import { abortIn, configurationTrap, ownPlace } from "../traps.ts";

const trap =
  "[2026-11-22 22:06:47.1][1][error][wasm] Function: proxy_on_configure failed: Uncaught RuntimeError: unreachable\\nProxy-Wasm plugin in-VM backtrace:\\n  0:  0xe1c - ~lib/sdk/abort (~lib/sdk/abort.ts:12:3)\\n  1:  0x64 - assembly/filter/Root#configure (~lib/array.ts:1:2 near assembly/filter.ts:23:5)";

describe("a trap in a log", () => {
  test("is its callback, the engine's reason and the frames, on one line or on several, alone or among others", () => {
    const expected = {
      callback: "proxy_on_configure",
      reason: "unreachable",
      frames: [
        "  0:  0xe1c - ~lib/sdk/abort (~lib/sdk/abort.ts:12:3)",
        "  1:  0x64 - assembly/filter/Root#configure (~lib/array.ts:1:2 near assembly/filter.ts:23:5)",
      ],
    };
    expect(trapIn([trap])).toEqual(expected);
    expect(trapIn(["before", ...trap.split("\\n").map((line) => `  ${line}`), "behind"])).toEqual(expected);
    expect(trapIn(["[error][wasm] Function: proxy_on_tick failed: Uncaught RuntimeError: divide by zero", "behind"])).toEqual({
      callback: "proxy_on_tick",
      reason: "divide by zero",
      frames: [],
    });
    expect(trapIn(["all is well"])).toBeUndefined();
  });

  test("is told at the first place that is the user's own, in the guest's words where it has any", () => {
    const found = trapIn([trap]) ?? { callback: "", reason: "", frames: [] };
    const place = ownPlace(found, "/nowhere");
    expect(place).toEqual({ file: "assembly/filter.ts", line: 23, column: 5 });
    expect(configurationTrap("edge", found, ["[edge #1] assembly/filter.ts:23:5: no greeting"], place)).toMatchObject({
      code: "MS0103",
      message: "edge trapped in its configuration callback, proxy_on_configure: no greeting",
      location: place,
      notes: ["the stack:", ...found.frames],
    });
    expect(configurationTrap("edge", { ...found, callback: "_start" }, [], undefined).message).toBe("edge trapped in _start: unreachable");
    expect(abortIn(["hello", "assembly/a.ts:1:2: words: more"])).toEqual({ place: "assembly/a.ts:1:2", words: "words: more" });
  });

  test("is printed as several lines; a \\n of anything else is left alone", () => {
    const shown = logLine(trap, { color: false, verbose: false });
    expect(shown?.split("\n")).toEqual([
      "envoy error    [wasm] Function: proxy_on_configure failed: Uncaught RuntimeError: unreachable",
      "  Proxy-Wasm plugin in-VM backtrace:",
      "    0:  0xe1c - ~lib/sdk/abort (~lib/sdk/abort.ts:12:3)",
      "    1:  0x64 - assembly/filter/Root#configure (~lib/array.ts:1:2 near assembly/filter.ts:23:5)",
    ]);
    expect(unfolded("a\\nb")).toEqual(["a\\nb"]);
  });
});

describe("what a module has against its configuration", () => {
  test("is one problem for each, with field and place where it tells them", () => {
    expect(
      problemsIn("[edge #1] configuration refused: a.b (line 2, column 3): must be x; y, got 1; line 1, column 1: no object; and 2 more"),
    ).toEqual({
      problems: [
        {
          text: "a.b (line 2, column 3): must be x; y, got 1; line 1, column 1: no object",
          field: "a.b",
          at: { line: 2, column: 3 },
          what: "must be x; y, got 1; line 1, column 1: no object",
        },
      ],
      more: "and 2 more",
    });
    expect(problemsIn("configuration refused: a (line 1, column 2): unknown; b (line 3, column 4): missing")?.problems).toEqual([
      { text: "a (line 1, column 2): unknown", field: "a", at: { line: 1, column: 2 }, what: "unknown" },
      { text: "b (line 3, column 4): missing", field: "b", at: { line: 3, column: 4 }, what: "missing" },
    ]);
    expect(problemsIn("configuration refused: no place at all")?.problems).toEqual([{ text: "no place at all", what: "no place at all" }]);
    expect(problemsIn("ready")).toBeUndefined();
  });
});
