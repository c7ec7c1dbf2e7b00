// The conversion matrix: what goes in as one format comes out as the other, on the in-process host and on Envoy.
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { onBothHosts } from "../../../harness/expect/index.ts";
import { type Target, openHost } from "../../../harness/index.ts";
import { type Core, loadCore } from "../../../modules/index.ts";
import type { TracingConfig } from "../config.ts";
import { type Format, type Header, extract, names, read } from "./formats.model.ts";
import { tracingModule } from "./support.ts";

const FORMATS: Format[] = ["tracecontext", "b3", "b3multi", "jaeger"];
const OTHERS = ["x-datadog-trace-id", "sw8", "uberctx-user", "jaeger-debug-id", "x-b3-other", "x-cloud-trace-context"];

const digits = (length: number, unit = "0123456789abcdef") =>
  fc.string({ unit: fc.constantFrom(...unit), minLength: length, maxLength: length });
const id = (length: number) => digits(length).map((text) => (/^0+$/.test(text) ? `${text.slice(1)}1` : text));
const traceId = fc.oneof(
  id(32),
  id(16).map((low) => `${"0".repeat(16)}${low}`),
);
const short = (text: string) => text.replace(/^0+(?=.)/, "");

/** A context in a format, written in any of the ways in which that format may be written. */
const valid: Record<Format, fc.Arbitrary<Header[]>> = {
  tracecontext: fc
    .tuple(traceId, id(16), fc.constantFrom("00", "01", "02", "03", "ff"))
    .map(([trace, span, flags]) => [["traceparent", `00-${trace}-${span}-${flags}`]]),
  b3: fc
    .tuple(traceId, id(16), fc.constantFrom("", "-0", "-1", "-d"), fc.option(id(16), { nil: "" }), fc.boolean())
    .map(([trace, span, state, parent, cut]) => [
      ["b3", `${cut ? trace.replace(/^0{16}/, "") : trace}-${span}${state}${state && parent ? `-${parent}` : ""}`],
    ]),
  b3multi: fc
    .tuple(
      traceId,
      id(16),
      fc.constantFrom("", "0", "1", "true", "false", "True", "maybe"),
      fc.option(id(16), { nil: "" }),
      fc.constantFrom("", "0", "1"),
    )
    .map(([trace, span, sampled, parent, flags]) =>
      (
        [
          ["x-b3-traceid", trace.replace(/^0{16}/, "")],
          ["x-b3-spanid", span],
          ["x-b3-sampled", sampled],
          ["x-b3-parentspanid", parent],
          ["x-b3-flags", flags],
        ] as Header[]
      ).filter(([, value]) => value !== ""),
    ),
  jaeger: fc
    .tuple(traceId, id(16), fc.constantFrom("0", "00f067aa0ba902b7"), fc.constantFrom("0", "1", "2", "3", "01", "0b", "08"), fc.nat(3))
    .map(([trace, span, parent, flags, style]) => {
      const text = [style & 1 ? short(trace) : trace, style & 1 ? short(span) : span, parent, flags].join(style & 2 ? "%3A" : ":");
      return [["uber-trace-id", text]];
    }),
};

/** The same, with something wrong: repeated, cut, lengthened, emptied, a digit changed. */
const broken = (format: Format) =>
  fc
    .tuple(valid[format], fc.nat(), fc.nat({ max: 70 }), fc.constantFrom("", "g", "-", ":", "0", "A", "%3A", "00000000000000000"))
    .map(([headers, which, at, text]): Header[] => {
      const n = which % headers.length;
      const [name, value] = headers[n] ?? ["b3", ""];
      const kinds: Header[][] = [
        [
          [name, value],
          [name, value],
        ],
        [[name, value.slice(0, at) + text + value.slice(at + 1)]],
        [[name, ""]],
        [[name, `${value}${text}`]],
        [[name, value.replaceAll(/[1-9a-f]/g, "0")]],
        [],
      ];
      return headers.toSpliced(n, 1, ...(kinds[which % kinds.length] ?? []));
    });
