// The parser of addresses and networks against node:net.
import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Core, loadCore } from "../../modules/index.ts";

let core: Core;
beforeAll(async () => {
  core = await loadCore(new URL("./values.as.ts", import.meta.url));
}, 120_000);

const text = (length: number | bigint) => (length === 0 ? "none" : core.read(Number(length)).toString("latin1"));
const ip = (address: string, { port = false } = {}) => text(core.call("ip", core.write(Buffer.from(address, "latin1")), Number(port)));
const masked = (address: string, v4: number, v6: number) => text(core.call("masked", core.write(address), v4, v6));
const contains = (network: string, address: string) => {
  core.write(network + address);
  return Number(core.call("contains", network.length, address.length));
};

/** RFC 5952 as the URL standard writes it, IPv4-mapped addresses as IPv4. */
function canonical(address: string): string {
  if (isIPv4(address)) return address;
  const host = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(host) ?? [];
  if (high === undefined || low === undefined) return host;
  return [high, low].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]).join(".");
}

const group = fc.oneof(
  fc.constantFrom("0", "00", "ffff", "FfFf", "db8", "1"),
  fc.nat({ max: 0xffff }).map((n) => n.toString(16)),
);
const v6 = fc.oneof(
  fc.ipV6(),
  fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(":")),
  fc.tuple(fc.array(group, { maxLength: 4 }), fc.array(group, { maxLength: 3 })).map(([a, b]) => `${a.join(":")}::${b.join(":")}`),
  fc.tuple(fc.array(group, { maxLength: 2 }), fc.ipV4()).map(([a, b]) => `${a.join(":")}::${["ffff", b].join(":")}`),
  fc.ipV4().map((address) => `::ffff:${address}`),
  fc.tuple(fc.array(group, { minLength: 6, maxLength: 6 }), fc.ipV4()).map(([a, b]) => [...a, b].join(":")),
);
const address = fc.oneof(fc.ipV4(), v6);
const soup = fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEFg:.:.[]%/ -\u00ff"), maxLength: 45 });
const mutated = fc
  .tuple(
    address,
    fc.array(fc.record({ at: fc.nat({ max: 45 }), remove: fc.nat({ max: 2 }), insert: soup.map((s) => s.slice(0, 2)) }), { maxLength: 2 }),
  )
  .map(([valid, edits]) => edits.reduce((now, { at, remove, insert }) => now.slice(0, at) + insert + now.slice(at + remove), valid));

