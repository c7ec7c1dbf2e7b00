import type { Envoy } from "../../harness/index.ts";
import type { Identities } from "./identities.ts";
import type { Case, Protocol, Seen, Wire } from "./types.ts";
import { type Answer, bytesOf } from "./wire/http1.ts";
import { fieldsOf } from "./wire/http2.ts";
import { DATA, type Recorder } from "./wire/recorder.ts";
import { sendWire } from "./wire/send.ts";

/** How many are under way at once. */
const WORKERS = 24;

export interface Result {
  case: Case;
  answer: Answer;
  seen: readonly Seen[];
  /** The policy forbids what reached the upstream, or the client got what is the upstream's. */
  bypass: boolean;
  twin?: { answer: Answer; seen: readonly Seen[]; denied: boolean };
}

/** Where cases are sent to. */
export interface Stage {
  envoy: Envoy;
  recorder: Recorder;
  identities: Identities;
  /** Names of all that was sent. */
  sent: Set<string>;
  twins: Map<string, Promise<{ answer: Answer; seen: readonly Seen[] }>>;
}

/** Sends all cases and their twins. Names make what the upstream saw theirs. */
export async function runCases(stage: Stage, cases: readonly Case[]): Promise<Result[]> {
  const results: Result[] = new Array<Result>(cases.length);
  const queue = cases.entries();
  const worker = async () => {
    for (const [index, one] of queue) results[index] = await runCase(stage, one, `${one.family}.${index}`);
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  return results;
}

async function runCase(stage: Stage, one: Case, name: string): Promise<Result> {
  const answer = await sendFollowing(stage, one.policy, one.protocol, one.request, name);
  const seen = stage.recorder.of(name);
  const { forbidden = () => true, twin, twinSeen = () => true } = one;
  // Data without a request that was seen is some other answer of Envoy that should not have been given.
  const bypass = seen.some(forbidden) || (seen.length === 0 && answer.text.includes(DATA));
  if (twin === undefined) return { case: one, answer, seen, bypass };
  const sent = await sendTwin(stage, one.twinPolicy ?? one.policy, one.protocol, twin);
  return { case: one, answer, seen, bypass, twin: { ...sent, denied: !sent.seen.some(twinSeen) } };
}

/** Many cases have the same twin, which is sent once. */
function sendTwin(stage: Stage, policy: string, protocol: Protocol, twin: Wire): Promise<{ answer: Answer; seen: readonly Seen[] }> {
  const key = JSON.stringify([policy, protocol, twin]);
  const name = `twin-${stage.twins.size}`;
  const sent =
    stage.twins.get(key) ??
    sendFollowing(stage, policy, protocol, twin, name).then((answer) => ({ answer, seen: stage.recorder.of(name) }));
  stage.twins.set(key, sent);
  return sent;
}

/** Sends a request; where it is told to ask for another path, as UNESCAPE_AND_REDIRECT does, it does so once. */
async function sendFollowing(stage: Stage, listener: string, protocol: Protocol, wire: Wire, name: string): Promise<Answer> {
  const { envoy, identities, sent } = stage;
  sent.add(name);
  const identity = wire.identity === undefined ? undefined : identities.of(wire.identity);
  const address = envoy.address(listener);
  const answer = await sendWire(address, protocol, wire, name, identity);
  if (answer.status !== 307 || answer.location === undefined || wire.raw !== undefined) return answer;
  const target = answer.location.replace(/^https?:\/\/[^/]*/, "");
  return sendWire(address, protocol, { ...wire, target }, name, identity);
}

/** A request as it can be sent again by hand. */
export function shown({ protocol, request }: Pick<Case, "protocol" | "request">): string {
  const who = request.identity === undefined ? "" : ` as ${request.identity}`;
  const where = request.from === undefined ? "" : ` from ${request.from}`;
  const bytes = protocol === "HTTP/1.1" ? bytesOf(request, "CASE") : fieldsOf(request, "CASE");
  const text = JSON.stringify(bytes).replace(/[\x7f-\xff]/g, (byte) => `\\u00${byte.charCodeAt(0).toString(16)}`);
  return `${protocol}${who}${where} ${text.length > 600 ? `${text.slice(0, 600)}... (${text.length})` : text}`;
}
