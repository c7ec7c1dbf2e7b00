// Lists of conditions that are found by an index: it may find one too many, and never one too few.
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { encodePairs } from "../../harness/host/vm/memory.ts";
import { type Core, type HostCalls, loadCore } from "../../modules/index.ts";

type Pair = [name: string, value: string];
type Condition = Record<string, unknown>;
interface Request {
  headers: Pair[];
  /** Envoy's attributes; one that is not here is absent. */
  properties: Record<string, string>;
}

let core: Core;
let request: Request = { headers: [], properties: {} };
let asked: string[] = [];
const host: HostCalls = {
  proxy_get_header_map_pairs: (memory, _map, out, outLength) =>
    give(memory, encodePairs(request.headers), 0, out as number, outLength as number),
  proxy_get_property: (memory, path, length, out, outLength) => {
    const name = Buffer.from(memory.buffer, path, length).toString().replaceAll("\0", ".");
    asked.push(name);
    const value = request.properties[name];
    return value === undefined ? 1 : give(memory, Buffer.from(value), 1 << 16, out as number, outLength as number);
  },
};
beforeAll(async () => {
  core = await loadCore(new URL("./condition-index.as.ts", import.meta.url), { hostCalls: host });
}, 120_000);

function give(memory: DataView, bytes: Buffer, at: number, out: number, outLength: number): number {
  const address = Number(core.call("input")) + at;
  new Uint8Array(memory.buffer, address, bytes.length).set(bytes);
  memory.setUint32(out, address, true);
  memory.setUint32(outLength, bytes.length, true);
  return 0;
}

/** @returns how many lists */
const configure = (lists: Condition[][]) => core.call("configure", core.write(JSON.stringify({ lists })));

/** What each list says: 1 holds, 0 not; found by the index: 2 for one that was found and does not hold. */
function answers(of: Request, by: "ask" | "find") {
  request = of;
  asked = [];
  return { says: [...core.read(Number(core.call(by)))], asked };
}

const text = fc.constantFrom("", "a", "b", "ab", "ba", "abc", "/a", "/ab/c", "/b", "x.example");
const value = fc.constantFrom<Condition>(
  { header: "x-a" },
  { header: "x-b" },
  { cookie: "a" },
  { query: "a" },
  { pathSegment: 0 },
  { pathSegment: 1 },
  { principal: {} },
  { attribute: "request.url_path" },
  { attribute: "request.method" },
  { attribute: "connection.requested_server_name" },
  { attribute: "xds.route_name" },
  { constant: "ab" },
);
const comparison = fc.oneof(
  text.map((exact) => ({ exact })),
  text.map((prefix) => ({ prefix })),
  text.map((suffix) => ({ suffix })),
  fc.array(text, { minLength: 1, maxLength: 3 }).map((all) => ({ in: all })),
  fc.constantFrom<Condition>({ regex: "a.*" }, { present: true }, { present: false }),
);
const condition = fc
  .tuple(value, comparison, fc.constantFrom<Condition>({}, {}, {}, { not: true }))
  .map(([of, compared, negated]) => ({ ...of, ...compared, ...negated }));
const lists = fc.array(fc.array(condition, { maxLength: 3 }), { maxLength: 12 });
const wanted: fc.Arbitrary<Request> = fc.record({
  headers: fc
    .tuple(
      fc.constantFrom("/", "/a", "/ab/c?a=ab", "/b?a=b&a=a", "/abc"),
      fc.array(fc.tuple(fc.constantFrom("x-a", "x-b"), text), { maxLength: 4 }),
      fc.array(fc.constantFrom("a=a", "b=a; a=ab", "a=b"), { maxLength: 2 }),
    )
    .map(([path, some, cookies]): Pair[] => [
      [":method", "ab"],
      [":path", path],
      ...some,
      ...cookies.map((cookie): Pair => ["cookie", cookie]),
    ]),
  properties: fc.dictionary(
    fc.constantFrom("connection.requested_server_name", "xds.route_name", "connection.uri_san_peer_certificate"),
    fc.oneof(
      text,
      text.map((id) => `spiffe://${id}`),
    ),
  ),
});

describe("an index of conditions", () => {
  test("finds every list that holds, whatever the conditions, and asks the host for no more than they do", () => {
    fc.assert(
      fc.property(lists, fc.array(wanted, { minLength: 1, maxLength: 4 }), (all, requests) => {
        expect(configure(all)).toBe(all.length);
        for (const each of requests) {
          const plain = answers(each, "ask");
          const found = answers(each, "find");
          expect(found.says.map((says) => says % 2)).toEqual(plain.says);
          // Once to find, once to judge what was found.
          const times = (name: string, of: string[]) => of.filter((one) => one === name).length;
          for (const name of new Set(found.asked)) expect(times(name, plain.asked)).toBeGreaterThan(0);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  const many = (make: (i: number) => Condition[]) => Array.from({ length: 1_000 }, (_, i) => make(i));
  const one: Request = {
    headers: [
      [":method", "POST"],
      [":path", "/p7/a?tenant=t7"],
      ["x-user", "u7"],
    ],
    properties: { "xds.route_name": "r7" },
  };
  const found = (all: Condition[][]) => {
    expect(configure(all)).toBe(all.length);
    const { says } = answers(one, "find");
    return says.flatMap((each, i) => (each > 0 ? [i] : []));
  };

  test.each<[string, (i: number) => Condition]>([
    ["whole header", (i) => ({ header: "x-user", exact: `u${i}` })],
    ["list of headers", (i) => ({ header: "x-user", in: [`u${i}`, `v${i}`] })],
    ["beginning of a path", (i) => ({ attribute: "request.url_path", prefix: `/p${i}/` })],
    ["end of a parameter", (i) => ({ query: "tenant", suffix: `t${i}` })],
    ["part of a path", (i) => ({ pathSegment: 0, exact: `p${i}` })],
    ["attribute", (i) => ({ attribute: "xds.route_name", exact: `r${i}` })],
  ])("finds one of a thousand by a %s", (_, make) => {
    expect(found(many((i) => [make(i)]))).toEqual([7]);
  });

  test("finds by what the fewest lists share", () => {
    const post = { attribute: "request.method", exact: "POST" };
    expect(found(many((i) => [post, { header: "x-user", exact: `u${i}` }]))).toEqual([7]);
    expect(found(many((i) => [{ header: "x-user", not: true, exact: "z" }, post, { pathSegment: 0, exact: `p${i}` }]))).toEqual([7]);
  });

  test("asks the host for nothing that a list's first condition did not ask for", () => {
    const route = (i: number) => ({ attribute: "xds.route_name", exact: `r${i}` });
    expect(found(many((i) => [{ header: "x-user", regex: "never" }, route(i)]))).toHaveLength(1_000);
    expect(asked).toEqual([]);
    expect(found(many((i) => [route(i), { header: "x-user", regex: "u.*" }]))).toEqual([7]);
    // To find the one, and to judge it.
    expect(asked).toEqual(["xds.route_name", "xds.route_name"]);
  });
});
