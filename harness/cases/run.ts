import { type Diagnostic, MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import type { HttpResponse } from "../client/types.ts";
import { describeMessage } from "../expect/matchers.ts";
import type { CaseRequest, Cases } from "./case.ts";
import { checkCounters } from "./counters.ts";
import { type Mismatch, checkAccessLog, checkLog, checkReceived, checkResponse } from "./expectations.ts";
import { downstreamTlsOf, requestOf } from "./security.ts";
import type { Path } from "./source.ts";
import type { RunnableCase, Target } from "./target.ts";

const HOSTS = { host: "on the in-process host", envoy: "on Envoy" } as const;

/**
 * Runs a case. The first request that is not as expected ends it: what follows would only be a consequence.
 * @returns what does not hold, each at its place in the file
 */
export async function runCase(cases: Cases, one: RunnableCase, target: Target): Promise<Diagnostic[]> {
  const tls = await downstreamTlsOf(one);
  const before = await target.counters();
  const found = (mismatches: readonly Mismatch[], place: Path, subject: string, notes: readonly string[]): Diagnostic[] => {
    const placed = mismatches.map((mismatch) => ({ mismatch, location: cases.locate([...place, ...mismatch.path]) }));
    placed.sort((a, b) => (a.location.line ?? 0) - (b.location.line ?? 0) || (a.location.column ?? 0) - (b.location.column ?? 0));
    return placed.map(({ mismatch, location }, i) => {
      const message = `${JSON.stringify(one.name)}${subject}: ${mismatch.expected} expected, got ${mismatch.got}`;
      // What came is told once, below the last.
      const came = i === placed.length - 1 ? notes : [];
      return diagnostic("MS0803", message, { location, notes: [HOSTS[target.host], ...came] });
    });
  };

  let sent = 0;
  for (const [i, request] of one.requests.entries()) {
    await target.waitUntil(request.at);
    const { mismatches, time, notes } = await runRequest(one, request, target, {
      make: () => requestOf(request, tls),
      sent,
    });
    sent += request.times;
    if (mismatches.length === 0) continue;
    const which = time === undefined ? "" : `, ${time} of ${request.times}`;
    return found(mismatches, request.place, `, request ${i + 1} (${request.method} ${request.path}${which})`, notes);
  }
  const rest = await target.settled(async () => [
    ...checkCounters(before, await target.counters(), one.stats),
    ...checkLog(target.log(), one.log),
  ]);
  const lines = target.log().slice(-5);
  const logged = lines.length === 0 ? [] : ["what modules logged:", ...lines.map(({ level, message }) => `  ${level}: ${message}`)];
  return found(rest, one.place, "", logged);
}

interface Outcome {
  mismatches: readonly Mismatch[];
  /** Which of several it was, from 1. */
  time?: number;
  notes: string[];
}

interface Sending {
  make: () => ReturnType<typeof requestOf>;
  /** How many requests of this case went before. */
  sent: number;
}

async function runRequest(one: RunnableCase, request: CaseRequest, target: Target, { make, sent }: Sending): Promise<Outcome> {
  const { expect, times } = request;
  const names = Object.keys(one.upstreams);
  const start = new Map(names.map((name) => [name, target.upstream(name).requests.length]));
  const [first = "app"] = names;
  const receiver = expect.received?.upstream ?? first;
  for (let time = 1; time <= times; time++) {
    const seen = target.upstream(receiver).requests.length;
    const which = times === 1 ? {} : { time };
    const answer = await answerOf(target, await make());
    if ("error" in answer) return { mismatches: [{ path: [], expected: "an answer", got: answer.error }], ...which, notes: [] };
    const came = ["the answer:", ...indented(describeMessage(answer.response))];
    const wrong = below(["expect"], checkResponse(answer.response, expect));
    if (wrong.length > 0) return { mismatches: wrong, ...which, notes: came };

    if (expect.received) {
      const missing = [{ path: ["expect", "received"], expected: `a request at upstream ${receiver}`, got: "none" }];
      await target.settled(() => (target.upstream(receiver).requests.length > seen ? [] : missing));
      const arrived = target.upstream(receiver).requests[seen];
      if (!arrived) return { mismatches: missing, ...which, notes: came };
      const other = below(["expect", "received"], checkReceived(arrived, expect.received));
      const notes = [`what ${receiver} received:`, ...indented(describeMessage(arrived))];
      if (other.length > 0) return { mismatches: other, ...which, notes };
    }
    if (expect.accessLog) {
      const index = sent + time - 1;
      const missing = [{ path: ["expect", "accessLog"], expected: "an entry in the access log", got: "none" }];
      await target.settled(() => (target.accessLog().length > index ? [] : missing));
      const entry = target.accessLog()[index];
      const other = entry ? below(["expect", "accessLog"], checkAccessLog(entry, expect.accessLog)) : missing;
      if (other.length > 0) return { mismatches: other, ...which, notes: entry ? ["the entry:", `  ${JSON.stringify(entry)}`] : came };
    }
  }
  const counts = await target.settled(() => checkUpstreams(target, start, first, expect.upstream));
  return { mismatches: counts, notes: [] };
}

function checkUpstreams(target: Target, start: Map<string, number>, first: string, expected: number | Record<string, number> | undefined) {
  if (expected === undefined) return [];
  const single = typeof expected === "number";
  return Object.entries(single ? { [first]: expected } : expected).flatMap(([name, count]): Mismatch[] => {
    const got = target.upstream(name).requests.length - (start.get(name) ?? 0);
    if (got === count) return [];
    const path = ["expect", "upstream", ...(single ? [] : [name])];
    return [{ path, expected: `${count} request${count === 1 ? "" : "s"} at upstream ${name}`, got: String(got) }];
  });
}

async function answerOf(
  target: Target,
  request: Parameters<Target["request"]>[0],
): Promise<{ response: HttpResponse } | { error: string }> {
  try {
    return { response: await target.request(request) };
  } catch (error) {
    // What the host found out about the module (MS0701, MS0702) says more than any expectation.
    if (error instanceof MeshscriptError) return { error: error.diagnostics.map(({ code, message }) => `${code}: ${message}`).join("; ") };
    throw error;
  }
}

function below(place: Path, mismatches: readonly Mismatch[]): Mismatch[] {
  return mismatches.map((mismatch) => ({ ...mismatch, path: [...place, ...mismatch.path] }));
}

function indented(text: string): string[] {
  return text.split("\n").map((line) => (line === "" ? line : `  ${line}`));
}
