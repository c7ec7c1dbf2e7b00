// The four formats as their specifications have them, with regular expressions and strings: shares nothing with the filter.
// https://www.w3.org/TR/trace-context-2/, https://github.com/openzipkin/b3-propagation,
// https://www.jaegertracing.io/docs/1.76/sdk-migration/#propagation-format

export type Format = "tracecontext" | "b3" | "b3multi" | "jaeger";
export type Header = [name: string, value: string];

/** What headers say. Without a trace id it is a decision alone; without `sampled` the decision is the receiver's. */
export interface Meaning {
  trace?: string;
  span?: string;
  parent?: string;
  sampled?: boolean;
  debug?: boolean;
}

/** Each format's headers. */
export const names: Record<Format, string[]> = {
  tracecontext: ["traceparent", "tracestate"],
  b3: ["b3"],
  b3multi: ["x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags"],
  jaeger: ["uber-trace-id"],
};

/** What the headers of one format mean: "absent", "invalid", or it. */
export function read(format: Format, headers: readonly Header[]): Meaning | "absent" | "invalid" {
  const all = (name: string) => headers.filter(([n]) => n === name).map(([, value]) => value.trim());
  if (format === "b3multi") return readMulti(all);
  const [value, ...more] = all(names[format][0] ?? "");
  if (value === undefined) return "absent";
  return more.length > 0 ? "invalid" : (readers[format](value) ?? "invalid");
}

const readers: Record<Exclude<Format, "b3multi">, (value: string) => Meaning | undefined> = {
  tracecontext(value) {
    const match = /^(?:00-(.{32})-(.{16})-(..)|(?!ff|00)[0-9a-f]{2}-(.{32})-(.{16})-(..)(?:-.*)?)$/.exec(value);
    const [trace, span, flags] = (match?.slice(1) ?? []).filter((part) => part !== undefined);
    if (![trace, span, flags].every((part) => /^[0-9a-f]+$/.test(part ?? ""))) return undefined;
    return named({ trace, span, sampled: (Number.parseInt(flags ?? "", 16) & 1) === 1, debug: false });
  },
  b3(value) {
    const match = /^(?:([01d])|([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d])(?:-([0-9a-f]{16}))?)?)$/.exec(value);
    if (!match) return undefined;
    const [, alone, trace, span, state = alone, parent] = match;
    const decision = state === undefined ? {} : { sampled: state !== "0", debug: state === "d" };
    return alone === undefined ? named({ trace, span, parent, ...decision }) : decision;
  },
  jaeger(value) {
    const match = /^([0-9a-f]{1,32}):([0-9a-f]{1,16}):([0-9a-f]{1,16}):([0-9a-f]{1,2})$/i.exec(value.replaceAll(/%3a/gi, ":"));
    if (!match) return undefined;
    const flags = Number.parseInt(match[4] ?? "", 16);
    return named({ trace: match[1], span: match[2], parent: match[3], sampled: (flags & 3) !== 0, debug: (flags & 2) !== 0 });
  },
};

function readMulti(all: (name: string) => string[]): Meaning | "absent" | "invalid" {
  const only = (name: string) => (all(name).length === 1 ? all(name)[0] : undefined);
  const debug = only("x-b3-flags") === "1";
  const state = only("x-b3-sampled")?.toLowerCase() ?? "";
  const accepted = debug || ["1", "true"].includes(state);
  const decision = accepted || ["0", "false"].includes(state) ? { sampled: accepted, debug } : {};
  if ([...all("x-b3-traceid"), ...all("x-b3-spanid")].length === 0) {
    if ("sampled" in decision) return decision;
    return [...all("x-b3-sampled"), ...all("x-b3-parentspanid")].length > 0 ? "invalid" : "absent";
  }
  const [trace, span] = [only("x-b3-traceid") ?? "", only("x-b3-spanid") ?? ""];
  if (!/^(?:[0-9a-f]{16}|[0-9a-f]{32})$/.test(trace) || !/^[0-9a-f]{16}$/.test(span)) return "invalid";
  return named({ trace, span, parent: only("x-b3-parentspanid"), ...decision }) ?? "invalid";
}

/** With ids at full length, unless one is zero. */
function named(meaning: { [K in keyof Meaning]: Meaning[K] | undefined }): Meaning | undefined {
  const trace = meaning.trace?.toLowerCase().padStart(32, "0");
  const span = meaning.span?.toLowerCase().padStart(16, "0");
  const parent = meaning.parent?.toLowerCase().padStart(16, "0");
  if (trace === undefined || span === undefined || /^0+$/.test(trace) || /^0+$/.test(span)) return undefined;
  const { sampled, debug } = meaning;
  return {
    trace,
    span,
    ...(parent === undefined || /^0+$/.test(parent) ? {} : { parent }),
    ...(sampled === undefined ? {} : { sampled, debug: debug === true }),
  };
}

/** What a request's trace is to a hop that reads `order`. `broken`: something came that is not a trace. */
export function extract(order: readonly Format[], headers: readonly Header[]): Meaning & { broken: boolean } {
  const found = order.map((format) => read(format, headers));
  const meanings = found.filter((meaning) => typeof meaning === "object");
  const first = meanings.find(({ trace }) => trace !== undefined) ?? meanings[0];
  return { ...first, broken: found.includes("invalid") };
}
