import { JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { nanosecondsSince1970, NEVER } from "../core/date-time";
import { During } from "../core/during";
import { SECOND, YEAR } from "./fault";

export function readDuring(json: JsonObject): During | null {
  if (!json.present) return null;
  const from = readTime(json, "from", 0);
  const until = readTime(json, "until", u64.MAX_VALUE);
  const each = <u64>json.duration("each", 0, SECOND, YEAR);
  const length = <u64>json.duration("for", 0, SECOND, YEAR);
  if (json.has("from") && until <= from) json.problem("until", "must be later than from");
  if (!json.has("each") && json.has("for")) json.problem("for", "needs each: how often");
  else if (json.has("each") && !json.has("for")) json.problem("each", "needs for: how long");
  else if (each > 0 && length >= each) json.problem("for", "must be less than each");
  return new During(from, until, each, length);
}

function readTime(json: JsonObject, key: string, otherwise: u64): u64 {
  if (!json.has(key)) return otherwise;
  const time = nanosecondsSince1970(json.bytes(key));
  if (time != NEVER) return time;
  json.problem(key, 'must be a time as "2030-05-01T12:00:00Z" (RFC 3339), from 1970 to 2199');
  return otherwise;
}