const alone: fc.Arbitrary<Header[]> = fc.constantFrom<Header[]>(
  [["b3", "0"]],
  [["b3", "1"]],
  [["b3", "d"]],
  [["x-b3-sampled", "0"]],
  [["x-b3-sampled", "1"]],
  [["x-b3-flags", "1"]],
);
const part = (format: Format) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Header[]>([]) },
    { weight: 3, arbitrary: valid[format] },
    { weight: 2, arbitrary: broken(format) },
  );
const anything: fc.Arbitrary<Header[]> = fc
  .tuple(part("tracecontext"), part("b3"), part("b3multi"), part("jaeger"), fc.oneof(fc.constant<Header[]>([]), alone), fc.boolean())
  .map(([a, b, c, d, e, foreign]) => [
    ...a,
    ["tracestate", "foo=1"],
    ...b,
    ...c,
    ...d,
    ...e,
    ...(foreign ? OTHERS.map((name): Header => [name, "1"]) : []),
  ]);

const share = { sampling: { percentage: 0 } };
const single = FORMATS.flatMap((from) =>
  FORMATS.map((to): [string, TracingConfig] => [`${from} to ${to}`, { extract: [from], inject: [to] }]),
);
const configs: Record<string, TracingConfig> = {
  ...Object.fromEntries(single),
  default: {},
  all: { extract: ["jaeger", "b3multi", "b3", "tracecontext"], inject: FORMATS, ...share },
  "not parent based": { inject: ["b3", "b3multi", "jaeger"], sampling: { percentage: 0, parentBased: false } },
  edge: { inbound: "restart", inject: ["tracecontext", "b3multi"], ...share },
  "edge without": { inbound: "restart", extract: FORMATS, inject: [] },
};
const DEFAULT_EXTRACT: Format[] = ["tracecontext", "b3", "b3multi"];

onBothHosts((open, host) => {
  let target: Target;
  const numRuns = host === "Envoy" ? 12 : 120;

  beforeAll(async () => {
    const wasm = await tracingModule();
    target = await open({
      listeners: Object.fromEntries(
        Object.entries(configs).map(([name, config]) => [name, { filters: [{ name, vmId: "meshscript.tracing", wasm, config }] }]),
      ),
      upstreams: { app: {} },
    });
  }, 120_000);

  async function sent(listener: string, headers: Header[]): Promise<Header[]> {
    const app = target.upstream("app");
    const before = app.requests.length;
    expect((await target.request({ listener, headers })).status).toBe(200);
    return (app.requests[before]?.headers ?? []).map(([name, value]) => [name.toLowerCase(), value]);
  }

  /** Sends headers through a configuration, and holds what the upstream gets against the model. */
  async function check(listener: string, headers: Header[]) {
    const { extract: order = DEFAULT_EXTRACT, inject = ["tracecontext"], inbound, sampling } = configs[listener] ?? {};
    const came: Partial<ReturnType<typeof extract>> = inbound === "restart" ? {} : extract(order, headers);
    const ours = (sampling?.percentage ?? 100) === 100;
    const theirs = sampling?.parentBased === false ? undefined : came.sampled;
    const received = await sent(listener, headers);
    const spans = new Set<string>();
    for (const format of FORMATS) {
      if (!inject.includes(format)) {
        expect(received.filter(([name]) => names[format].includes(name))).toEqual([]);
        continue;
      }
      const out = read(format, received);
      if (typeof out !== "object" || out.trace === undefined || out.span === undefined)
        throw new Error(`${format} is ${JSON.stringify(out)}`);
      spans.add(`${out.trace} ${out.span}`);
      expect(out.trace === came.trace).toBe(came.trace !== undefined);
      expect(out.sampled).toBe(theirs ?? ours);
      if (format !== "tracecontext") expect(out.debug).toBe(theirs !== undefined && came.debug === true);
      expect(out.span).not.toBe(came.span);
      // W3C has no field for it, Jaeger deprecated it.
      if (format === "b3" || format === "b3multi") expect(out.parent).toBe(came.span);
    }
    // All formats name one span.
    expect(spans.size).toBe(inject.length > 0 ? 1 : 0);
    if (inject.includes("tracecontext")) {
      const goesOn =
        headers.some(([name]) => name === "tracestate") &&
        came.trace !== undefined &&
        order.find((format) => isTrace(format, headers)) === "tracecontext";
      expect(received.filter(([name]) => name === "tracestate").length).toBe(goesOn ? 1 : 0);
    }
    const foreign = OTHERS.filter((name) => headers.some(([n]) => n === name));
    expect(OTHERS.filter((name) => received.some(([n]) => n === name))).toEqual(inbound === "restart" ? [] : foreign);
  }

  const isTrace = (format: Format, headers: Header[]) => {
    const meaning = read(format, headers);
    return typeof meaning === "object" && meaning.trace !== undefined;
  };

  test.each(single.map(([name]) => name))("%s: trace, parent, sampled and debug come out as they went in", async (listener) => {
    const [from] = configs[listener]?.extract ?? [];
    await fc.assert(
      fc.asyncProperty(valid[from as Format], async (headers) => {
        expect(isTrace(from as Format, headers)).toBe(true);
        await check(listener, headers);
      }),
      { numRuns },
    );
  });

  test.each(Object.keys(configs))("%s: whatever comes, all that is sent on says one thing", async (listener) => {
    await fc.assert(
      fc.asyncProperty(anything, (headers) => check(listener, headers)),
      { numRuns: numRuns * 2 },
    );
  });
});

