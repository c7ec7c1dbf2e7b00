import fc from "fast-check";
import { expect, test } from "vitest";
import { samplesOf } from "../envoy/samples.ts";

const TEXT = `# TYPE orders_total counter
orders_total{tenant="blue",code="200"} 3
orders_total{} 1
orders_total_more{a="b"} 2
# TYPE envoy_server_uptime gauge
envoy_server_uptime 12

duration_bucket{le="+Inf"} 4 1700000000000
temperature -1.5e3
highest +Inf
`;

test("samples have names, labels and values", () => {
  expect(samplesOf(TEXT)).toEqual([
    { name: "orders_total", labels: { tenant: "blue", code: "200" }, value: 3 },
    { name: "orders_total", labels: {}, value: 1 },
    { name: "orders_total_more", labels: { a: "b" }, value: 2 },
    { name: "envoy_server_uptime", labels: {}, value: 12 },
    { name: "duration_bucket", labels: { le: "+Inf" }, value: 4 },
    { name: "temperature", labels: {}, value: -1500 },
    { name: "highest", labels: {}, value: Number.POSITIVE_INFINITY },
  ]);
  expect(samplesOf(TEXT, "orders_total").map(({ value }) => value)).toEqual([3, 1]);
});

test("a label may hold whatever text", () => {
  const escaped = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
  fc.assert(
    fc.property(fc.string(), fc.string({ unit: "binary" }), (a, b) => {
      const line = `m{a="${escaped(a)}",b="${escaped(b)}"} 1`;
      expect(samplesOf(line)).toEqual([{ name: "m", labels: { a, b }, value: 1 }]);
    }),
  );
});
