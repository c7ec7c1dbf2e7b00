// The filter's pure parts against simple models: regular expressions, and what Istio's documents say.
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { metadataMessage } from "../../../harness/host/properties/protobuf.ts";
import { type Core, loadCore } from "../../../modules/index.ts";

let core: Core;
beforeAll(async () => {
  core = await loadCore(new URL("./core.as.ts", import.meta.url));
}, 120_000);

const latin1 = (text: string) => Buffer.from(text, "latin1");
const from = (characters: string, maxLength: number) => fc.string({ unit: fc.constantFrom(...characters), maxLength });

enum Asks {
  Exact,
  Prefix,
  Suffix,
  Present,
  NonEmpty,
  Cidr,
  Template,
  Contains,
  Glob,
  TrustDomain,
  ServiceAccount,
}

function asks(what: Asks, text: string, value: string, extra = 0): "no" | "yes" | "unknown" {
  core.write(latin1(text + value));
  return (["no", "yes", "unknown"] as const)[Number(core.call("asks", what, text.length, extra, value.length))] ?? "no";
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

describe("the most lenient reading of a path", () => {
  const lenient = (path: string) => core.read(Number(core.call("lenient", core.write(latin1(path))))).toString("latin1");

  test.each([
    ["/", "/"],
    ["/a/b", "/a/b"],
    ["/a/b/", "/a/b/"],
    ["/a.b/..c/.d", "/a.b/..c/.d"],
    ["//a", "/a"],
    ["/a//b///", "/a/b/"],
    ["/a/./b/.", "/a/b/"],
    ["/a/../b", "/b"],
    ["/a/b/..", "/a/"],
    ["/../../a", "/a"],
    ["/public/..%2fadmin", "/admin"],
    ["/public/%2e%2e/admin", "/admin"],
    ["/public/%252e%252e/admin", "/admin"],
    ["/%2Fadmin", "/admin"],
    ["\\admin", "/admin"],
    ["/app/\\/\\/\\admin", "/app/admin"],
    ["/app%5Cadmin", "/app/admin"],
    ["/admin;x=y", "/admin"],
    ["/admin;a=b/xyz", "/admin/xyz"],
    ["/pub;x/..;y/admin", "/admin"],
    ["/user/..;foo=bar/admin", "/admin"],
    ["/.;/admin", "/admin"],
    ["/;/admin", "/admin"],
    ["/admin%23foo", "/admin"],
    ["/admin%3Fx=1", "/admin"],
    ["/admin%00.png", "/admin"],
    ["/%61dmin", "/admin"],
    ["/100%", "/100%"],
    ["/100%zz", "/100%zz"],
    ["/%", "/%"],
    ["/a%", "/a%"],
    ["%2e%2e/a", "/a"],
    ["", ""],
    ["*", "*"],
  ])("of %j is %j", (path, expected) => {
    expect(lenient(path)).toBe(expected);
  });

  test("of any path is what a model makes of it, and reads the same once more", () => {
    const decode = (text: string) => text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    const model = (path: string) => {
      // Without any of these there is one way to read it.
      if (!/[%\\;\0]|\/\/|\/\./.test(path)) return path;
      const plain = (/^[^#?\0]*/.exec(decode(decode(path)))?.[0] ?? "").replaceAll("\\", "/");
      const kept: string[] = [];
      const segments = plain.replace(/^\/+/, "").split("/");
      segments.forEach((raw, i) => {
        const segment = raw.replace(/;.*$/s, "");
        const last = i === segments.length - 1;
        if (segment === "..") kept.pop();
        else if (segment !== "" && segment !== ".") kept.push(segment);
        if (last && ["", ".", ".."].includes(segment)) kept.push("");
      });
      return `/${kept.join("/")}`;
    };
    fc.assert(
      fc.property(from("/////...;%25cFfaB\\#?\u0000\u00e9", 24), (tail) => {
        const path = `/${tail}`;
        expect([path, lenient(path)]).toEqual([path, model(path)]);
      }),
      { numRuns: 20_000 },
    );
  });

  test("takes time in proportion to the path", () => {
    for (const piece of ["/..", "/a", "%2f", ";x", "/a/..", "%25252f", "\\"]) {
      const path = `/${piece.repeat(80_000 / piece.length)}`;
      expect(lenient(path).length).toBeLessThanOrEqual(path.length);
    }
  });
});

describe("path templates", () => {
  test.each([
    ["/foo/{*}", "/foo/bar", "yes"],
    ["/foo/{*}", "/foo/", "no"],
    ["/foo/{*}", "/foo/bar/", "no"],
    ["/foo/{*}", "/foo/bar/baz", "no"],
    ["/foo/{*}/bar/{**}", "/foo/buzz/bar/", "yes"],
    ["/foo/{*}/bar/{**}", "/foo/buzz/bar", "no"],
    ["/a/{**}", "/a/", "yes"],
    ["/a/{**}", "/a", "no"],
    ["/a/{**}", "/a/b//c/", "yes"],
    ["/foo/{**}/", "/foo/bar/", "yes"],
    ["/foo/{**}/", "/foo//", "yes"],
    ["/foo/{**}/", "/foo/bar", "no"],
    ["/foo/{**}/", "/foo/", "no"],
    ["/{*}", "//bar", "no"],
    ["/{**}/path/template", "/a/b/path/template", "yes"],
    ["/{**}/path/template", "/path/template", "no"],
    ["/foo/{*}", "/foo/a b", "unknown"],
    ["/foo/{*}", "/foo/\u00e9", "unknown"],
    ["/foo/{**}", "/foo/a/<b>", "unknown"],
    ["/foo/{*}", "/fOo/b", "no"],
  ] as const)("%j and %j: %s", (template, path, expected) => {
    expect(asks(Asks.Template, template, path)).toBe(expected);
  });

  test("are what the same regular expression says, where `unknown` is a path with other characters", () => {
    const segment = fc.constantFrom("a", "b", "{*}", "x-y");
    const template = fc
      .tuple(fc.array(segment, { maxLength: 3 }), fc.constantFrom([], ["{**}"], ["{**}", "a"], ["{**}", "a", "b"], [""], ["{**}", ""]))
      .map(([head, tail]) => `/${[...head, ...tail].join("/")}`);
    const regex = (text: string, one: string) =>
      new RegExp(
        `^${text.replaceAll("{**}", "\u0001").replaceAll("{*}", "\u0002").replaceAll("\u0001", `(?:${one}|/)*`).replaceAll("\u0002", `${one}+`)}$`,
        "s",
      );
    const answers = new Map<string, number>();
    fc.assert(
      fc.property(template, from("/aabx-y*|=", 12), (text, tail) => {
        const path = `/${tail}`;
        const strict = regex(text, "[-A-Za-z0-9._~%!$&'()*+,;=:@]").test(path);
        const loose = regex(text, "[^/]").test(path);
        const answer = asks(Asks.Template, text, path);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
        expect([text, path, answer]).toEqual([text, path, strict ? "yes" : loose ? "unknown" : "no"]);
      }),
      { numRuns: 30_000 },
    );
    for (const answer of ["yes", "no", "unknown"]) expect([answer, (answers.get(answer) ?? 0) > 300]).toEqual([answer, true]);
  });
});

describe("texts", () => {
  test("a glob is what the same regular expression says", () => {
    fc.assert(
      fc.property(from("ab**/", 8), from("abab/c", 12), (glob, text) => {
        const model = new RegExp(`^${glob.split("*").map(escaped).join(".*")}$`, "s").test(text);
        expect([glob, text, asks(Asks.Glob, glob, text)]).toEqual([glob, text, model ? "yes" : "no"]);
      }),
      { numRuns: 20_000 },
    );
  });

  test("a glob of many stars takes no more than the product of both lengths", () => {
    const glob = `${"a*".repeat(100)}b`;
    expect(asks(Asks.Glob, glob, "a".repeat(100_000))).toBe("no");
    expect(asks(Asks.Glob, glob, `${"a".repeat(100_000)}b`)).toBe("yes");
  });

  test.each([
    [Asks.Exact, "a", "a", 0, "yes"],
    [Asks.Exact, "a", "A", 0, "no"],
    [Asks.Exact, "", "", 0, "yes"],
    [Asks.Exact, "", "a", 0, "no"],
    [Asks.Prefix, "ab", "ab", 0, "yes"],
    [Asks.Prefix, "ab", "a", 0, "no"],
    [Asks.Suffix, "b", "ab", 0, "yes"],
    [Asks.Suffix, "b", "spiffe://b", 9, "yes"],
    [Asks.Suffix, "//b", "spiffe://b", 9, "no"],
    [Asks.Present, "", "", 0, "yes"],
    [Asks.NonEmpty, "", "", 0, "no"],
    [Asks.NonEmpty, "", "\u00ff", 0, "yes"],
    [Asks.NonEmpty, "", "a\nb", 0, "unknown"],
    [Asks.Contains, "/ns/a/", "spiffe://td/ns/a/sa/b", 0, "yes"],
    [Asks.Contains, "/ns/a/", "spiffe://td/ns/a", 0, "no"],
    [Asks.TrustDomain, "*.example.com", "spiffe://a.example.com/ns/x", 0, "yes"],
    [Asks.TrustDomain, "*.example.com", "spiffe://a/b.example.com/ns/x", 0, "no"],
    [Asks.TrustDomain, "*.example.com", "spiffe://a.example.com", 0, "no"],
  ] as const)("%s %j of %j (%s): %s", (what, text, value, extra, expected) => {
    expect(asks(what, text, value, extra)).toBe(expected);
  });

  test("a service account is what Istio's regular expression says, with names taken literally", () => {
    const id = fc
      .array(fc.constantFrom("td", "ns", "sa", "a", "a.b", "axb", "", "x"), { maxLength: 9 })
      .map((parts) => `spiffe://${parts.join("/")}`);
    let yes = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          id,
          fc.constantFrom("spiffe://td/ns/a/sa/a.b", "spiffe://td/ns/a/x/sa/a.b/y", "spiffe://td/ns/a/sa/axb", "spiffe:///ns/a/sa/a.b"),
        ),
        fc.constantFrom("a", "sa", "ns"),
        fc.constantFrom("a.b", "a", "sa"),
        (value, ns, sa) => {
          const model = new RegExp(`^spiffe://.+/ns/${escaped(ns)}/(.+/|)sa/${escaped(sa)}(/.+)?$`, "s").test(value);
          yes += Number(model);
          expect([value, ns, sa, asks(Asks.ServiceAccount, `/ns/${ns}/sa/${sa}`, value, ns.length + 5)]).toEqual([
            value,
            ns,
            sa,
            model ? "yes" : "no",
          ]);
        },
      ),
      { numRuns: 20_000 },
    );
    expect(yes).toBeGreaterThan(300);
  });

  test("a service account in a long id takes no more than the product of both lengths", () => {
    expect(asks(Asks.ServiceAccount, "/ns/a/sa/b", `spiffe://td${"/ns/a/sa/c".repeat(1_000)}`, 6)).toBe("no");
  });
});

