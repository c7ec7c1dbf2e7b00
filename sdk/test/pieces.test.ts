// Pieces that filters share, against independent models.
import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Core, loadCore } from "../../modules/index.ts";

let core: Core;
beforeAll(async () => {
  core = await loadCore(new URL("./pieces.as.ts", import.meta.url));
}, 120_000);

describe("SipHash-2-4", () => {
  const hash = (key: Uint8Array, bytes: Uint8Array) => {
    core.call("siphash", core.write(Buffer.concat([key, bytes])));
    return BigInt.asUintN(64, core.readI64());
  };

  test("gives the vectors of its authors", () => {
    // siphash_2_4 reference, vectors.h: key 00..0f, message 00..(n-1).
    const key = Uint8Array.from({ length: 16 }, (_, i) => i);
    const message = (n: number) => Uint8Array.from({ length: n }, (_, i) => i);
    expect(hash(key, message(0))).toBe(0x726fdb47dd0e0e31n);
    expect(hash(key, message(1))).toBe(0x74f839c593dc67fdn);
    expect(hash(key, message(8))).toBe(0x93f5f5799a932462n);
    expect(hash(key, message(15))).toBe(0xa129ca6149be45e5n);
  });

  test("is what a plain model of the paper gives, for any key and bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.uint8Array({ maxLength: 300 }), (key, bytes) => {
        expect(hash(key, bytes)).toBe(model(key, bytes));
      }),
      { numRuns: 300 },
    );
  });

  function model(key: Uint8Array, bytes: Uint8Array): bigint {
    const u64 = (n: bigint) => BigInt.asUintN(64, n);
    const rotl = (x: bigint, b: bigint) => u64((x << b) | (x >> (64n - b)));
    const word = (of: Uint8Array, at: number) => Buffer.from(of).readBigUInt64LE(at);
    const [k0, k1] = [word(key, 0), word(key, 8)];
    let [a, b, c, d] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn, k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
    const round = () => {
      [a, b] = [u64(a + b), rotl(b, 13n)];
      b ^= a;
      a = rotl(a, 32n);
      [c, d] = [u64(c + d), rotl(d, 16n)];
      d ^= c;
      [a, d] = [u64(a + d), rotl(d, 21n)];
      d ^= a;
      [c, b] = [u64(c + b), rotl(b, 17n)];
      b ^= c;
      c = rotl(c, 32n);
    };
    const padded = Buffer.concat([bytes, Buffer.alloc(7 - (bytes.length % 8)), Buffer.from([bytes.length & 0xff])]);
    for (let at = 0; at < padded.length; at += 8) {
      const m = word(padded, at);
      d ^= m;
      round();
      round();
      a ^= m;
    }
    c ^= 0xffn;
    for (let i = 0; i < 4; i++) round();
    return a ^ b ^ c ^ d;
  }
});

