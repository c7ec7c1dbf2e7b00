import { describe, expect, test } from "vitest";
import { type Hop, Recorder, readHop } from "../recorder.ts";
import type { Sighting } from "../services/app.ts";
import { readTraceparent, readVerdict, spansOf, traceparentOf } from "../spans.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const traceparent = (spanId: string, flags = "01") => `00-${traceId}-${spanId}-${flags}`;

describe("a traceparent", () => {
  test("gives its ids and whether it is sampled", () => {
    expect(readTraceparent(traceparent("b7ad6b7169203331", "03"))).toEqual({ traceId, spanId: "b7ad6b7169203331", sampled: true });
    expect(readTraceparent(traceparent("b7ad6b7169203331", "02"))?.sampled).toBe(false);
  });

  test("is none when it is malformed, absent or repeated", () => {
    for (const text of [undefined, "", "00-1-2-01", traceparent("b7ad6b7169203331").toUpperCase()])
      expect(readTraceparent(text)).toBeUndefined();
    const one: [string, string] = ["traceparent", traceparent("b7ad6b7169203331")];
    expect(traceparentOf([one])?.traceId).toBe(traceId);
    expect(traceparentOf([one, one])).toBeUndefined();
  });
});

describe("what the tracing filter wrote down", () => {
  test("gives action and parent; the parent of a first span is absent", () => {
    const text = `action=continue traceparent=${traceparent("b7ad6b7169203331")} parent=00f067aa0ba902b7`;
    expect(readVerdict(text)).toMatchObject({ action: "continue", spanId: "b7ad6b7169203331", parentId: "00f067aa0ba902b7" });
    expect(readVerdict(text.replace("00f067aa0ba902b7", "-"))?.parentId).toBeUndefined();
    expect(readVerdict("action=strip")).toBeUndefined();
    expect(readVerdict(undefined)).toBeUndefined();
  });
});

describe("spans", () => {
  const hop = (name: string, tracing?: string): Hop => {
    const read = readHop({ hop: name, method: "GET", path: "/", status: 200, start: "1.5", microseconds: 7, tracing }, ["tracing"]);
    if (read === undefined) throw new Error("no hop");
    return read;
  };
  const sighting = (workload: string, spanId: string): Sighting => ({
    workload,
    method: "GET",
    path: "/",
    headers: [["traceparent", traceparent(spanId)]],
  });

  test("come from the access log, and know the service that received them", () => {
    const ids = ["0000000000000001", "0000000000000002"] as const;
    const hops = [
      hop("ingress", `action=start traceparent=${traceparent(ids[0])} parent=-`),
      hop("details inbound", `action=continue traceparent=${traceparent(ids[1])} parent=${ids[0]}`),
    ];
    const { spans, untraced } = spansOf(hops, [sighting("details", ids[1])]);
    expect(untraced).toEqual([]);
    expect(spans.map(({ name, parentId, receivedBy }) => [name, parentId, receivedBy])).toEqual([
      ["ingress", undefined, undefined],
      ["details inbound", ids[0], "details"],
    ]);
    expect(spans[0]).toMatchObject({ start: 1.5, microseconds: 7, status: 200 });
  });

  test("a hop without a verdict is named, and a line of another log is no hop", () => {
    expect(spansOf([hop("ingress")], []).untraced).toEqual(["ingress"]);
    expect(readHop({ text: "starting: envoy" }, ["tracing"])).toBeUndefined();
  });
});

test("the recorder forgets old requests, and its marks stay right", () => {
  const recorder = new Recorder();
  const saw = (n: number) => recorder.saw({ workload: "details", method: "GET", path: `/${n}`, headers: [] });
  for (let n = 0; n < 10_000; n++) saw(n);
  const mark = recorder.mark;
  saw(10_000);
  expect(recorder.since(mark).map(({ path }) => path)).toEqual(["/10000"]);
  expect(recorder.since().length).toBeLessThan(5_000);
  expect(recorder.since(0)).toEqual(recorder.since());
});
