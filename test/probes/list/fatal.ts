import { phases } from "../phases.ts";
import type { Probe, Topic } from "../types.ts";

const phase = (name: string) => {
  const found = phases.find((one) => one.name === name);
  if (!found) throw new Error(`no phase ${name}`);
  return found;
};

const reply = 'send_local_response 403 "denied" "no" {} -1';
const again = 'send_local_response 404 "again" "not found" {} -1';

/** Steps at the end of a phase. */
function at(name: string, what: string, steps: string, over: Partial<Probe> = {}): Probe {
  return { ...phase(name).probe("", steps), name: `${name}: ${what}`, ...over };
}

const early = ["rh", "rb", "rt", "tick in the stream's context", "callout in the stream's context", "queue in the stream's context"];
const late = ["log", "done", "delete"];
const twice = [
  ["two replies", `${reply}\n${again}`],
  ["two closes", "close_stream 0\nclose_stream 1"],
  ["a reply and a close", `${reply}\nclose_stream 0`],
  ["a close and a reply", `close_stream 0\n${reply}`],
] as const;

const both = (probe: Probe): Probe[] => [
  probe,
  { ...probe, name: `${probe.name}, over HTTP/2`, request: { ...(probe.request as object), protocol: "h2c" } },
];
const ends = (names: readonly string[]) => names.flatMap((name) => twice.map(([what, steps]) => at(name, what, steps)));

/** A stream that is ended twice where Envoy bears it: the first end counts, or the second. */
export const endings: Topic = {
  topic: "endings",
  probes: [
    ...ends(["rh", "rb", "tick in the stream's context"]).filter(
      ({ name }) => !name.startsWith("tick in the stream's context: two closes"),
    ),
    at("sh", "a close and a reply", `close_stream 0\n${reply}`),
  ].flatMap(both),
};

/** What ends Envoy, or leaves a client waiting: a host for tests fails here and says so. Each on an Envoy of its own. */
export const fatal: Topic = {
  topic: "fatal",
  probes: [
    ...early.map((name) => at(name, "continue_stream of a response that is not there yet", "continue_stream 1")),
    at("rh", "a reply, then continue_stream of the response", `${reply}\ncontinue_stream 1`),
    at("tick in the stream's context", "continue both", "continue_stream 0\ncontinue_stream 1"),
    ...["", "users", "h2"].flatMap((name) => [
      at("rh", `grpc_call to ${JSON.stringify(name)}, which is protobuf by accident`, `grpc_call "${name}" "s" "m" {} "x" 100`),
      at("rh", `grpc_stream to ${JSON.stringify(name)}`, `grpc_stream "${name}" "s" "m" {}`),
    ]),
    at("st", "continue_stream of the response", "continue_stream 1"),
    at("st", "continue_stream of the response, answer over HTTP/2", "continue_stream 1", {
      request: { protocol: "h2c", headers: { te: "trailers" } },
    }),
    at("st", "close_stream of the request", "close_stream 0"),
    at("st", "close_stream of the response", "close_stream 1"),
    ...late.flatMap((name) => [
      at(name, "send_local_response", reply),
      at(name, "close_stream of the request", "close_stream 0"),
      at(name, "close_stream of the response", "close_stream 1"),
    ]),
    at("tick in the stream's context", "two closes", "close_stream 0\nclose_stream 1"),
    ...ends(["sh", "sb"])
      .filter(({ name }) => name !== "sh: a close and a reply")
      .flatMap(both),
    {
      name: "a stream that is paused when another traps",
      script: { "rh#1": "return 1", "rh#2": "trap" },
      act: async ({ request, line }) => {
        const paused = request({ timeout: 1_500 });
        await line("^rh return 1");
        await request();
        await paused;
      },
    },
    { name: "rh pauses for ever", script: { rh: "return 1" }, request: { timeout: 1_000 } },
    {
      name: "tick: a reply without set_effective_context",
      script: { rh: "set_tick_period_milliseconds 1\nreturn 1", tick: `set_tick_period_milliseconds 0\n${reply}` },
      request: { timeout: 1_000 },
    },
    {
      name: "rb: a shorter body under the old content-length",
      script: { "rb.1": 'set_buffer_bytes 0 0 100 "s"' },
      request: { method: "POST", body: "hello", timeout: 1_000 },
    },
    {
      name: "sb: a shorter body under the old content-length",
      script: { "sb.1": 'set_buffer_bytes 1 0 100 "s"' },
      request: { timeout: 1_000 },
    },
  ],
};