describe("an address", () => {
  test.each([
    ["1.2.3.4", "1.2.3.4"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["::FFFF:0102:0304", "1.2.3.4"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["0:0:1:0:0:0:1:0", "0:0:1::1:0"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ])("%s is %s", (given, expected) => {
    expect(ip(given)).toBe(expected);
  });

  test("as Envoy writes it: with a port, in brackets, with a zone", () => {
    const envoy = (given: string) => ip(given, { port: true });
    expect(["1.2.3.4:80", "[::1]:80", "[::1]", "1.2.3.4", "::1", "[fe80::1%eth0]:65535", "fe80::1%2"].map(envoy)).toEqual(
      "1.2.3.4 ::1 ::1 1.2.3.4 ::1 fe80::1 fe80::1".split(" "),
    );
    expect(
      ["1.2.3.4:", "1.2.3.4:65536", "[::1]:", "[::1", "[::1]80", "[1.2.3.4]:80", "1.2.3.4%eth0", "fe80::1%", "@abstract"].map(envoy),
    ).toEqual(Array(9).fill("none"));
    expect(["1.2.3.4:80", "[::1]", "fe80::1%2"].map((given) => ip(given))).toEqual(["none", "none", "none"]);
  });

  test("is what node:net takes for one, in canonical text: 100,000 valid, changed and random strings", () => {
    let valid = 0;
    fc.assert(
      fc.property(fc.oneof(address, mutated, soup), (given) => {
        // node takes zones, too.
        const known = isIP(given) !== 0 && !given.includes("%");
        if (known) valid++;
        const expected = known ? canonical(given) : "none";
        const found = ip(given);
        if (found !== expected) expect([given, found]).toEqual([given, expected]);
        // With ports allowed no address is lost, and nothing traps.
        const envoy = ip(given, { port: true });
        if (known && envoy !== expected) expect([given, envoy]).toEqual([given, expected]);
      }),
      { numRuns: 100_000 },
    );
    expect(valid).toBeGreaterThan(30_000);
  });

  test("with a port of any is the address", () => {
    fc.assert(
      fc.property(address, fc.nat({ max: 99_999 }), (given, port) => {
        const written = isIPv6(given) ? `[${given}]:${port}` : `${given}:${port}`;
        expect([written, ip(written, { port: true })]).toEqual([written, port > 65_535 ? "none" : canonical(given)]);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("a network", () => {
  test("contains what BlockList says that it does", () => {
    const verdicts = { inside: 0, outside: 0 };
    fc.assert(
      fc.property(address, fc.nat({ max: 128 }), address, fc.nat({ max: 127 }), fc.boolean(), (base, bits, other, flip, near) => {
        const prefix = isIPv4(base) ? bits % 33 : bits;
        // Where the network begins: the masked address, in the family of the network.
        const start = isIPv4(base) ? masked(base, prefix, 128) : sixteen(masked16(base, prefix));
        const asked = near ? neighbour(start, flip) : other;
        const list = new BlockList();
        list.addSubnet(start, prefix, isIPv4(start) ? "ipv4" : "ipv6");
        const expected = Number(list.check(asked, isIPv4(asked) ? "ipv4" : "ipv6"));
        verdicts[expected ? "inside" : "outside"]++;
        const found = contains(`${start}/${prefix}`, asked);
        if (found !== expected) expect([start, prefix, asked, found]).toEqual([start, prefix, asked, expected]);
      }),
      { numRuns: 20_000 },
    );
    expect(Math.min(verdicts.inside, verdicts.outside)).toBeGreaterThan(2_000);
  });

  test.each([
    ["10.0.0.0/8", "10.255.0.1", 1],
    ["10.0.0.0/8", "::ffff:10.1.2.3", 1],
    ["::ffff:10.0.0.0/104", "10.1.2.3", 1],
    ["10.0.0.0/8", "11.0.0.0", 0],
    ["1.2.3.4", "1.2.3.4", 1],
    ["1.2.3.4", "1.2.3.5", 0],
    ["0.0.0.0/0", "::1", 0],
    ["::/0", "1.2.3.4", 1],
    ["10.0.0.1/8", "10.0.0.1", -2],
    ["2001:db8::1/64", "::1", -2],
    ["10.0.0.0/33", "10.0.0.0", -1],
    ["10.0.0.0/08", "10.0.0.0", -1],
    ["10.0.0.0/", "10.0.0.0", -1],
    ["10.0.0.0/+8", "10.0.0.0", -1],
    ["10.0.0.0/8/8", "10.0.0.0", -1],
    ["/8", "10.0.0.0", -1],
    ["::/129", "::", -1],
    ["[::]/0", "::", -1],
  ])("%s and %s", (network, given, expected) => {
    expect(contains(network, given)).toBe(expected);
  });

  test("a mask cuts IPv4 by its own prefix, mapped or not, and IPv6 by the other", () => {
    expect(masked("10.1.2.3", 24, 64)).toBe("10.1.2.0");
    expect(masked("::ffff:10.1.2.3", 24, 64)).toBe("10.1.2.0");
    expect(masked("10.1.2.255", 25, 64)).toBe("10.1.2.128");
    expect(masked("10.1.2.3", 0, 64)).toBe("0.0.0.0");
    expect(masked("10.1.2.3", 32, 0)).toBe("10.1.2.3");
    expect(masked("2001:db8:1:2:3::4", 0, 64)).toBe("2001:db8:1:2::");
    expect(masked("2001:db8:1:2:3::4", 0, 61)).toBe("2001:db8:1::");
    expect(masked("2001:db8::1", 0, 0)).toBe("::");
    expect(masked("2001:db8::1", 0, 128)).toBe("2001:db8::1");
  });
});

/** 128 bits of an IPv6 address, by the URL standard's text. */
function bits(address: string): bigint {
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const [a, b] = [groups(head), groups(tail ?? "")];
  return [...a, ...Array<string>(8 - a.length - b.length).fill("0"), ...b].reduce((sum, g) => (sum << 16n) | BigInt(`0x${g}`), 0n);
}

const sixteen = (value: bigint) =>
  value
    .toString(16)
    .padStart(32, "0")
    .replace(/....(?!$)/g, "$&:");

const masked16 = (address: string, prefix: number) => (bits(address) >> BigInt(128 - prefix)) << BigInt(128 - prefix);

/** The address with one bit changed. */
function neighbour(address: string, flip: number): string {
  if (isIPv6(address)) return sixteen(bits(address) ^ (1n << BigInt(flip)));
  return sixteen((0xffffn << 32n) | (bits(`::${address}`) ^ (1n << BigInt(flip % 32)))).replace(
    /^(0000:){5}ffff:(..)(..):(..)(..)$/,
    (_, _zeros, ...four) =>
      four
        .slice(0, 4)
        .map((byte) => Number.parseInt(String(byte), 16))
        .join("."),
  );
}
