import type { HttpRequest, HttpResponse } from "../client/types.ts";
import type { AccessLogEntry } from "../envoy/access-log.ts";
import type { UpstreamRecord } from "../upstreams/record.ts";
import type { Case, CasePlugin, Cases } from "./case.ts";
import type { Counters } from "./counters.ts";
import type { HostName } from "./schema.ts";

/** What a case runs against: nothing in it was touched by another case. */
export interface Target {
  readonly host: HostName;
  request(request: HttpRequest): Promise<HttpResponse>;
  upstream(name: string): UpstreamRecord;
  counters(): Promise<Counters>;
  /** What modules have logged since the target was opened. */
  log(): readonly { level: string; message: string }[];
  /** Why a module trapped, with its stack, where the host can tell. */
  trap(): string | undefined;
  /** The access log's entries of this case so far, in order. */
  accessLog(): readonly AccessLogEntry[];
  /** Lets time pass until so many milliseconds after the target was opened; at once when it is later already. */
  waitUntil(milliseconds: number): Promise<void>;
  /** The answer of `check` when it is empty, or when nothing that is under way can make it so any more. */
  settled<T>(check: () => Promise<readonly T[]> | readonly T[]): Promise<readonly T[]>;
  close(): Promise<void>;
}

/** A plugin with its module. */
export type RunnablePlugin = CasePlugin & { filter: string; wasm: string };

/** A case with its modules. */
export type RunnableCase = Omit<Case, "chain"> & { readonly chain: readonly RunnablePlugin[] };

/** As `openHost` and `openEnvoy` take it. A VM of its own, so that on Envoy no other case has touched it. */
export function filterOf({ filter, wasm, config, rootId, failurePolicy }: RunnablePlugin, { index, environment }: RunnableCase) {
  return {
    name: filter,
    wasm,
    vmId: `meshscript.${filter}.case-${index + 1}`,
    ...(Object.keys(environment).length === 0 ? {} : { environment }),
    ...(config === undefined ? {} : { config }),
    ...(rootId === undefined ? {} : { rootId }),
    ...(failurePolicy === undefined ? {} : { failurePolicy }),
  };
}

/** The fields of a case's access log; `case` says whose entry it is, since all listeners of an Envoy write to one file. */
export function accessLogOf({ accessLog }: Cases, { index }: RunnableCase): Record<string, string> {
  return { ...accessLog, case: caseField(index) };
}

export function entriesOf(entries: readonly AccessLogEntry[], { index }: RunnableCase): AccessLogEntry[] {
  return entries.filter((entry) => entry["case"] === caseField(index));
}

const caseField = (index: number) => `case-${index + 1}`;

const PREFIX = "wasmcustom.";

/** Only what modules have defined. */
export function ofModules(stats: Counters): Counters {
  return new Map([...stats].filter(([name]) => name.startsWith(PREFIX)).map(([name, value]) => [name.slice(PREFIX.length), value]));
}
