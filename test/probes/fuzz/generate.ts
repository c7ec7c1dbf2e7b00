import fc from "fast-check";
import { fitting, harmless, moving } from "./steps.ts";
import type { FuzzCase, FuzzPlugin, FuzzRequest, FuzzResponse } from "./types.ts";

const pick = <T>(...values: T[]) => fc.constantFrom(...values);

const messagePhases = ["rh", "rb", "rt", "sh", "sb", "st"];
/** What can answer a callback to hold the message, by phase. */
const stops: Record<string, readonly number[]> = { rh: [1, 3, 4], rb: [1, 2, 3], rt: [1], sh: [1, 3, 4], sb: [1, 2, 3], st: [1] };
/** A tick's time tells the filters apart: far from each other, and late enough for what is on its way to have arrived. */
const ticks: Record<string, number> = { a: 20, b: 40, c: 60 };

interface Section {
  name: string;
  steps: string[];
}

/** One callback's steps; `busy` says how likely it moves the stream or holds it. */
function section(phase: string, label: string, busy: boolean): fc.Arbitrary<Section> {
  const direction = phase.startsWith("r") ? 0 : 1;
  const hold = `let s${label} = $ctx\nlet d${label} = ${direction}`;
  const byTick = pick(...(stops[phase] ?? [1])).map((answer) => `${hold}\nset_tick_period_milliseconds ${ticks[label]}\nreturn ${answer}`);
  const byCallout = pick(...(stops[phase] ?? [1])).map(
    (answer) =>
      `${hold}\nhttp_call "app" {":method" = "GET", ":path" = "/side", ":authority" = "side"} "" {} 1000 > token${label}\nreturn ${answer}`,
  );
  const end = busy
    ? fc.oneof(
        { arbitrary: fc.constant(""), weight: 6 },
        { arbitrary: moving(phase), weight: 4 },
        { arbitrary: fc.tuple(moving(phase), pick(0, 1)).map(([step, answer]) => `${step}\nreturn ${answer}`), weight: 2 },
        { arbitrary: byTick, weight: 6 },
        // Two filters that wait for callouts, or one that waits while a body arrives, would race.
        { arbitrary: label === "a" && phase === "sh" ? byCallout : fc.constant(""), weight: 3 },
      )
    : fc.constant("");
  return fc
    .record({ call: pick("", "", ".1", ".2"), steps: fc.array(fitting(phase), { maxLength: 4 }), end })
    .map(({ call, steps, end }) => ({ name: phase.endsWith("b") ? phase + call : phase, steps: [...steps, end] }));
}

/** What resumes: the tick, or the callout's answer. */
function resumption(name: string, label: string): fc.Arbitrary<Section> {
  const read = name === "callout" ? ["get_header_map_pairs 6", "get_buffer_bytes 4 0 200"] : ["set_tick_period_milliseconds 0"];
  const take = `set_effective_context $s${label}`;
  return fc
    .record({
      steps: fc.array(harmless, { maxLength: 2 }),
      end: fc.oneof(
        { arbitrary: fc.constant(`continue_stream $d${label}`), weight: 8 },
        { arbitrary: moving("tick").filter((step) => step.startsWith("send")), weight: 2 },
      ),
    })
    .map(({ steps, end }) => ({ name, steps: [...read, take, ...steps.filter((step) => !step.startsWith("set_effective")), end] }));
}

function plugin(label: string): fc.Arbitrary<FuzzPlugin> {
  const quiet = ["create#1", "log", "done", "delete"].map((name) =>
    fc.array(harmless, { maxLength: 3 }).map((steps): Section => ({ name, steps })),
  );
  const sections = fc.tuple(
    fc
      .subarray(messagePhases)
      .chain((phases) => fc.tuple(...phases.map((phase) => fc.boolean().chain((busy) => section(phase, label, busy))))),
    fc.subarray(quiet, { maxLength: 2 }).chain((some) => fc.tuple(...some)),
    resumption("tick", label),
    resumption("callout", label),
  );
  return fc
    .record({
      sections,
      shares: fc.boolean(),
      failurePolicy: pick<FuzzPlugin["failurePolicy"]>("FAIL_CLOSED", "FAIL_CLOSED", "FAIL_OPEN", "FAIL_RELOAD"),
      allowOnHeadersStopIteration: pick(false, false, true),
    })
    .map(({ sections: [message, quiet, tick, callout], shares, ...rest }) => ({
      label,
      vm: shares ? "x" : label,
      ...rest,
      sections: Object.fromEntries(
        [...message, ...quiet, tick, callout].map(({ name, steps }) => [name, steps.flatMap((step) => step.split("\n")).filter(Boolean)]),
      ),
    }));
}

