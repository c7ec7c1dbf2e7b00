import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import type { ProxyConfig } from "../../compile.ts";
import { EXPLAIN } from "../../listeners/filters.ts";

/** An entry of a proxy's access log: the fields that `explain` reads, of which an empty one is left out. */
export interface Entry {
  readonly proxy: string;
  readonly direction: "inbound" | "outbound" | "gateway";
  /** Seconds since 1970. */
  readonly started: string;
  readonly requestId?: string;
  readonly [EXPLAIN]?: string;
  readonly method?: string;
  readonly authority?: string;
  readonly path?: string;
  readonly status?: number;
  readonly details?: string;
  readonly flags?: string;
  readonly duration?: number;
  /** The SPIFFE id of who called. */
  readonly caller?: string;
  /** What `originOf` made. */
  readonly rule?: string;
  readonly route?: string;
  readonly cluster?: string;
  /** Who was asked last: address and port. */
  readonly endpoint?: string;
  /** What the filters wrote. */
  readonly authz?: string;
  readonly tracing?: string;
}

/** A proxy and the file of its access log. */
export interface Log {
  readonly config: ProxyConfig;
  readonly file: string;
}

/** What access logs have got since a moment. */
export class Entries {
  private readonly from: readonly (Log & { readonly position: number })[];

  constructor(logs: readonly Log[]) {
    this.from = logs.map((log) => ({ ...log, position: statSync(log.file, { throwIfNoEntry: false })?.size ?? 0 }));
  }

  /**
   * Of the request that `explain` sent, and of those that were sent because of it: an application passes on `x-request-id`, or `traceparent`, which
   * our tracing filter goes on with. In the order in which they began.
   */
  of(mark: string): Entry[] {
    const all = this.from.flatMap(({ config, file, position }) =>
      linesFrom(file, position).map((line) => ({ ...(JSON.parse(line) as Entry), proxy: config.workload.id })),
    );
    const own = all.filter((entry) => entry[EXPLAIN] === mark);
    const ids = new Set(own.flatMap(idsOf));
    const related = all.filter((entry) => own.includes(entry) || idsOf(entry).some((id) => ids.has(id)));
    return related.sort((a, b) => Number(a.started) - Number(b.started));
  }
}

/** Whole lines. */
function linesFrom(file: string, position: number): string[] {
  if (!existsSync(file)) return [];
  const descriptor = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(fstatSync(descriptor).size - position);
    const text = bytes.toString("utf8", 0, readSync(descriptor, bytes, 0, bytes.length, position));
    return text.split("\n").slice(0, -1);
  } finally {
    closeSync(descriptor);
  }
}

function idsOf({ requestId, tracing }: Entry): string[] {
  const trace = /traceparent=00-([0-9a-f]{32})-/.exec(tracing ?? "")?.[1];
  return [requestId, trace].flatMap((id) => id ?? []);
}
