import type { CodeEntry } from "../code-entry.ts";

/** MS07xx */
export const host = {
  MS0701: {
    level: "error",
    title: "this would have crashed Envoy",
    help: "take the call out of that callback, or let the SDK make it: it refuses such calls",
    kind: "data",
    details:
      "The in-process host stops where the real Envoy ends with a signal, or sends a message twice. One worker's crash ends the whole Envoy with every connection. The message names the callback, the call, and what Envoy 1.40 does.",
  },
  MS0702: {
    level: "error",
    title: "this stream would have hung in Envoy",
    help: 'let something resume it; to see what the client gets in the end, give the request `timeout: 60_000` and call `advance("15s")`, or open the host with `onHang: "wait"`',
    kind: "data",
    details:
      "A request was awaited, it is paused by a filter, and nothing is left that could resume it: no timer, no callout, no data. In Envoy it would wait for the stream idle timeout, 5 minutes by default.",
  },
  MS0703: {
    level: "error",
    title: "something that the in-process host does not have",
    help: "run this test on the real Envoy: `openEnvoy` takes the same options",
    kind: "usage",
  },
  MS0704: {
    level: "error",
    title: "the in-process host was stopped",
    help: "make no requests after `stop()`",
    kind: "usage",
  },
  MS0705: {
    level: "error",
    title: "a module does not return",
    help: "look for a loop that does not end in that callback; work that takes long must be cut into pieces, over timer ticks",
    kind: "data",
    details:
      "A callback ran for longer than the `callbackLimit` of the in-process host. Envoy has no such limit: the worker that runs the callback would serve nothing any more, and end only with a signal.",
  },
} as const satisfies Record<string, CodeEntry>;