const request: fc.Arbitrary<FuzzRequest> = fc.record({
  method: pick("GET", "GET", "POST", "POST", "PUT", "HEAD", "DELETE", "OPTIONS"),
  protocol: pick<FuzzRequest["protocol"]>("http/1.1", "http/1.1", "h2c"),
  headers: fc.subarray(
    [
      ["x-in", "1"],
      ["x-in", "2"],
      ["cookie", "a=1"],
      ["accept", "a/b"],
      ["content-type", "application/grpc"],
      ["x-big", "b".repeat(5000)],
      ["referer", "from"],
    ] as const,
    { maxLength: 3 },
  ),
  body: fc.oneof(
    { arbitrary: fc.constant([]), weight: 2 },
    { arbitrary: fc.constant(["0123456789"]), weight: 3 },
    { arbitrary: pick(["first", "second"], ["1", "22", "333"]), weight: 1 },
  ),
  trailers: pick(false, false, true),
});

const respond: fc.Arbitrary<FuzzResponse> = fc.record({
  status: pick(200, 200, 200, 201, 204, 304, 404, 500),
  body: pick("hello", "hello", "", "h".repeat(3000)),
  length: pick<FuzzResponse["length"]>("content-length", "chunked", "none"),
  headers: fc.subarray(
    [
      ["x-up", "1"],
      ["x-up", "2"],
      ["vary", "a"],
      ["vary", "b"],
      ["set-cookie", "a"],
      ["server", "up"],
      ["date", "Thu, 01 Jan 2026 00:00:00 GMT"],
    ] as const,
    { maxLength: 3 },
  ),
  trailers: pick(false, false, true),
  reset: pick<FuzzResponse["reset"]>("no", "no", "no", "no", "no", "no", "before-headers", "mid-body"),
});

/** Random probes. What would make two things race is taken out here: see the README. */
export const cases: fc.Arbitrary<FuzzCase> = fc
  .record({
    plugins: pick(["a"], ["a"], ["a", "b"], ["a", "b", "c"]).chain((labels) => fc.tuple(...labels.map(plugin))),
    request,
    again: fc.boolean(),
    respond,
    side: pick<FuzzCase["side"]>("answer", "answer", "empty", "reset", "broken"),
    upstream: pick<FuzzCase["upstream"]>("app", "app", "app", "h2"),
  })
  .map(withoutRaces);

function withoutRaces(one: FuzzCase): FuzzCase {
  const steps = one.plugins.flatMap(({ sections }) => Object.entries(sections));
  const first = Object.entries(one.plugins[0]?.sections ?? {});
  const waits = steps.some(([, list]) => list.some((step) => /^(set_tick|http_call)/.test(step)));
  // The second piece waits for the first filter's body callback, which therefore has to come.
  const stopped = first.some(([name, list]) => name === "rh" && list.some((step) => /^(return|send|close|continue|trap)/.test(step)));
  const hasTicks = steps.some(([name, list]) => name !== "tick" && list.some((step) => step.startsWith("set_tick")));
  const whole = stopped || hasTicks || one.request.method === "HEAD";
  const body = whole && one.request.body.length > 1 ? [one.request.body.join("")] : one.request.body;
  const bodiless = one.respond.status === 204 || one.respond.status === 304;
  // HTTP/2 knows no chunks; its upstream resets a stream whose body may have come or not.
  const http2 = one.upstream === "h2";
  const respond: FuzzResponse = {
    ...one.respond,
    length: http2 && one.respond.length === "chunked" ? "none" : one.respond.length,
    reset:
      (one.respond.reset !== "no" && (body.length > 0 || one.request.trailers)) ||
      (one.respond.reset === "mid-body" && one.respond.body === "")
        ? "no"
        : one.respond.reset,
  };
  return {
    ...one,
    again: one.again && !waits,
    request: { ...one.request, body },
    respond: bodiless ? { ...respond, body: "", length: "none", trailers: false, reset: "no" } : respond,
  };
}
