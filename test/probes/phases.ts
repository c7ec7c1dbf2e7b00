import type { UpstreamResponse } from "../../harness/index.ts";
import type { PluginSpec, Probe } from "./types.ts";

/** A moment at which the host runs code of the module. */
export interface Phase {
  /** As it is called in the tables. */
  name: string;
  /** The probe that makes these steps run then. `last` comes after everything else, since it may end the stream. */
  probe(steps: string, last?: string): Omit<Probe, "name">;
  /** Whether it is the root that acts, and no stream. */
  root?: true;
  /** Whether the stream is there, and paused or on its way, so that it can be answered or closed from here. */
  stream?: true;
  /** Whether the response headers have passed our callback, so that `continue_stream(1)` does not crash (it does in st). */
  response?: true;
}

export const trailers: UpstreamResponse = { status: 200, headers: { "x-from": "upstream" }, body: "hello", trailers: { "x-end": "1" } };
const upload = { method: "POST", body: "upload", headers: { "x-in": "client" }, trailers: { "x-tail": "1" } } as const;

/** A request and a response with body and trailers, steps in the callback of the same name. */
function inCallback(name: string): Phase["probe"] {
  return (steps, last = "") => ({ request: upload, respond: trailers, script: { [name]: `${steps}\n${last}` } });
}

/** The stream waits in rh until something that runs on the root lets it go. */
function whilePaused(start: string, section: string, stop = ""): { onRoot: Phase["probe"]; effective: Phase["probe"] } {
  const rh = `let stream = $ctx\n${start}\nreturn 1`;
  // A stream that ends here has no body: whether it had come by then would show in the answer.
  const probe = (steps: string, last: string): Omit<Probe, "name"> => ({
    request: last === "" || last === "continue_stream 0" ? upload : {},
    respond: trailers,
    // Only the first time: what it does may bring the callback again.
    script: { rh, [`${section}.1`]: `${stop}\n${steps}\n${last}` },
  });
  return {
    onRoot: (steps, last = "") => probe(`${steps}\nset_effective_context $stream\ncontinue_stream 0`, last),
    effective: (steps, last = "continue_stream 0") => probe(`set_effective_context $stream\n${steps}`, last),
  };
}

const tick = whilePaused("set_tick_period_milliseconds 1", "tick", "set_tick_period_milliseconds 0");
const callout = whilePaused(
  'http_call "app" {":method" = "GET", ":path" = "/callout", ":authority" = "callout"} "" {} 1000 > token',
  "callout",
);
const queue = whilePaused('register_shared_queue "ready" > ready\nenqueue_shared_queue $ready "item"', "queue");

/** Steps that run before the plugin has its configuration. */
function before(boot: (steps: string) => NonNullable<PluginSpec["boot"]>): Phase["probe"] {
  return (steps, last = "") => ({ script: {}, plugin: { boot: boot(`${steps}\n${last}`) } });
}

export const phases: readonly Phase[] = [
  { name: "root create", probe: before((steps) => ({ "create#0": steps })), root: true },
  { name: "start", probe: before((start) => ({ start })), root: true },
  { name: "configure", probe: (steps, last = "") => ({ script: { configure: `${steps}\n${last}` } }), root: true },
  {
    name: "root tick",
    root: true,
    probe: (steps, last = "") => ({
      script: { configure: "set_tick_period_milliseconds 1", tick: `set_tick_period_milliseconds 0\n${steps}\n${last}` },
      until: "^tick",
    }),
  },
  { name: "create", probe: inCallback("create#1") },
  { name: "rh", probe: inCallback("rh"), stream: true },
  { name: "rb", probe: inCallback("rb.1"), stream: true },
  { name: "rt", probe: inCallback("rt"), stream: true },
  { name: "tick", probe: tick.onRoot, root: true },
  { name: "tick in the stream's context", probe: tick.effective, stream: true },
  { name: "callout", probe: callout.onRoot, root: true },
  { name: "callout in the stream's context", probe: callout.effective, stream: true },
  { name: "queue", probe: queue.onRoot, root: true },
  { name: "queue in the stream's context", probe: queue.effective, stream: true },
  { name: "sh", probe: inCallback("sh"), stream: true, response: true },
  { name: "sb", probe: inCallback("sb.1"), stream: true, response: true },
  { name: "st", probe: inCallback("st") },
  { name: "log", probe: inCallback("log"), response: true },
  {
    name: "access log",
    root: true,
    // The filter is there for its end, which comes behind.
    probe: (steps, last = "") => ({
      request: upload,
      respond: trailers,
      plugins: [{ vm: "filter", script: {} }],
      accessLoggers: [{ vm: "logger", script: { log: `${steps}\n${last}` } }],
    }),
  },
  { name: "done", probe: inCallback("done"), response: true },
  { name: "delete", probe: inCallback("delete"), response: true },
];
