import { Bytes, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { Conditions, readConditions, readWorkload, Workload } from "../../../policy";
import { isText } from "./core/text";

/** Which way a request goes, seen from the own workload. */
export enum Direction {
  /** The listener says it. */
  Unknown = 0,
  Inbound = 1,
  Outbound = 2,
}

const DIRECTIONS: string[] = ["inbound", "outbound"];
const TRUSTS: string[] = ["mutualTls", "always"];

/** The filter's configuration; `filters/peer-metadata/config.ts` is its schema, and a test holds the two together. */
export class PeerMetadataConfig {
  direction: Direction = Direction.Unknown;
  when: Conditions = new Conditions([]);
  /** False: only peers with an identity of the mesh are believed. */
  trustsAll: bool = false;
  workload: Workload = new Workload();
}

/** Reads the configuration; what is wrong with it is noted in the document. */
export function readConfig(json: JsonObject): PeerMetadataConfig {
  const config = new PeerMetadataConfig();
  if (json.has("direction")) config.direction = <Direction>(json.choice("direction", DIRECTIONS) + 1);
  const when = json.array("when");
  config.when = readConditions(when);
  if (config.direction == Direction.Inbound && when.length > 0) json.problem("when", 'is for "outbound": an inbound filter only answers');
  config.trustsAll = json.choice("trust", TRUSTS) == 1;
  const workload = json.object("workload");
  const own = readWorkload(workload);
  check(workload, "name", own.name);
  check(workload, "namespace", own.namespace);
  check(workload, "app", own.app);
  check(workload, "version", own.version);
  check(workload, "canonicalService", own.canonicalService);
  check(workload, "canonicalRevision", own.canonicalRevision);
  check(workload, "cluster", own.cluster);
  config.workload = own;
  return config;
}

function check(workload: JsonObject, key: string, text: Bytes): void {
  if (!isText(text)) workload.problem(key, "must be 256 bytes at most, without control characters");
}
