// Family 13, GHSA-w44g-8m76-8gc5: over HTTP/2 a method is any text, and many an upstream takes `delete` for DELETE.
import { type Case, overBoth } from "../types.ts";

const FORBIDDEN = ["DELETE", "POST"].flatMap((method) => {
  const lower = method.toLowerCase();
  return [
    method,
    lower,
    method[0] + lower.slice(1),
    lower.slice(0, -1) + method.at(-1),
    lower[0] + method.slice(1),
    lower.slice(0, 2) + method.slice(2),
  ];
});
/** None of the rules knows these: no ALLOW, and nothing for a DENY of all but GET to let pass. */
const UNKNOWN = [
  "FOO",
  "foo",
  "GETX",
  "XGET",
  "GE",
  "get",
  "Get",
  "gET",
  "PRI",
  "pRi",
  "TRACE",
  "PATCH",
  "M-SEARCH",
  "*",
  "GET,DELETE",
  "GET_",
  "HEAD",
  "OPTIONS",
  "QUERY",
  "head",
];
/** No methods at all. */
const MALFORMED = ["", " ", "G T", "GET ", " GET", "GET\t", "DELETE\0", "GET\r\nx: y", "G(T", "GET/", "DEL\x80TE", "DELETE\xa0"];
const CASES = "methods are compared as they are: `get` is not GET";
const NONE = "no method: Envoy refuses each";

export function methodFamily(): Case[] {
  const against = (policy: string, method: string, twin: { twin: { method: string } } | { noTwin: string }): Case[] =>
    overBoth({ family: 13, name: method, policy, request: { method }, ...twin });
  return [
    ...FORBIDDEN.flatMap((method) => [
      // Over HTTP/1.1 Envoy takes methods in capitals only.
      ...against("deny-method", method, { twin: { method: "GET" } }),
      ...against("allow-not-method", method, { twin: { method: "PUT" } }),
      ...against("allow-method", method, { twin: { method: "GET" } }),
      ...against("deny-not-method", method, { twin: { method: "GET" } }),
    ]),
    ...UNKNOWN.flatMap((method) => [
      ...against("allow-method", method, { noTwin: CASES }),
      ...against("deny-not-method", method, { noTwin: CASES }),
    ]),
    ...["get", "Get", "FOO", "PATCH"].map(
      (method): Case => ({
        family: 13,
        name: `delete, where ${method} passes`,
        protocol: "HTTP/2",
        policy: "deny-method",
        request: { method: "dElEtE" },
        twin: { method },
      }),
    ),
    ...MALFORMED.flatMap((method) =>
      ["deny-method", "allow-method", "deny-not-method"].map(
        // Over HTTP/1.1 blanks in a method make another request line: that is family 27's.
        (policy): Case => ({ family: 13, name: JSON.stringify(method), protocol: "HTTP/2", policy, request: { method }, noTwin: NONE }),
      ),
    ),
  ];
}
