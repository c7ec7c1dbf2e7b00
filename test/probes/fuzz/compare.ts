import { type Outcome, alone, onEnvoy, onHost } from "./hosts.ts";
import type { FuzzCase } from "./types.ts";

/** A case whose two outcomes are not the same. */
export interface Disagreement {
  id: string;
  one: FuzzCase;
  envoy: string;
  host: string;
}

export interface Comparison {
  equal: number;
  /** Envoy crashed, the host said MS0701. */
  crashes: number;
  /** Envoy went on, the host said MS0701 for one of the reasons in `tolerated`: reason to count. */
  refused: Map<string, number>;
  /** Envoy itself does not say the same every time. */
  unstable: Disagreement[];
  different: Disagreement[];
}

/** What the host may refuse although Envoy went on: it is a fault of the filter that Envoy survives by luck, or that others pay for. */
export const tolerated: readonly (readonly [message: RegExp, why: string])[] = [
  [/in the callback that it brings/, "Envoy goes round until the VM's stack is full, and answers 503"],
  [/that was not paused|sends its (headers|trailers) twice/, "Envoy sends the message twice, or answers with two header blocks"],
  [
    /a second end of one stream|a local reply for a stream that is over|was closed in the same callback/,
    "Envoy uses what it has freed: it goes well in some orders",
  ],
  [/reads the rest as another request/, "the upstream is served a request that no client sent"],
];

/** Of those that the host refuses, so many of a batch are asked of Envoy: each may cost one. */
const REFUSED = 2;

/** A difference is asked about so many times more. */
const AGAIN = 4;

/** Both hosts, case by case. */
export async function compare(batch: ReadonlyMap<string, FuzzCase>): Promise<Comparison> {
  const result: Comparison = { equal: 0, crashes: 0, refused: new Map(), unstable: [], different: [] };
  const hosts = new Map<string, Outcome>();
  for (const [id, one] of batch) hosts.set(id, await onHost(one, id));
  const refused = [...batch].filter(([id]) => hosts.get(id)?.crashed);
  const asked = new Map([...batch].filter(([id]) => !hosts.get(id)?.crashed));
  const first = await onEnvoy(asked, hosts);
  // A machine that is busy lets things race that the generator keeps apart: only what Envoy says every time counts.
  const said = new Map<string, Outcome[]>();
  let odd = new Map([...asked].filter(([id]) => !same(first.get(id), hosts.get(id))));
  result.equal = asked.size - odd.size;
  for (const [id] of odd) said.set(id, [first.get(id) as Outcome]);
  for (let again = 0; again < AGAIN && odd.size > 0; again++) {
    const answers = await onEnvoy(odd, hosts);
    for (const [id] of odd) said.get(id)?.push(answers.get(id) as Outcome);
    // One answer that is another is enough.
    odd = new Map([...odd].filter(([id]) => same(said.get(id)?.[0], answers.get(id))));
  }
  for (const [id, answers] of said) {
    const texts = [...new Set(answers.map(({ text }) => text))];
    const disagreement = { id, one: asked.get(id) as FuzzCase, envoy: texts.join("\n--- or\n"), host: `${hosts.get(id)?.text}` };
    (odd.has(id) ? result.different : result.unstable).push(disagreement);
  }
  for (const [place, [id, one]] of refused.entries()) await judgeRefusal(id, one, hosts.get(id) as Outcome, place < REFUSED, result);
  return result;
}

async function judgeRefusal(id: string, one: FuzzCase, host: Outcome, ask: boolean, result: Comparison): Promise<void> {
  const why = tolerated.find(([message]) => message.test(host.text))?.[1];
  if (why && !ask) {
    result.refused.set(why, (result.refused.get(why) ?? 0) + 1);
    return;
  }
  const envoy = await alone(one, id);
  if (envoy.crashed) result.crashes++;
  else if (why) result.refused.set(why, (result.refused.get(why) ?? 0) + 1);
  else result.different.push({ id, one, envoy: envoy.text, host: host.text });
}

export function same(a: Outcome | undefined, b: Outcome | undefined): boolean {
  return a?.crashed === b?.crashed && (a?.crashed === true || a?.text === b?.text);
}
