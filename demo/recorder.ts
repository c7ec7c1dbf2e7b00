import type { AccessLogEntry, Envoy } from "../harness/index.ts";
import { toldHeader } from "./filters.ts";
import type { Sighting } from "./services/app.ts";

/** A request's way through one listener of one proxy, as its access log has it. */
export interface Hop {
  /** `ingress`, `reviews-v2 inbound`, `productpage outbound details`. */
  name: string;
  method: string;
  path: string;
  status: number;
  /** Seconds since 1970. */
  start: number;
  microseconds: number;
  /** The caller's SPIFFE ID from its certificate; undefined without one. */
  peer: string | undefined;
  /** What the filters wrote down, by filter. */
  verdicts: Record<string, string>;
  /** What the filters told the client, by header. */
  told: Record<string, string>;
  /** The whole entry. */
  entry: AccessLogEntry;
}

/** How many requests to services are remembered: enough for any tour, and no leak in a demo that runs for days. */
const REMEMBERED = 2_000;

/** What the services received, in order. */
export class Recorder {
  private sightings: Sighting[] = [];
  private forgotten = 0;

  saw(sighting: Sighting): void {
    this.sightings.push(sighting);
    if (this.sightings.length <= 2 * REMEMBERED) return;
    this.forgotten += this.sightings.length - REMEMBERED;
    this.sightings = this.sightings.slice(-REMEMBERED);
  }

  /** A place in the order: `since(mark)` gives what came after it. */
  get mark(): number {
    return this.forgotten + this.sightings.length;
  }

  since(mark = 0): Sighting[] {
    return this.sightings.slice(Math.max(0, mark - this.forgotten));
  }
}

/** Reads one entry of an access log of ours; undefined for a line that is none. */
export function readHop(entry: AccessLogEntry, filters: readonly string[]): Hop | undefined {
  const text = (field: string) => (typeof entry[field] === "string" ? entry[field] : "");
  const name = text("hop");
  if (name === "") return undefined;
  return {
    name,
    method: text("method"),
    path: text("path"),
    status: Number(entry["status"]),
    start: Number(entry["start"]),
    microseconds: Number(entry["microseconds"]),
    peer: text("peer") || undefined,
    verdicts: Object.fromEntries(filters.filter((filter) => text(filter) !== "").map((filter) => [filter, text(filter)])),
    told: Object.fromEntries(
      Object.keys(entry).flatMap((field) => {
        const header = toldHeader(field);
        return header === undefined || text(field) === "" ? [] : [[header, text(field)]];
      }),
    ),
    entry,
  };
}

/**
 * All entries of an Envoy's access log, once it has logged every request that it has begun. When a client has its answer, all requests
 * made for it have begun, but not all are logged.
 */
export async function settledLog(envoy: Envoy): Promise<AccessLogEntry[]> {
  const begun = await envoy.stats("^http\\.(ingress|inbound|outbound_[a-z]+)\\.downstream_rq_total$");
  const count = [...begun.values()].reduce((sum, value) => sum + value, 0);
  return envoy.waitForAccessLog(count);
}
