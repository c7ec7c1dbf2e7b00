import type { HttpRequest } from "../../harness/client/types.ts";

type Headers = NonNullable<HttpRequest["headers"]>;

/** The same with `host` in front, unless they say it themselves. */
export function withHost(headers: HttpRequest["headers"], host: string): Headers {
  const pairs = pairsOf(headers);
  return pairs.some(([name]) => name.toLowerCase() === "host") ? pairs : [["host", host], ...pairs];
}

/** Headers as they are sent, a repeated name as often. */
export const pairsOf = (headers: HttpRequest["headers"]): [string, string][] =>
  Array.isArray(headers) ? (headers as [string, string][]) : Object.entries(headers ?? {}).flatMap(repeated);

const repeated = ([name, value]: [string, string | readonly string[]]): [string, string][] =>
  (typeof value === "string" ? [value] : value).map((each) => [name, each]);
