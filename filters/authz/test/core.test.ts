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

describe("how lenient servers read a path", () => {
  /** The further forms; undefined where nobody can tell where it leads. */
  const forms = (path: string): string[] | undefined => {
    const size = Number(core.call("lenient", core.write(latin1(path))));
    if (size < 0) return undefined;
    const out = core.read(size);
    const found: string[] = [];
    for (let at = 0; at < size; at += 4 + out.readUInt32LE(at))
      found.push(out.subarray(at + 4, at + 4 + out.readUInt32LE(at)).toString("latin1"));
    return found;
  };

  test.each([
    // Most paths have one form only.
    ["/", []],
    ["/a/b", []],
    ["/a/b/", []],
    ["/a.b/c..d/e", []],
    ["*", []],
    ["", []],
    // Empty segments and single dots.
    ["//a", ["/a"]],
    ["/a//b///", ["/a/b/"]],
    ["/a/./b/.", ["/a/b/"]],
    // Parameters.
    ["/admin;x=y", ["/admin"]],
    ["/admin;a=b/xyz", ["/admin/xyz"]],
    ["/;/admin", ["/admin"]],
    // Decoded not at all, once and twice.
    ["/%61dmin", ["/admin"]],
    ["/%2561dmin", ["/%61dmin", "/admin"]],
    ["/a;b/%63", ["/a/%63", "/a/c"]],
    ["/100%", []],
    ["/100%zz", []],
    // What ends a path for some, and not for others.
    ["/admin%23foo", ["/admin#foo", "/admin"]],
    ["/admin%3Fx=1", ["/admin?x=1", "/admin"]],
    ["/admin%00.png", ["/admin\0.png", "/admin"]],
  ])("%j has the forms %j", (path, expected) => {
    expect(forms(path)).toEqual(expected);
  });

  test.each([
    ...[
      "/a/../b",
      "/..",
      "/public/..;/admin",
      "/public/%2e%2e/admin",
      "/public/%252e%252e/admin",
      "/pub;x/..;y/admin",
      "/public%3f/%2e%2e;/admin",
    ],
    ...["/public/..%2fadmin", "/a%2fb", "/wiki/AC%252FDC", "\\admin", "/app/\\/\\admin", "/app%5Cadmin", "/a%255cb"],
  ])("where %j leads cannot be told", (path) => {
    expect(forms(path)).toBeUndefined();
  });

  test("of any path are what a model makes of it", () => {
    const decode = (text: string) => text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    const kept = (text: string) => {
      const segments = text
        .split("/")
        .slice(1)
        .map((segment) => segment.replace(/;.*$/s, ""));
      const real = segments.filter((segment) => segment !== "" && segment !== ".");
      return `/${[...real, ...(["", "."].includes(segments.at(-1) ?? "") ? [""] : [])].join("/")}`;
    };
    const model = (path: string) => {
      if (!/[%\\;\0]|\/\/|\/\./.test(path)) return [];
      const levels = [path, decode(path), decode(decode(path))].filter((text, i, all) => i === 0 || text !== all[i - 1]);
      const slashes = (text: string) => text.split("/").length;
      if (levels.some((text) => text.includes("\\") || slashes(text) !== slashes(path))) return undefined;
      const texts = levels.flatMap((text) => {
        const cut = /^[^#?\0]*/.exec(text)?.[0] ?? "";
        return cut === text ? [text] : [text, cut];
      });
      if (texts.some((text) => text.split("/").some((segment) => segment.replace(/;.*$/s, "") === ".."))) return undefined;
      return texts.map(kept).filter((form) => form !== path);
    };
    let known = 0;
    fc.assert(
      fc.property(from("/////..;%25cFfaB\\#?\u0000\u00e9", 20), (tail) => {
        const path = `/${tail}`;
        const found = forms(path);
        known += Number(found !== undefined && found.length > 0);
        expect([path, found]).toEqual([path, model(path)]);
      }),
      { numRuns: 20_000 },
    );
    expect(known).toBeGreaterThan(2_000);
  });

  test("take no more room than the path, whatever it is made of", () => {
    for (const piece of ["/a", "%61", ";x", "%2561", "/.", "%00", "//"]) {
      const path = `/${piece.repeat(80_000 / piece.length)}`;
      for (const form of forms(path) ?? []) expect(form.length).toBeLessThanOrEqual(path.length);
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
