// What spans are made of, against simple models: JSON of any bytes, hosts and ports, flags, the queue.
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Core, loadCore } from "../../../modules/index.ts";

let core: Core;
beforeAll(async () => {
  core = await loadCore(new URL("./core.as.ts", import.meta.url));
}, 120_000);

const call = (name: string, ...args: (number | bigint)[]) => Number(core.call(name, ...args));

describe("JSON strings", () => {
  const fatal = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const quoted = (bytes: Buffer, most = 100_000) => core.read(call("quoted", core.write(bytes), most));

  /** Character by character; what is none is U+FFFD for each byte. */
  function model(bytes: Buffer, most: number): string {
    let text = "";
    for (let at = 0; at < bytes.length; ) {
      const width = [1, 2, 3, 4].find((n) => {
        try {
          return [...fatal.decode(bytes.subarray(at, at + n))].length === 1 && at + n <= bytes.length;
        } catch {
          return false;
        }
      });
      if (at + (width ?? 1) > most) break;
      text += width === undefined ? "\ufffd" : fatal.decode(bytes.subarray(at, at + width));
      at += width ?? 1;
    }
    return text;
  }

  /** Bytes as attackers send them: broken characters beside whole ones. */
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: "binary", maxLength: 4 }).map((text) => Buffer.from(text)),
    fc
      .constantFrom(
        [0xc0, 0x80],
        [0xed, 0xa0, 0x80],
        [0xe2, 0x82],
        [0xf4, 0x90, 0x80, 0x80],
        [0xf0, 0x9f],
        [0],
        [0x1f],
        [0x22],
        [0x5c],
        [0x7f],
      )
      .map((b) => Buffer.from(b)),
  );
  const bytes = fc.array(piece, { maxLength: 8 }).map((pieces) => Buffer.concat(pieces));

  test("of any bytes are valid JSON and UTF-8, and say what can be said", () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(JSON.parse(fatal.decode(quoted(value)))).toBe(model(value, value.length));
      }),
      { numRuns: 5_000 },
    );
  });

  test("are cut between characters", () => {
    fc.assert(
      fc.property(bytes, fc.nat({ max: 20 }), (value, most) => {
        expect(JSON.parse(fatal.decode(quoted(value, most)))).toBe(model(value, most));
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([0, 1, 511, 512, 513, 60_000])("of %d bytes that all need an escape", (length) => {
    expect(JSON.parse(quoted(Buffer.alloc(length, 1), 512).toString())).toHaveLength(Math.min(length, 512));
  });
});

test.each<[string, string, number, number]>([
  ["example.com", "example.com", 0, 0],
  ["example.com:8080", "example.com", 8080, 0],
  ["10.0.0.1", "10.0.0.1", 0, 1],
  ["10.0.0.1:0", "10.0.0.1", 0, 1],
  ["10.0.0.1:65535", "10.0.0.1", 65535, 1],
  ["10.0.0.1:65536", "10.0.0.1", 0, 1],
  ["10.0.0.1:99999999999999999999", "10.0.0.1", 0, 1],
  ["[::1]:80", "::1", 80, 2],
  ["[2001:DB8::1]", "2001:DB8::1", 0, 2],
  ["::ffff:10.0.0.1", "::ffff:10.0.0.1", 0, 2],
  ["[", "[", 0, 0],
  ["[]", "", 0, 0],
  ["", "", 0, 0],
  [":", "", 0, 0],
  [":80", "", 80, 0],
  ["a:b", "a", 0, 0],
  ["/run/app.sock", "/run/app.sock", 0, 0],
  ["\xff:1", "\xff", 1, 0],
])("the endpoint %j is host %j and port %d", (text, host, port, kind) => {
  const length = call("endpoint", core.write(Buffer.from(text, "latin1")));
  const all = core.read(1_032);

  expect([all.subarray(0, length).toString("latin1"), all.readUInt32LE(1_024), all[1_028]]).toEqual([host, port, kind]);
});

test("flags are named as in access logs, and bits that nobody knows are left out", () => {
  const names = (bits: bigint) => core.read(call("flags", bits)).toString();

  expect(names(0n)).toBe("");
  expect(names(0x2n)).toBe("UH");
  expect(names(0x8020n)).toBe("UF,URX");
  expect(names(0x10000000n)).toBe("DR");
  expect(names(0xffff_ffff_ffff_ffffn).split(",")).toHaveLength(30);
  expect(names(1n << 63n)).toBe("");
});

/** Of a body, as core.as.ts has it. */
const PREFIX = '{"a":['.length;

test("the queue gives back what was put in, in order, within its bounds, whatever is done with it", () => {
  type Step = { push: string } | { take: number } | { drop: number };
  const span = fc.nat({ max: 90 }).map((length) => JSON.stringify("x".repeat(length)));
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: span.map((push) => ({ push })) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }).map((take) => ({ take })) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }).map((drop) => ({ drop })) },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 16, max: 600 }),
      fc.array(step, { maxLength: 60 }),
      (spans, bytes, steps) => {
        core.call("queueOf", spans, bytes + PREFIX);
        let waiting: string[] = [];
        for (const [n, one] of steps.entries()) {
          if ("push" in one) {
            // Each is another one.
            const text = one.push.replace("x", String(n % 10));
            const used = waiting.reduce((sum, other) => sum + other.length + 5, 0);
            const fits = waiting.length < spans && used - (waiting.length > 0 ? 1 : 0) + text.length + 5 + 8 <= bytes;
            expect(call("queuePush", core.write(Buffer.from(text)))).toBe(fits ? 1 : 0);
            if (fits) waiting.push(text);
          } else {
            const count = Math.min("take" in one ? one.take : one.drop, waiting.length);
            if (count === 0) continue;
            if ("take" in one)
              expect(core.read(call("queueTake", count)).toString()).toBe(`{"a":[${waiting.slice(0, count).join(",")}]}]}]}`);
            else expect(call("queueDrop", count)).toBe(count);
            waiting = waiting.slice(count);
          }
          expect(call("queueCount")).toBe(waiting.length);
        }
      },
    ),
    { numRuns: 3_000 },
  );
});
