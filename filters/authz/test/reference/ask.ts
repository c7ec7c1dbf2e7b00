// Many pairs against one Envoy, a listener for each configuration.
import { type AccessLogEntry, type FilterSpec, bootstrap, openEnvoy } from "../../../../harness/index.ts";
import { type Mesh, authzListener } from "./listeners.ts";
import { nativeRbac } from "./native.ts";
import { sendFacts } from "./send.ts";
import type { AuthzConfig, RequestFacts } from "./types.ts";
import { metadataNames } from "./vocabulary.ts";

/** A configuration with the requests that its listener gets. */
export interface Questions {
  config: AuthzConfig;
  requests: RequestFacts[];
  /** What enforces it [Envoy's own filters]. */
  filters?: readonly FilterSpec[];
}

/** What Envoy said to one request. */
export interface Said {
  config: AuthzConfig;
  facts: RequestFacts;
  /** 200 and 403 are verdicts; 0 is no answer. */
  status: number;
  /** The answer, or what went wrong. */
  text: string;
  /** The access log's entry; undefined when there is none. */
  log: AccessLogEntry | undefined;
}

/** Of the native filters: `details` is there anyway. */
const RBAC = "DYNAMIC_METADATA(envoy.filters.http.rbac";
export const nativeLog = {
  audited: "%DYNAMIC_METADATA(envoy.common:access_log_hint)%",
  dryRunDeny: `%${RBAC}:istio_dry_run_deny_shadow_engine_result)%`,
  dryRunAllow: `%${RBAC}:istio_dry_run_allow_shadow_engine_result)%`,
};

/**
 * Asks all of them, some at once; the answers come in the order of the questions. A module of ours beside the native filters is one more
 * question about the same configuration: `[...questions, ...questions.map((one) => ({ ...one, filters: [ours(one.config)] }))]`.
 */
export async function askEnvoy(
  questions: readonly Questions[],
  mesh: Mesh,
  accessLog: Record<string, string> = nativeLog,
): Promise<Said[]> {
  const listeners = questions.map(({ config, filters = nativeRbac(config) }, i) =>
    authzListener({ name: `c${i}`, mesh, metadata: metadataNames, filters, accessLog }),
  );
  await using envoy = await openEnvoy({ config: bootstrap({ listeners }), startTimeout: 60_000 });
  const said = questions.flatMap(({ config, requests }, i) =>
    requests.map((facts) => ({ config, facts, address: envoy.address(`c${i}`), status: 0, text: "" })),
  );
  let next = 0;
  const client = async () => {
    for (let i = next++; i < said.length; i = next++) {
      const one = said[i];
      if (one === undefined) return;
      try {
        Object.assign(one, await sendFacts(one.address, mesh, one.facts, i));
      } catch (error) {
        one.text = String(error);
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  const answered = said.filter(({ status }) => status !== 0).length;
  const logs = new Map((await envoy.waitForAccessLog(answered, { timeout: 20_000 })).map((entry) => [String(entry["number"]), entry]));
  return said.map(({ config, facts, status, text }, i) => ({ config, facts, status, text, log: logs.get(String(i)) }));
}