test("a set of rules gives back what was put in, each once and in order", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.array(fc.nat(), { maxLength: 50 }), (size, some) => {
      const rules = some.map((rule) => rule % size);
      const bytes = Buffer.alloc(rules.length * 4);
      for (const [i, rule] of rules.entries()) bytes.writeInt32LE(rule, i * 4);
      core.write(bytes);
      const found = Number(core.call("ruleSet", size, rules.length));
      const out = core.read(found * 4);
      const numbers = Array.from({ length: found }, (_, i) => out.readInt32LE(i * 4));
      expect(numbers).toEqual([...new Set(rules)].sort((a, b) => a - b));
    }),
  );
});

describe("dynamic metadata", () => {
  const kinds = ["absent", "null", "number", "text", "boolean", "struct", "list"];
  const find = (message: Buffer, namespace: string, path: string[]) => {
    const joined = path.map((key) => `${key}\0`).join("");
    core.write(Buffer.concat([message, Buffer.from(namespace), Buffer.from(joined)]));
    const kind = kinds[Number(core.call("metadata", message.length, Buffer.byteLength(namespace), Buffer.byteLength(joined)))];
    const texts = core.read(65_536).toString("utf8").split("\0")[0]?.split("\n").slice(0, -1);
    return { kind, texts };
  };
  const metadata = {
    "ns.a": {
      text: "t",
      number: 1.5,
      truth: true,
      nothing: null,
      list: ["a", 2, "b", true, ["c"]],
      empty: [],
      deep: { er: { est: "x" } },
      "": "e",
    },
    "ns.b": { text: "" },
  };

  test.each([
    ["ns.a", ["text"], "text", ["t"]],
    ["ns.a", ["number"], "number", []],
    ["ns.a", ["truth"], "boolean", []],
    ["ns.a", ["nothing"], "null", []],
    ["ns.a", ["list"], "list", ["a", "b"]],
    ["ns.a", ["empty"], "list", []],
    ["ns.a", ["deep", "er", "est"], "text", ["x"]],
    ["ns.a", ["deep", "er"], "struct", []],
    ["ns.a", ["deep", "est"], "absent", []],
    ["ns.a", ["text", "x"], "absent", []],
    ["ns.a", [], "struct", []],
    ["ns.b", ["text"], "text", [""]],
    ["ns.b", ["number"], "absent", []],
    ["ns", ["text"], "absent", []],
  ])("%s %j is a %s %j", (namespace, path, kind, texts) => {
    expect(find(metadataMessage(metadata), namespace, path)).toEqual({ kind, texts });
  });

  test("that was cut or changed anywhere gives an answer, and no trap", () => {
    const message = metadataMessage(metadata);
    fc.assert(
      fc.property(fc.nat({ max: message.length }), fc.nat({ max: 255 }), fc.boolean(), (at, byte, cut) => {
        const broken = Buffer.from(cut ? message.subarray(0, at) : message);
        if (!cut && at < broken.length) broken[at] = byte;
        expect(kinds).toContain(find(broken, "ns.a", ["deep", "er", "est"]).kind);
        expect(kinds).toContain(find(broken, "ns.a", ["list"]).kind);
      }),
      { numRuns: 5_000 },
    );
  });
});
