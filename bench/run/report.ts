import { CALLBACKS, CALLS, EMPTY, MORE_CALLBACKS, NO_CALLS, TIMES, nameOf } from "../arms/calibrators.ts";
import type { Interval } from "../statistics/bootstrap.ts";
import type { Costs } from "../statistics/costs.ts";
import { type Judged, judge } from "./claims.ts";

export interface Row {
  arm: string;
  /** Microseconds over the bare listener. */
  over: Interval;
  /** Times the same of another maker, where there is one. */
  ofNative?: Interval;
  ofRust?: Interval;
}

export interface Price {
  call: string;
  /** Microseconds of one call, from the most calls a request. */
  price: Interval;
  /** Of the only one in a request. */
  ofOne?: Interval;
}

export interface Report {
  bare: Interval;
  rows: Row[];
  claims: Judged[];
  prices: Price[];
}

export function reportOf(costs: Costs, arms: readonly string[]): Report {
  // `fused/five, fewer calls` is beside `rust/five`, too.
  const rest = (arm: string) => arm.slice(arm.indexOf("/")).replace(/,.*/, "");
  const ratio = (arm: string, maker: string) => {
    const reference = `${maker}${rest(arm)}`;
    return arm.startsWith(maker) || !costs.has(reference) ? undefined : costs.ratio(arm, reference);
  };
  const rows = arms
    .filter((arm) => arm.includes("/") && !arm.startsWith("calibrator/"))
    .map((arm) => {
      const [ofNative, ofRust] = [ratio(arm, "native"), ratio(arm, "rust")];
      return { arm, over: costs.over(arm), ...(ofNative ? { ofNative } : {}), ...(ofRust && !arm.startsWith("native") ? { ofRust } : {}) };
    });
  return { bare: costs.base(), rows, claims: judge(costs), prices: pricesOf(costs) };
}

/** The price list: of each call that was calibrated. */
function pricesOf(costs: Costs): Price[] {
  if (!costs.has(NO_CALLS)) return [];
  const callback = () => ({ call: "a callback that does nothing", price: costs.difference(CALLBACKS, EMPTY, MORE_CALLBACKS) });
  return [
    ...(costs.has(CALLBACKS) && costs.has(EMPTY) ? [callback()] : []),
    ...CALLS.flatMap((call) => {
      const found = TIMES.filter((times) => costs.has(nameOf(call, times)));
      const [most, one] = [found.at(-1), found.length > 1 ? found[0] : undefined];
      if (most === undefined) return [];
      const price = (times: number) => costs.difference(nameOf(call, times), NO_CALLS, times);
      return [{ call, price: price(most), ...(one ? { ofOne: price(one) } : {}) }];
    }),
  ];
}

/** As a table in Markdown, which is read as well in a terminal. */
export function printed({ bare, rows, claims, prices }: Report): string {
  const sections = [
    `A request that meets no filter: ${micro(bare)} us of the worker's CPU.`,
    table(
      ["arm", "us over that", "of native", "of Rust"],
      rows.map(({ arm, over, ofNative, ofRust }) => [arm, micro(over), times(ofNative), times(ofRust)]),
    ),
  ];
  if (claims.length > 0) {
    const judged = claims.map(({ arm, reference, atMost, ratio, verdict }) => [arm, reference, `${atMost}`, times(ratio), verdict]);
    sections.push(table(["arm", "beside", "at most", "is", ""], judged));
  }
  if (prices.length > 0) {
    const listed = prices.map(({ call, price, ofOne }) => [call, micro(price, 3), ofOne ? micro(ofOne, 3) : ""]);
    sections.push(table(["host call", `us, of ${TIMES.at(-1)} a request`, "the only one"], listed));
  }
  return sections.join("\n\n");
}

const micro = ({ value, low, high }: Interval, digits = 2) =>
  `${value.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
const times = (ratio: Interval | undefined) => (ratio ? micro(ratio) : "");

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(titles), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
