import { describe, expect, test } from "vitest";
import { type Edge, expectedHops, workloadsOf } from "../topology.ts";
import { type Span, buildTree } from "../trace-tree.ts";
import { viewTrace } from "../trace-view.ts";

/** The spans that a request of the demo makes. */
function spansFor(edges: readonly Edge[]): Span[] {
  const id = (hop: string | undefined) => String(edges.findIndex((edge) => edge.hop === hop) + 1).padStart(16, "0");
  return edges.map(({ hop, parent }, i) => ({
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: id(hop),
    parentId: parent === undefined ? undefined : id(parent),
    sampled: true,
    name: hop,
    status: 200,
    start: i,
    microseconds: 123_456,
    ...(hop.endsWith(" inbound") ? { receivedBy: hop.replace(" inbound", "") } : {}),
  }));
}

describe("a trace as text", () => {
  test("is a tree of proxies and services, ids and times at the right", () => {
    expect(viewTrace(buildTree(spansFor(expectedHops({ reviews: "reviews-v2" }))))).toMatchInlineSnapshot(`
      [
        "trace 4bf92f3577b34da6a3ce929d0e0e4736  sampled, 8 spans, 4 services",
        "hop                                            span             parent           status        ms",
        "ingress                                        0000000000000001 -                   200    123.46",
        "└─ productpage inbound                         0000000000000002 0000000000000001    200    123.46",
        "   └─ productpage service                                       0000000000000002",
        "      ├─ productpage outbound details          0000000000000003 0000000000000002    200    123.46",
        "      │  └─ details inbound                    0000000000000004 0000000000000003    200    123.46",
        "      │     └─ details service                                  0000000000000004",
        "      └─ productpage outbound reviews          0000000000000005 0000000000000002    200    123.46",
        "         └─ reviews-v2 inbound                 0000000000000006 0000000000000005    200    123.46",
        "            └─ reviews-v2 service                               0000000000000006",
        "               └─ reviews-v2 outbound ratings  0000000000000007 0000000000000006    200    123.46",
        "                  └─ ratings inbound           0000000000000008 0000000000000007    200    123.46",
        "                     └─ ratings service                         0000000000000008",
      ]
    `);
  });

  test("fits a terminal of 100 columns with the tour's indent, whatever version answers", () => {
    for (const { name } of workloadsOf("reviews")) {
      for (const line of viewTrace(buildTree(spansFor(expectedHops({ reviews: name }))))) expect(line.length).toBeLessThanOrEqual(97);
    }
  });

  test("says what is wrong with it", () => {
    const spans = spansFor(expectedHops({ reviews: "reviews-v1" })).filter(({ name }) => name !== "productpage outbound details");
    expect(viewTrace(buildTree(spans)).filter((line) => line.startsWith("!"))).toEqual([
      "! details inbound: its parent 0000000000000003 is no span of this trace",
      "! 2 roots: ingress, details inbound",
    ]);
    expect(viewTrace(buildTree([]))).toEqual(["no spans"]);
  });

  test("marks proxies and services by colour", () => {
    const lines = viewTrace(buildTree(spansFor(expectedHops({}))), (format, text) => `<${format}>${text}</>`);
    expect(lines.find((line) => line.includes("productpage inbound"))).toMatch(/^<cyan>└─ productpage inbound +<\/> /);
    expect(lines.find((line) => line.includes("productpage service"))).toMatch(/^<green> {3}└─ productpage service +<\/><dim>/);
  });
});
