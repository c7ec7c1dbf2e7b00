import type { Diagnostic } from "../../diagnostics/index.ts";
import { parseDuration } from "../duration.ts";
import { fileAccessLog } from "../envoy/builders.ts";
import { mistake } from "./findings.ts";
import { type CaseDocument, type CasesDocument, type RequestDocument, verbs } from "./schema.ts";
import type { Path, YamlSource } from "./source.ts";

/** What `fileAccessLog` always has. */
const STANDARD_FIELDS = Object.keys((fileAccessLog("")["typed_config"] as { log_format: { json_format: object } }).log_format.json_format);

/** What a schema cannot say: fields that exclude each other, names that must exist or be unique, times that go back. */
export function contradictions(source: YamlSource, document: CasesDocument): Diagnostic[] {
  const upstreams = Object.keys(document.upstreams ?? { app: {} });
  const fields = [...STANDARD_FIELDS, ...Object.keys(document.accessLog ?? {})];
  const seen = new Map<string, number>();
  return [
    ...both(source, document, []),
    ...document.cases.flatMap((one, i) => {
      const place = ["cases", i];
      const first = seen.get(one.name);
      if (first === undefined) seen.set(one.name, i);
      return [
        ...(first === undefined ? [] : [mistake(source, [...place, "name"], `is that of cases[${first}], too`)]),
        ...both(source, one, place),
        ...unknown(source, Object.keys(one.upstreams ?? {}), upstreams, [...place, "upstreams"]),
        ...refusal(source, one, place),
        ...(one.requests ?? []).flatMap((request, k) => ofRequest(source, request, upstreams, fields, [...place, "requests", k])),
        ...backwards(source, one, place),
        ...(one.log ?? []).flatMap((line, k) =>
          typeof line === "string" || line.contains !== undefined || line.matches !== undefined || line.level !== undefined
            ? []
            : [mistake(source, [...place, "log", k], "says nothing of the line: give `contains`, `matches` or `level`")],
        ),
      ];
    }),
  ];
}

function both(source: YamlSource, { chain, config }: { chain?: unknown; config?: unknown }, place: Path): Diagnostic[] {
  if (chain === undefined || config === undefined) return [];
  return [mistake(source, [...place, "chain"], "and `config` exclude each other: put `config` into the chain's entry", "key")];
}

function refusal(source: YamlSource, one: CaseDocument, place: Path): Diagnostic[] {
  const { requests, refused } = one;
  if (requests === undefined && refused === undefined) return [mistake(source, place, "has no `requests`, and no `refused` either")];
  if (refused === undefined) return [];
  return (["requests", "stats", "log"] as const)
    .filter((field) => one[field] !== undefined)
    .map((field) => mistake(source, [...place, field], "cannot be where `refused` is: the filter never serves", "key"));
}

function ofRequest(source: YamlSource, request: RequestDocument, upstreams: string[], fields: string[], place: Path): Diagnostic[] {
  const given = verbs.filter((verb) => request[verb] !== undefined);
  const { method, path, expect } = request;
  const found: Diagnostic[] = [];
  const [first, second] = given;
  if (second !== undefined) found.push(mistake(source, [...place, second], `contradicts \`${first}\`: a request has one method`, "key"));
  else if (first !== undefined) {
    const other = method !== undefined ? "method" : path !== undefined ? "path" : undefined;
    if (other) found.push(mistake(source, [...place, other], `contradicts \`${first}\`, which has method and path in it`, "key"));
  } else if (method === undefined && path === undefined) {
    found.push(mistake(source, place, "has no method and path: write for example `get: /`"));
  }
  const { received, upstream, accessLog } = expect ?? {};
  if (typeof upstream === "object") found.push(...unknown(source, Object.keys(upstream), upstreams, [...place, "expect", "upstream"]));
  for (const field of Object.keys(accessLog ?? {}).filter((name) => !fields.includes(name))) {
    const where = [...place, "expect", "accessLog", field];
    found.push(mistake(source, where, `is no field of the access log; there are: ${fields.join(", ")}`, "key"));
  }
  if (received?.upstream !== undefined && !upstreams.includes(received.upstream)) {
    const where = [...place, "expect", "received", "upstream"];
    found.push(mistake(source, where, `is unknown: ${JSON.stringify(received.upstream)}; there are: ${upstreams.join(", ")}`));
  }
  if (received !== undefined && upstream === 0) {
    found.push(mistake(source, [...place, "expect", "received"], "contradicts `upstream: 0`", "key"));
  }
  return found;
}

function unknown(source: YamlSource, names: string[], upstreams: string[], place: Path): Diagnostic[] {
  return names
    .filter((name) => !upstreams.includes(name))
    .map((name) => mistake(source, [...place, name], `is no upstream of this file; there are: ${upstreams.join(", ")}`, "key"));
}

function backwards(source: YamlSource, one: CaseDocument, place: Path): Diagnostic[] {
  let latest = 0;
  return (one.requests ?? []).flatMap(({ at }, i) => {
    const time = at === undefined ? latest : parseDuration(at);
    const earlier = time < latest;
    latest = Math.max(latest, time);
    return earlier ? [mistake(source, [...place, "requests", i, "at"], "goes back in time: a request before it is later")] : [];
  });
}