test("without headers of B3 and Jaeger, and with those written alone, a request makes no more host calls than its headers", async () => {
  await using host = await openHost({
    filters: [{ name: "tracing", wasm: await tracingModule() }],
    upstreams: { app: {} },
  });
  const calls = async (headers: Header[]) =>
    Object.entries((await host.request({ headers })).counts["tracing"]?.hostCalls ?? {})
      .filter(([name, count]) => count > 0 && name.includes("header_map"))
      .sort(([a], [b]) => a.localeCompare(b));
  const plain = [
    ["proxy_get_header_map_pairs", 1],
    ["proxy_replace_header_map_value", 1],
  ];

  expect(await calls([])).toEqual(plain);
  expect(await calls([["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]])).toEqual(plain);
  expect(await calls([["b3", "0"]])).toEqual([plain[0], ["proxy_remove_header_map_value", 1], plain[1]]);
});

describe("the grammars, whatever is changed in a valid text", () => {
  let core: Core;
  beforeAll(async () => {
    core = await loadCore(new URL("./core.as.ts", import.meta.url));
  }, 120_000);

  test.each(["b3", "jaeger"] as const)("%s", (format) => {
    const character = fc.constantFrom(..."0123456789abcdefABCDEFgd-:%, \t\u00e9");
    const edit = fc.record({ at: fc.nat({ max: 72 }), remove: fc.nat({ max: 18 }), insert: fc.string({ unit: character, maxLength: 18 }) });
    fc.assert(
      fc.property(valid[format], fc.array(edit, { maxLength: 2 }), ([header], edits) => {
        let text = header?.[1] ?? "";
        for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove);
        const expected = extract([format], [[names[format][0] ?? "", text.replaceAll(/^[ \t]+|[ \t]+$/g, "")]]);
        const found = core.call("read", core.write(Buffer.from(text, "latin1")), Number(format === "jaeger"));
        const out = core.read(59);
        const [, trace, span] = out.subarray(0, 55).toString("latin1").split("-");
        const [flags = 0, deferred, debug] = out.subarray(56);
        const decision = deferred ? {} : { sampled: (flags & 1) === 1, debug: debug === 1 };
        const actual = { ...(found === 3 ? { trace, span } : {}), ...(Number(found) >= 2 ? decision : {}), broken: found === 1 };
        delete expected.parent;
        expect([text, actual]).toEqual([text, expected]);
      }),
      { numRuns: 20_000 },
    );
  });
});