describe("base64", () => {
  const decode = (text: string | Uint8Array, url = false): string | undefined => {
    const length = Number(core.call("base64", core.write(Buffer.from(text as string)), url ? 1 : 0));
    return length < 0 ? undefined : Buffer.from(core.read(length)).toString("hex");
  };

  test("reads what Node writes, with both alphabets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        expect(decode(buffer.toString("base64"))).toBe(buffer.toString("hex"));
        expect(decode(buffer.toString("base64url"), true)).toBe(buffer.toString("hex"));
      }),
    );
  });

  test("reads nothing else: what it takes is the one spelling of its bytes", () => {
    const text = fc.string({ unit: fc.constantFrom(..."AQgw+/-_=\n 09zZ"), maxLength: 12 });
    fc.assert(
      fc.property(text, fc.boolean(), (input, url) => {
        const canonical = Buffer.from(input, "base64").toString(url ? "base64url" : "base64");
        expect(decode(input, url)).toBe(canonical === input ? Buffer.from(input, "base64").toString("hex") : undefined);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("PEM", () => {
  const pem = (text: string) => {
    const length = Number(core.call("pem", core.write(Buffer.from(text))));
    return length < 0 ? undefined : Buffer.from(core.read(length));
  };
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const text = publicKey.export({ type: "spki", format: "pem" }).toString();
  const der = publicKey.export({ type: "spki", format: "der" });

  test("a key is what Node writes as DER, with either line end, and whatever is behind it", () => {
    expect(pem(text)).toEqual(der);
    expect(pem(text.replaceAll("\n", "\r\n"))).toEqual(der);
    expect(pem(`${text}\n-----BEGIN OTHER-----\nAAAA\n-----END OTHER-----\n`)).toEqual(der);
  });

  test("what is cut off or broken is none", () => {
    const broken = ["", "-----BEGIN", "-----BEGIN X-----", "-----BEGIN X-----\n", text.slice(0, -30), text.replace("M", "*"), ` ${text}`];
    expect(broken.map(pem)).toEqual(broken.map(() => undefined));
  });
});

describe("deadlines", () => {
  test("what is due comes out in the order of time, whatever was added and removed before", () => {
    const command = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          kind: fc.constant("add" as const),
          id: fc.integer({ min: 1, max: 4 }),
          time: fc.bigInt({ min: 0n, max: 60n }),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("due" as const), now: fc.bigInt({ min: 0n, max: 60n }) }) },
      // Of all tickets ever given, those of deadlines that came or were removed included.
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("remove" as const), which: fc.nat() }) },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120, size: "max" }), (commands) => {
        core.call("newDeadlines");
        let waiting: { id: number; time: bigint; ticket: bigint }[] = [];
        const tickets: bigint[] = [];
        for (const step of commands) {
          const first = waiting.reduce<bigint | undefined>(
            (least, { time }) => (least === undefined || time < least ? time : least),
            undefined,
          );
          if (step.kind === "add") {
            const ticket = core.call("addDeadline", step.id, step.time) as bigint;
            expect(tickets).not.toContain(ticket);
            tickets.push(ticket);
            waiting.push({ id: step.id, time: step.time, ticket });
          } else if (step.kind === "remove") {
            const ticket = tickets[step.which % (tickets.length + 1)] ?? 0n;
            const had = waiting.some((one) => one.ticket === ticket);
            expect(core.call("removeDeadline", ticket)).toBe(had ? 1 : 0);
            waiting = waiting.filter((one) => one.ticket !== ticket);
          } else {
            const id = core.call("dueDeadline", step.now);
            const due = waiting.filter((one) => one.id === id && one.time === first);
            if (first === undefined || first > step.now) expect(id).toBe(0);
            else expect(due.length).toBeGreaterThan(0);
            // Of several alike it may be any: those whose ticket is still good are the ones that are left.
            if (id !== 0 && due.length > 1) return;
            waiting = waiting.filter((one) => id === 0 || one !== due[0]);
          }
          expect(core.call("deadlineCount")).toBe(waiting.length);
          const least = waiting.reduce((so, { time }) => (time < so ? time : so), 2n ** 64n - 1n);
          expect(BigInt.asUintN(64, core.call("nextDeadline") as bigint)).toBe(least);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("ten thousand of them, every third removed, come out sorted and leave nothing behind", () => {
    core.call("newDeadlines");
    const times = Array.from({ length: 10_000 }, (_, i) => BigInt((i * 7_919) % 10_007));
    const tickets = times.map((time, i) => core.call("addDeadline", i + 1, time) as bigint);
    tickets.forEach((ticket, i) => {
      if (i % 3 === 0) expect(core.call("removeDeadline", ticket)).toBe(1);
    });
    const left = times.filter((_, i) => i % 3 !== 0);
    const out = left.map(() => times[Number(core.call("dueDeadline", 20_000n)) - 1] ?? -1n);
    expect(out).toEqual([...left].sort((x, y) => Number(x - y)));
    expect([core.call("deadlineCount"), core.call("dueDeadline", 20_000n)]).toEqual([0, 0]);
    expect(tickets.filter((ticket) => core.call("removeDeadline", ticket) !== 0)).toEqual([]);
  });

  test("the timer's period is rounded up, is at least a millisecond, and 0 when nothing waits", () => {
    core.call("newDeadlines");
    expect(core.call("deadlinePeriod", 0n)).toBe(0);
    expect(BigInt.asUintN(64, core.call("nextDeadline") as bigint)).toBe(2n ** 64n - 1n);
    core.call("addDeadline", 1, 5_000_001n);
    expect(core.call("deadlinePeriod", 0n)).toBe(6);
    expect(core.call("deadlinePeriod", 5_000_000n)).toBe(1);
    expect(core.call("deadlinePeriod", 9_000_000n)).toBe(1);
    core.call("addDeadline", 2, 2n ** 62n);
    expect(core.call("dueDeadline", 5_000_001n)).toBe(1);
    expect(core.call("deadlinePeriod", 0n)).toBe(2 ** 31 - 1);
  });

  test("a thousand of them come out sorted", () => {
    core.call("newDeadlines");
    const times = Array.from({ length: 1_000 }, (_, i) => BigInt((i * 7_919) % 1_009));
    for (const [i, time] of times.entries()) core.call("addDeadline", i + 1, time);
    const out = times.map(() => times[Number(core.call("dueDeadline", 2_000n)) - 1] ?? -1n);
    expect(out).toEqual([...times].sort((x, y) => Number(x - y)));
    expect(core.call("deadlineCount")).toBe(0);
  });
});
