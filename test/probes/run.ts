import {
  type AccessLogEntry,
  type HttpRequest,
  IncompleteResponse,
  type TcpConnection,
  type UpstreamResponse,
  toPairs,
  valuesOf,
} from "../../harness/index.ts";
import { pluginsOf } from "./chain.ts";
import { normalise } from "./normalise.ts";
import { clientLines, connectionLines, upstreamLines } from "./show.ts";
import type { Open, Probe, Running, Target } from "./types.ts";

const WAITS = "no complete answer within";
const HELLO: UpstreamResponse = { status: 200, headers: { "content-length": "5" }, body: "hello" };

/** Runs a probe on the host that `open` gives. The result as text: the module's lines, then client, upstream, access log. */
export async function run(probe: Probe, id: string, open: Open): Promise<string> {
  const target = await open(probe, id);
  try {
    return normalise(await resultOf(probe, target)).join("\n");
  } finally {
    await target.stop();
  }
}

/**
 * The same where the host may end or a client wait in vain: what the module did, and which of both it was. What the client got of an answer
 * before a crash, and how a stream ends whose client has given up, is left out: it depends on the moment. `crashed` says whether it did.
 */
export async function runUntilEnd(probe: Probe, target: Target, crashed: () => Promise<boolean>): Promise<string> {
  const { running, clients } = prepare(probe, target);
  for (const step of begin(probe, running)) await step;
  const answers = (await Promise.all(clients)).flat();
  const crashes = await crashed();
  // Before a stack overflow the same callbacks come thousands of times.
  const lines = target.lines().slice(0, 40);
  const last = lines.findLastIndex((line) => !/^(log|done|delete) \d+$/.test(line));
  const outcome = crashes ? ["the host crashes"] : answers;
  return normalise([...lines.slice(0, last + 1), ...outcome]).join("\n");
}

async function resultOf(probe: Probe, target: Target): Promise<string[]> {
  const { running, clients, connections, notes } = prepare(probe, target);
  for (const step of begin(probe, running)) await step;
  const ends = probe.ends ?? (clients.length + connections.length) * pluginsOf(probe).length;
  await target.wait((lines) => matching(lines, "^(\\[\\w+\\] )?delete \\d+$").length >= ends);
  const until = typeof probe.until === "string" ? ([probe.until, 1] as const) : probe.until;
  if (until) await running.line(...until);
  const logged = await target.accessLog(probe.logged ?? clients.length);
  const shown = ["app", "h2"].filter((name) => !probe.hides?.includes(name));
  const received = (await Promise.all(shown.map((name) => upstreamLines(name, target.upstream(name))))).flat();
  const answers = (await Promise.all(clients)).flat();
  const lines = probe.chunks === "any" ? withoutSizes(target.lines()) : target.lines();
  const bytes = [...connectionLines("client", connections), ...connectionLines("upstream", target.upstream("tcp").connections)];
  return [...lines, ...answers, ...received, ...bytes, ...notes, ...logged.map((entry) => accessLine(entry, probe))];
}

/** The upstreams answer as the probe wants; what it may do, and where that is noted. */
function prepare(probe: Probe, target: Target) {
  const clients: Promise<string[]>[] = [];
  const connections: TcpConnection[] = [];
  let seen = 0;
  const notes: string[] = [];
  const running: Running = {
    target,
    request(request = {}) {
      const pending = target.request(withHost(request));
      const outcome = pending.then(clientLines, failureLines);
      clients.push(outcome);
      return Object.assign(
        outcome.then(() => undefined),
        { abort: () => pending.abort() },
      );
    },
    connect() {
      const connection = target.connect();
      connections.push(connection);
      return connection;
    },
    async accepted() {
      const n = seen++;
      const upstream = target.upstream("tcp");
      await target.until(() => upstream.connections.length > n);
      return upstream.connections[n] as TcpConnection;
    },
    line: (pattern, count = 1) => target.wait((lines) => matching(lines, pattern).length >= count),
    note: (text) => void notes.push(text),
  };
  const { respond = HELLO } = probe;
  target.upstream("tcp").clear();
  for (const name of ["app", "h2"]) {
    target.upstream(name).clear();
    target.upstream(name).respond(typeof respond === "function" ? respond(running) : respond);
  }
  return { running, clients, connections, notes };
}

/** Its requests one after the other, or whatever it does. */
function* begin(probe: Probe, running: Running): Generator<Promise<unknown>> {
  if (probe.act) yield probe.act(running);
  else for (const request of requestsOf(probe)) yield running.request(request);
}

/** Each kind of body callback once, without its size. */
function withoutSizes(lines: readonly string[]): string[] {
  const sizeless = lines.map((line) => (/^[rs]b /.test(line) ? line.replace(/n=\d+/, "n=*") : line));
  return sizeless.filter((line, i) => !/^[rs]b /.test(line) || sizeless.indexOf(line) === i);
}

const matching = (lines: readonly string[], pattern: string) => lines.filter((line) => new RegExp(pattern).test(line));

function requestsOf({ request = {} }: Probe): readonly HttpRequest[] {
  return Array.isArray(request) ? (request as readonly HttpRequest[]) : [request as HttpRequest];
}

/** One authority for all: with the port, it would be another in every run. */
function withHost(request: HttpRequest): HttpRequest {
  const headers = toPairs(request.headers);
  if (valuesOf(headers, "host").length === 0) headers.unshift(["host", "probe"]);
  return { timeout: 3_000, ...request, headers };
}

/** How a connection breaks (closed, reset) depends on what was under way, and is left out. */
function failureLines(error: unknown): string[] {
  if (!(error instanceof IncompleteResponse)) return [`client ${error instanceof Error ? error.name : String(error)}`];
  const { partial, message } = error;
  return [`client ${message.includes(WAITS) ? "waits in vain" : "is cut off"}`, ...(partial ? clientLines(partial) : [])];
}

function accessLine(entry: AccessLogEntry, probe: Probe): string {
  const more = Object.keys(probe.accessLog ?? {}).map((name) => ` ${name}=${JSON.stringify(entry[name])}`);
  return `access ${entry["status"]} ${entry["details"]} ${entry["flags"] ?? "-"}${more.join("")}`;
}
