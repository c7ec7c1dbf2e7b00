// The core against the letter of W3C Trace Context level 2, W3C Baggage and simple models.
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Core, loadCore } from "../../../modules/index.ts";

let core: Core;
beforeAll(async () => {
  core = await loadCore(new URL("./core.as.ts", import.meta.url));
}, 120_000);

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const hex = (length: number) => fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: length, maxLength: length });
const id = (length: number) => hex(length).filter((text) => !/^0*$/.test(text));

const traceparent = (text: string) => {
  const length = Number(core.call("traceparent", core.write(Buffer.from(text, "latin1"))));
  return length === 0 ? "invalid" : core.read(length).toString("latin1");
};

describe("traceparent", () => {
  test.each([
    [`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`],
    [`00-${TRACE}-${SPAN}-00`, `00-${TRACE}-${SPAN}-00`],
    [`00-${TRACE}-${SPAN}-03`, `00-${TRACE}-${SPAN}-03`],
    [`00-${TRACE}-${SPAN}-ff`, `00-${TRACE}-${SPAN}-03`],
    [`00-${TRACE}-${SPAN}-fc`, `00-${TRACE}-${SPAN}-00`],
    [` \t00-${TRACE}-${SPAN}-01\t `, `00-${TRACE}-${SPAN}-01`],
    [`cc-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`],
    [`cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, `00-${TRACE}-${SPAN}-01`],
    [`01-${TRACE}-${SPAN}-01-`, `00-${TRACE}-${SPAN}-01`],
    [`fe-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`],
  ])("reads %j", (text, sent) => {
    expect(traceparent(text)).toBe(sent);
  });

  test.each([
    "",
    "00",
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01-`,
    `00-${TRACE}-${SPAN}-01-what`,
    `00-${TRACE}-${SPAN}-01.`,
    `cc-${TRACE}-${SPAN}-01.what`,
    `ff-${TRACE}-${SPAN}-01`,
    `FF-${TRACE}-${SPAN}-01`,
    `.0-${TRACE}-${SPAN}-01`,
    `0.-${TRACE}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN.toUpperCase()}-01`,
    `00-.${TRACE.slice(1)}-${SPAN}-01`,
    `00-${TRACE}-.${SPAN.slice(1)}-01`,
    `00-${TRACE}-${SPAN}-.0`,
    `00-${TRACE}-${SPAN}-0.`,
    `00-${TRACE}-${SPAN}-0A`,
    `00_${TRACE}_${SPAN}_01`,
    `00-${TRACE.slice(1)}-${SPAN}-001`,
    `00-${TRACE}-${SPAN}-01,00-${TRACE}-${SPAN}-01`,
    `0-${TRACE}-${SPAN}-010`,
  ])("refuses %j", (text) => {
    expect(traceparent(text)).toBe("invalid");
  });

  test("every valid one of version 00 comes back with the flags that are known", () => {
    fc.assert(
      fc.property(id(32), id(16), fc.nat({ max: 255 }), (trace, span, flags) => {
        const known = (flags & 3).toString(16).padStart(2, "0");
        expect(traceparent(`00-${trace}-${span}-${flags.toString(16).padStart(2, "0")}`)).toBe(`00-${trace}-${span}-${known}`);
      }),
      { numRuns: 2_000 },
    );
  });

  test("what is accepted is exactly the grammar, whatever is changed in a valid one", () => {
    const grammar =
      /^(?:00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}|(?!ff|00)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?)$/s;
    const valid = (text: string) => {
      const match = grammar.exec(text.replace(/^[ \t]+|[ \t]+$/g, ""));
      return match !== null && !/^0+$/.test(match[1] ?? match[3] ?? "") && !/^0+$/.test(match[2] ?? match[4] ?? "");
    };
    const character = fc.constantFrom(..."0123456789abcdefABCDEFgz-.,_ \t\u00e9");
    const edit = fc.record({ at: fc.nat({ max: 60 }), remove: fc.nat({ max: 2 }), insert: fc.string({ unit: character, maxLength: 3 }) });
    fc.assert(
      fc.property(hex(2), hex(32), hex(16), hex(2), fc.array(edit, { maxLength: 2 }), (version, trace, span, flags, edits) => {
        let text = `${version}-${trace}-${span}-${flags}`;
        for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove);
        expect([text, traceparent(text) !== "invalid"]).toEqual([text, valid(text)]);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe("the decision for a request", () => {
  const WHOLE = 1_000_000_000;
  const [start, proceed, restart] = [0, 1, 2];
  interface Asked {
    header?: string;
    count?: number;
    trusted?: boolean;
    parentBased?: boolean;
    share?: number;
    forced?: boolean;
  }
  const decide = ({
    header = "",
    count = header === "" ? 0 : 1,
    trusted = true,
    parentBased = true,
    share = WHOLE,
    forced = false,
  }: Asked) => {
    const action = core.call("decide", core.write(header), count, Number(trusted), Number(parentBased), share, Number(forced));
    const out = core.read(64);
    const [version, trace, span, flags] = out.subarray(0, 55).toString("latin1").split("-");
    return { action, version, trace, span, flags, parent: out.readBigUInt64LE(56).toString(16).padStart(16, "0") };
  };

  test("without a header a trace begins: random ids, the random flag, no parent", () => {
    const first = decide({});
    const second = decide({});

    expect(first).toMatchObject({ action: start, version: "00", flags: "03", parent: "0".repeat(16) });
    expect(first.trace).toMatch(/^[0-9a-f]{32}$/);
    expect(second.trace).not.toBe(first.trace);
    expect(second.span).not.toBe(first.span);
  });

  test("a valid one is continued: same trace, its span as parent, a span of our own", () => {
    const result = decide({ header: `00-${TRACE}-${SPAN}-01` });

    expect(result).toMatchObject({ action: proceed, trace: TRACE, parent: SPAN, flags: "01" });
    expect(result.span).not.toBe(SPAN);
  });

  test("an invalid or repeated one begins anew", () => {
    for (const asked of [{ header: `00-${TRACE}-${SPAN}-0` }, { header: `00-${TRACE}-${SPAN}-01`, count: 2 }]) {
      const result = decide(asked);
      expect(result).toMatchObject({ action: restart, flags: "03", parent: "0".repeat(16) });
      expect(result.trace).not.toBe(TRACE);
    }
  });

  test("at an untrusted edge even a valid one begins anew", () => {
    expect(decide({ header: `00-${TRACE}-${SPAN}-01`, trusted: false })).toMatchObject({ action: restart, parent: "0".repeat(16) });
    expect(decide({ trusted: false })).toMatchObject({ action: start });
  });

  test("the caller's decision holds when it is parent based, ours when not, and force wins", () => {
    const unsampled = `00-${TRACE}-${SPAN}-00`;
    const sampled = `00-${TRACE}-${SPAN}-01`;

    expect(decide({ header: unsampled }).flags).toBe("00");
    expect(decide({ header: sampled, share: 0 }).flags).toBe("01");
    expect(decide({ header: unsampled, parentBased: false }).flags).toBe("01");
    expect(decide({ header: sampled, parentBased: false, share: 0 }).flags).toBe("00");
    expect(decide({ header: unsampled, forced: true }).flags).toBe("01");
    expect(decide({ share: 0 }).flags).toBe("02");
    expect(decide({ share: 0, forced: true }).flags).toBe("03");
  });

  test("the random flag of a continued trace goes on unchanged", () => {
    expect(decide({ header: `00-${TRACE}-${SPAN}-02` }).flags).toBe("02");
    expect(decide({ header: `00-${TRACE}-${SPAN}-02`, parentBased: false }).flags).toBe("03");
  });

  test("ids are never zero and do not repeat in 20,000 requests", () => {
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const { trace, span } = decide({});
      seen.add(`${trace}`).add(`${span}`);
    }

    expect(seen.size).toBe(40_000);
    expect([...seen].some((text) => /^0+$/.test(text))).toBe(false);
  });

  test("generators with other seeds make other ids", () => {
    core.call("seed", 1n);
    const one = decide({}).trace;
    core.call("seed", 2n);
    const two = decide({}).trace;
    core.call("seed", 1n);

    expect(one).not.toBe(two);
    expect(decide({}).trace).toBe(one);
  });
});

describe("sampling by trace id", () => {
  const sampled = (low: bigint, share: number) => core.call("sampled", BigInt.asIntN(64, low), share) === 1;

  test("is OpenTelemetry's threshold: the right-most 56 bits against (1 - p) * 2^56, exactly", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat({ max: 1_000_000_000 }), (low, share) => {
        const threshold = (BigInt(1_000_000_000 - share) << 56n) / 1_000_000_000n;
        const expected = share > 0 && (low & (2n ** 56n - 1n)) >= threshold;
        expect([low, share, sampled(low, share)]).toEqual([low, share, expected]);
      }),
      { numRuns: 10_000 },
    );
  });

  test("the trace at the threshold is sampled, the one below is not", () => {
    for (const share of [500_000_000, 250_000_000, 1, 999_999_999, 123_456_789]) {
      const threshold = (BigInt(1_000_000_000 - share) << 56n) / 1_000_000_000n;
      expect([sampled(threshold, share), sampled(threshold - 1n, share)]).toEqual([true, false]);
    }
  });

  test("a higher percentage samples a superset", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.nat({ max: 1_000_000_000 }),
        fc.nat({ max: 1_000_000_000 }),
        (low, a, b) => {
          if (sampled(low, Math.min(a, b))) expect(sampled(low, Math.max(a, b))).toBe(true);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test("0.0001 % and 99.9999 % are told from never and always", () => {
    const edge = 2n ** 56n - 1n;

    expect([sampled(edge, 0), sampled(edge, 1_000), sampled(0n, 999_999_000), sampled(0n, 1_000_000_000)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  test("the share that is sampled is the percentage", () => {
    let count = 0;
    for (let i = 0; i < 20_000; i++) if (sampled((BigInt(i) * 0x9e3779b97f4a7c15n) & (2n ** 64n - 1n), 250_000_000)) count++;

    expect(count / 20_000).toBeCloseTo(0.25, 2);
  });
});

describe("tracestate", () => {
  const write = (headers: string[], key = "", value = "") => {
    const text = headers.join("\n");
    core.write(text + key + value);
    const length = Number(core.call("tracestate", Buffer.byteLength(text), key.length, value.length));
    return length < 0 ? "discarded" : core.read(length).toString("latin1");
  };
  const members = (n: number) => Array.from({ length: n }, (_, i) => `k${i}=${i}`);

  test.each([
    [["foo=1,bar=2"], "foo=1,bar=2"],
    [["foo=1", "bar=2"], "foo=1,bar=2"],
    [["foo=1", "", "bar=2"], "foo=1,bar=2"],
    [["foo=1,,bar=2"], "foo=1,bar=2"],
    [["foo=1 \t , \t bar=2, \t baz=3"], "foo=1,bar=2,baz=3"],
    [[""], ""],
    [["foo=1,foo=2"], "foo=1,foo=2"],
    [["foo@=1,a@@b=2"], "foo@=1,a@@b=2"],
    [["0foo=1"], "0foo=1"],
    [["foo= 1"], "foo= 1"],
    [["foo=1 2"], "foo=1 2"],
    [[`${"z".repeat(256)}=1`], `${"z".repeat(256)}=1`],
    [[`t=${"v".repeat(256)}`], `t=${"v".repeat(256)}`],
    [["foo-_*/bar=!\"#$%&'()*+-./:;<>?@[]^_`{|}~"], "foo-_*/bar=!\"#$%&'()*+-./:;<>?@[]^_`{|}~"],
    [[members(32).join(",")], members(32).join(",")],
  ])("keeps %j", (headers, sent) => {
    expect(write(headers)).toBe(sent);
  });

  test.each([
    [["foo=,bar=3"]],
    [["foo=bar=baz"]],
    [["FOO=1"]],
    [["foo.bar=1"]],
    [["foo =1"]],
    [["@foo=1,bar=2"]],
    [["foo"]],
    [["=1"]],
    [["foo=1", "bar"]],
    [[`${"z".repeat(257)}=1`]],
    [[`t=${"v".repeat(257)}`]],
    [["foo=\u00e9"]],
    [["foo=a\u0001"]],
    [[members(33).join(",")]],
    [[members(20).join(","), members(13).join(",")]],
  ])("discards all of %j", (headers) => {
    expect(write(headers)).toBe("discarded");
  });

  test("our member goes to the front, and an older one of ours goes away", () => {
    expect(write(["foo=1,ms=old,bar=2"], "ms", "new")).toBe("ms=new,foo=1,bar=2");
    expect(write([""], "ms", "new")).toBe("ms=new");
    expect(write(["msx=1,m=2"], "ms", "new")).toBe("ms=new,msx=1,m=2");
  });

  test("with 32 members the last one makes room for ours", () => {
    expect(write([members(32).join(",")], "ms", "1").split(",")).toEqual(["ms=1", ...members(31)]);
    expect(write([[...members(31), "ms=0"].join(",")], "ms", "1").split(",")).toEqual(["ms=1", ...members(31)]);
  });

  test("too long a list loses its long members first, then those at the right; at least 512 bytes are kept", () => {
    const long = Array.from({ length: 12 }, (_, i) => `${"l".repeat(200)}${i}=${"v".repeat(250)}`);
    const short = members(10);
    const mixed = write([[...long, ...short].join(",")]);

    expect(mixed.length).toBeLessThanOrEqual(4096);
    expect(mixed.split(",").filter((m) => m.length <= 128)).toEqual(short);
    expect(mixed.length).toBeGreaterThan(3_600);
    expect(write([members(32).join(",").slice(0, 500)])).not.toBe("discarded");
  });

  test("whatever valid list comes, what goes out is valid, in order and within the limits", () => {
    const key = fc
      .tuple(fc.constantFrom(..."az09"), fc.string({ unit: fc.constantFrom(..."az09_-*/@"), maxLength: 60 }))
      .map(([a, b]) => a + b);
    const value = fc.string({ unit: fc.constantFrom(..."aZ9 !~;:"), minLength: 1, maxLength: 256 }).map((v) => v.replace(/ $/, "_"));
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value), { maxLength: 32 }), fc.boolean(), (list, own) => {
        const incoming = list.map(([k, v]) => `${k}=${v}`);
        const sent = write([incoming.join(",")], own ? "ms" : "", own ? "1" : "");
        const out = sent === "" ? [] : sent.split(",");
        const rest = own ? out.slice(1) : out;
        expect(out.length).toBeLessThanOrEqual(32);
        expect(sent.length).toBeLessThanOrEqual(4096);
        if (own) expect(out[0]).toBe("ms=1");
        let at = -1;
        for (const member of rest) {
          at = incoming.findIndex((m, i) => i > at && m === member);
          expect(at).toBeGreaterThanOrEqual(0);
        }
        if (incoming.join(",").length < 512)
          expect(rest).toEqual(incoming.filter((m) => !own || !m.startsWith("ms=")).slice(0, own ? 31 : 32));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("baggage", () => {
  const pass = (header: string, { allow = [] as string[], maxMembers = 64, maxBytes = 8192 } = {}) => {
    const keys = allow.join(",");
    core.write(header + keys);
    const members = Number(core.call("baggage", Buffer.byteLength(header), keys.length, maxMembers, maxBytes));
    return { text: core.readText(), members };
  };

  test("passes when nothing is wrong with it, without the blanks around members", () => {
    const header = "userId=alice,serverNode=DF%2028,isProduction=false;ttl=30; x = y";

    expect(pass("a = 1 ,\t b=2 , ,c=3")).toEqual({ text: "a = 1,b=2,c=3", members: 3 });

    expect(pass(header)).toEqual({ text: header, members: 3 });
  });

  test("only allowed keys pass, by exact name", () => {
    expect(pass("a=1,b=2,A=3,ab=4", { allow: ["a", "ab"] })).toEqual({ text: "a=1,ab=4", members: 2 });
  });

  test("members above a limit are left out whole", () => {
    expect(pass("a=1,b=2,c=3", { maxMembers: 2 })).toEqual({ text: "a=1,b=2", members: 2 });
    expect(pass("a=1,bbbbbbbb=2,c=3", { maxBytes: 7 })).toEqual({ text: "a=1,c=3", members: 2 });
  });

  test.each(["a", "=1", "a b=1", 'a="x"', "a=\u00e9", "a=\u0001", "(a)=1", "a\\=1", "a=b c"])(
    "leaves out what is not well formed: %j",
    (member) => {
      expect(pass(`x=1,${member},y=2`)).toEqual({ text: "x=1,y=2", members: 2 });
    },
  );
});

test("strip knows the trace headers of every format in use, and nothing else", () => {
  const isTrace = (name: string) => core.call("traceHeader", core.write(name)) === 1;
  const traces =
    "traceparent tracestate baggage b3 x-b3-traceid x-b3-flags uber-trace-id uberctx-user x-cloud-trace-context x-amzn-trace-id x-datadog-trace-id sw8 grpc-trace-bin x-ot-span-context";
  const others = "x-request-id traceparent2 b32 x-b4-traceid x-trace authorization :path trace sw81";

  expect(traces.split(" ").filter((name) => !isTrace(name))).toEqual([]);
  expect(others.split(" ").filter(isTrace)).toEqual([]);
});
