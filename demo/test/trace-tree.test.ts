import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Span, buildTree, walk } from "../trace-tree.ts";

const TRACE = "a".repeat(32);

function span(name: string, spanId: string, parentId?: string, more: Partial<Span> = {}): Span {
  return { traceId: TRACE, spanId, parentId, sampled: true, name, status: 200, start: 0, microseconds: 1, ...more };
}

/** `root (child (grandchild))` */
function shape(spans: readonly Span[], client?: string): string[] {
  return buildTree(spans, client).roots.flatMap((root) =>
    [...walk(root)].map(({ node, depth }) => `${"  ".repeat(depth)}${node.span.name}`),
  );
}

const whole = [
  span("ingress", "1", undefined, { start: 1 }),
  span("front in", "2", "1", { start: 2 }),
  span("front out b", "3", "2", { start: 4 }),
  span("front out a", "4", "2", { start: 3 }),
  span("a in", "5", "4", { start: 5 }),
];

describe("spans of one trace", () => {
  test("become a tree by their parents, siblings in the order of time", () => {
    expect(shape(whole)).toEqual(["ingress", "  front in", "    front out a", "      a in", "    front out b"]);
    expect(buildTree(whole).problems).toEqual([]);
  });

  test("may hang below the client's span, which is none of them", () => {
    const continued = whole.map((one) => (one.name === "ingress" ? { ...one, parentId: "c" } : one));
    expect(buildTree(continued, "c").problems).toEqual([]);
    expect(buildTree(continued).problems).toEqual(["ingress: its parent c is no span of this trace"]);
    expect(buildTree(whole, "c").problems).toEqual(["ingress began a trace of its own"]);
  });
});

describe("what is wrong is reported", () => {
  const problems = (change: (spans: Span[]) => Span[]) => buildTree(change(structuredClone(whole))).problems;

  test("a missing parent", () => {
    expect(problems((spans) => spans.filter(({ name }) => name !== "front out a"))).toEqual([
      "a in: its parent 4 is no span of this trace",
      "2 roots: ingress, a in",
    ]);
  });

  test("two roots", () => {
    expect(problems((spans) => [...spans, span("stray", "9", undefined, { start: 9 })])).toEqual(["2 roots: ingress, stray"]);
  });

  test("a span id that is there twice", () => {
    expect(problems((spans) => [...spans, span("copy", "5", "4", { start: 9 })])).toEqual(["span 5 is there twice: a in and copy"]);
  });

  test("more than one trace id", () => {
    const other = "b".repeat(32);
    const [first, ...more] = problems((spans) => spans.map((one) => (one.name === "a in" ? { ...one, traceId: other } : one)));
    expect([first, more]).toEqual([`2 trace ids: ${TRACE}, ${other}`, []]);
  });

  test("spans in a circle, and no spans", () => {
    expect(buildTree([span("x", "1", "2"), span("y", "2", "1")]).problems).toEqual(["spans that are their own ancestors: x, y"]);
    expect(buildTree([]).problems).toEqual(["no spans at all"]);
  });
});

/** Any tree: each span's parent is one before it. Times may be equal. */
const trees = fc
  .array(fc.record({ parent: fc.nat(), start: fc.integer({ min: 0, max: 5 }) }), { minLength: 1, maxLength: 30 })
  .map((all) => all.map(({ parent, start }, i) => span(`hop ${i}`, id(i), i === 0 ? undefined : id(parent % i), { start })));
const id = (i: number) => i.toString(16).padStart(16, "0");
const shuffled = trees.chain((spans) => fc.tuple(fc.constant(spans), fc.shuffledSubarray(spans, { minLength: spans.length })));

describe("for any trace", () => {
  test("the order in which spans come does not matter", () => {
    fc.assert(
      fc.property(shuffled, ([spans, mixed]) => {
        expect(buildTree(mixed)).toEqual(buildTree(spans));
      }),
    );
  });

  test("the tree holds every span once, below its parent, without problems", () => {
    fc.assert(
      fc.property(trees, (spans) => {
        const { roots, problems } = buildTree(spans);
        expect(problems).toEqual([]);
        const nodes = roots.flatMap((root) => [...walk(root)]);
        expect(nodes.map(({ node }) => node.span.name).sort()).toEqual(spans.map(({ name }) => name).sort());
        for (const { node, parent } of nodes) expect(parent?.span.spanId).toBe(node.span.parentId);
      }),
    );
  });

  test("a span that is taken out is missed, unless nothing hangs below it", () => {
    fc.assert(
      fc.property(trees, fc.nat(), (spans, at) => {
        const gone = spans[at % spans.length];
        const rest = spans.filter((one) => one !== gone);
        const needed = rest.some(({ parentId }) => parentId === gone?.spanId) || rest.length === 0;
        expect(buildTree(rest).problems.length > 0).toBe(needed);
      }),
    );
  });
});
