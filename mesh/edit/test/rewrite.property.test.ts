import fc from "fast-check";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { Mesh } from "../../model/mesh.ts";
import { destinationsOf, split } from "../destinations.ts";
import { type ResourceFile, parsed } from "../resource-file.ts";
import { rewritten } from "../rewrite.ts";
import { routeTo } from "../route.ts";

const HOST = "reviews.default.svc.cluster.local";

/** How somebody writes a destination: in a line or in several, with more or less around it. */
const item = fc.record({
  style: fc.constantFrom("line", "lines", "mixed"),
  weight: fc.option(fc.nat({ max: 200 }), { nil: undefined }),
  first: fc.boolean(),
  quote: fc.constantFrom("", "'", '"'),
  comment: fc.constantFrom("", " # weight = 7: why", "   # ünï"),
  port: fc.option(fc.integer({ min: 1, max: 9999 }), { nil: undefined }),
  headers: fc.boolean(),
});
type Item = typeof item extends fc.Arbitrary<infer T> ? T : never;

const subsets = ["v1", "v2", "v3", "v4"];

function written({ style, weight, first, quote, comment, port, headers }: Item, subset: string, indent: string): string {
  const host = `${quote}reviews${quote}`;
  const weights = weight === undefined ? [] : [`weight: ${weight}`];
  const inLine = `destination: { host: ${host}, subset: ${subset}${port === undefined ? "" : `, port: {number: ${port}}`} }`;
  const extra = headers ? ["headers: { request: { set: { weight: '3' } } }"] : [];
  if (style === "line")
    return `${indent}- { ${[...(first ? weights : []), inLine, ...extra, ...(first ? [] : weights)].join(", ")} }${comment}`;
  const lines = [
    "destination:",
    `    host: ${host}${comment}`,
    ...(port === undefined ? [] : [`    port: { number: ${port} }`]),
    `    subset: ${subset}`,
  ];
  const destination = style === "lines" ? lines : [`${inLine}${comment}`];
  const commented = weights.map((each) => `${each}${comment}`);
  const all = [...(first ? commented : []), ...destination, "# between", ...extra, ...(first ? [] : commented)];
  return all.map((line, i) => `${indent}${i === 0 ? "- " : "  "}${line}`).join("\n");
}

const file = fc
  .record({
    items: fc.array(item, { minLength: 1, maxLength: 3 }),
    crlf: fc.boolean(),
    end: fc.constantFrom("", "\n", "\n      timeout: 3s\n", "\n\n# the end\n---\nkind: Other\nlist: [1,   2]\n"),
    deep: fc.constantFrom("      ", "        "),
  })
  .map(({ items, crlf, end, deep }) => {
    const routes = items.map((each, i) => written(each, subsets[i] ?? "", deep)).join("\n");
    const text = `apiVersion: networking.istio.io/v1
kind:   VirtualService
metadata: { name: reviews } # by hand
spec:
  hosts: [ reviews ]
  http:
    # the only one
    - route:
${routes}${end}`;
    return crlf ? text.replaceAll("\n", "\r\n") : text;
  });

const asked = fc.uniqueArray(fc.tuple(fc.constantFrom(...subsets), fc.nat({ max: 100 })), {
  selector: ([subset]) => subset,
  minLength: 1,
});

/** Without weights, and without destinations that were not there before. */
function bare(text: string, count: number): unknown {
  return parseAllDocuments(text).map((document) => {
    const value = document.toJS() as { spec?: { http: { route: { weight?: number }[] }[] } };
    for (const { route } of value.spec?.http ?? []) {
      route.splice(count);
      for (const each of route) delete each.weight;
    }
    return value;
  });
}

const withoutWeights = (line: string) => line.replace(/,? ?\bweight: \d+/g, "").trim();

test("a split changes the weights of a route, whatever way it is written, and no other part of the file", () => {
  fc.assert(
    fc.property(file, asked, (text, weights) => {
      const whole: ResourceFile = { path: "/a.yaml", name: "a.yaml", mark: "", text, ...parsed(text, "a.yaml") };
      const where = { namespace: "default", delegates: new Map(), mesh: new Mesh(whole.resources) };
      const found = routeTo(HOST, where);
      const wanted = split(found, HOST, new Map(weights));
      const made = rewritten(whole, found, HOST, wanted);

      const again = { ...whole, text: made, ...parsed(made, "a.yaml") };
      const route = routeTo(HOST, { ...where, mesh: new Mesh(again.resources) });
      expect(destinationsOf(route)).toEqual(wanted.destinations.length === 1 ? destinationsOf(route) : wanted.destinations);
      expect(bare(made, wanted.present)).toEqual(bare(text, wanted.present));
      // Every line that was there is there, in order, but for its weight.
      const lines = made.split("\n").map(withoutWeights);
      let at = 0;
      for (const line of text.split("\n").map(withoutWeights)) {
        const next = lines.indexOf(line, at);
        expect(next, `${JSON.stringify(line)} in\n${made}`).toBeGreaterThanOrEqual(at);
        at = next + 1;
      }
      expect(made.includes("\r\n")).toBe(text.includes("\r\n"));
      expect(/(?<!\r)\n/.test(made)).toBe(/(?<!\r)\n/.test(text));
      // Asked again, there is nothing to do; and back is the way that leaves nothing behind.
      expect(rewritten(again, route, HOST, split(route, HOST, new Map(weights)))).toBe(made);
    }),
    { numRuns: 300 },
  );
});
