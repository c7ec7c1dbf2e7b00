import { openEnvoy } from "../../harness/index.ts";
import { type Identities, makeIdentities } from "./identities.ts";
import { type Weaken, bootstrapOf } from "./listeners.ts";
import type { Stage } from "./run.ts";
import type { Case } from "./types.ts";
import { Recorder } from "./wire/recorder.ts";

let identities: Promise<Identities> | undefined;

/** An Envoy with a listener for each policy that the cases name, in front of an upstream that records. */
export async function openStage(wasm: string, cases: readonly Case[], weaken?: Weaken): Promise<Stage & AsyncDisposable> {
  identities ??= makeIdentities();
  const names = new Set(cases.flatMap(({ policy, twinPolicy }) => [policy, ...(twinPolicy === undefined ? [] : [twinPolicy])]));
  const recorder = new Recorder();
  const config = await bootstrapOf(wasm, await identities, [...names], weaken);
  const envoy = await openEnvoy({
    config,
    ephemeralPorts: true,
    upstreams: { app: { protocol: "tcp", accept: recorder.accept } },
    componentLogLevel: "wasm:info",
    logLevel: "warning",
  });
  return { envoy, recorder, identities: await identities, sent: new Set(), twins: new Map(), [Symbol.asyncDispose]: () => envoy.stop() };
}
