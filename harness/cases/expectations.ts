import { isDeepStrictEqual } from "node:util";
import { valuesOf } from "../client/headers.ts";
import type { HttpResponse } from "../client/types.ts";
import type { AccessLogEntry } from "../envoy/access-log.ts";
import type { HeaderPairs, ReceivedRequest } from "../upstreams/types.ts";
import type { BodyExpectation, Expectation, HeaderExpectation, LogExpectation, ReceivedExpectation, ValueExpectation } from "./schema.ts";
import type { Path } from "./source.ts";

/** An expectation that does not hold. */
export interface Mismatch {
  /** Where it is, below the request or the case. */
  path: Path;
  /** `status 429`, `header retry-after "1"` */
  expected: string;
  /** What came instead. */
  got: string;
}

/** What of an answer is not as expected. */
export function checkResponse(response: HttpResponse, expect: Expectation): Mismatch[] {
  const { status, headers, body, trailers } = expect;
  const found: Mismatch[] = [];
  if (status !== undefined && ![status].flat().includes(response.status)) {
    found.push({ path: ["status"], expected: `status ${[status].flat().join(" or ")}`, got: String(response.status) });
  }
  found.push(...checkHeaders("header", response.headers, headers ?? {}, ["headers"]));
  found.push(...checkHeaders("trailer", response.trailers, trailers ?? {}, ["trailers"]));
  if (body !== undefined) found.push(...checkBody(response.text(), body, ["body"]));
  return found;
}

/** What of a request that an upstream received is not as expected. */
export function checkReceived(request: ReceivedRequest, expect: ReceivedExpectation): Mismatch[] {
  const found: Mismatch[] = [];
  for (const name of ["method", "path"] as const) {
    const wanted = expect[name];
    if (wanted === undefined || wanted === request[name]) continue;
    found.push({ path: [name], expected: `${name} ${quote(wanted)}`, got: quote(request[name]) });
  }
  found.push(...checkHeaders("header", request.headers, expect.headers ?? {}, ["headers"]));
  if (expect.body !== undefined) found.push(...checkBody(request.text(), expect.body, ["body"]));
  return found;
}

/** What of a request's entry in the access log is not as expected. An empty field is left out there. */
export function checkAccessLog(entry: AccessLogEntry, expected: NonNullable<Expectation["accessLog"]>): Mismatch[] {
  return Object.entries(expected).flatMap(([field, wanted]): Mismatch[] => {
    const value = entry[field];
    const values = value === undefined || value === null ? [] : [String(value)];
    const expectation = typeof wanted === "number" ? String(wanted) : wanted;
    if (fits(values, expectation)) return [];
    return [{ path: [field], expected: `${field} ${describe(expectation)} in the access log`, got: values.map(quote)[0] ?? "none" }];
  });
}

function checkHeaders(kind: string, pairs: HeaderPairs, expected: Record<string, HeaderExpectation>, place: Path): Mismatch[] {
  return Object.entries(expected).flatMap(([name, wanted]) => {
    const values = valuesOf(pairs, name);
    if (fits(values, wanted)) return [];
    const got = values.length === 0 ? "none" : values.map(quote).join(", ");
    return [{ path: [...place, name], expected: `${kind} ${name} ${describe(wanted)}`, got }];
  });
}

/** Whether all values of a name are as expected. */
export function fits(values: readonly string[], expected: HeaderExpectation): boolean {
  if (expected === null) return values.length === 0;
  if (typeof expected === "object" && "present" in expected) return values.length > 0;
  const wanted = [expected].flat();
  return values.length === wanted.length && wanted.every((one, i) => fitsValue(values[i] ?? "", one));
}

function fitsValue(value: string, expected: ValueExpectation): boolean {
  if (typeof expected === "string") return value === expected;
  return new RegExp(expected.matches).test(value) !== (expected.not ?? false);
}

function checkBody(text: string, expected: BodyExpectation, path: Path): Mismatch[] {
  const got = text === "" ? "none" : shorten(quote(text));
  if (typeof expected === "object" && "json" in expected) {
    return isDeepStrictEqual(fromJson(text), expected.json) ? [] : [{ path, expected: `body ${JSON.stringify(expected.json)}`, got }];
  }
  return fitsValue(text, expected) ? [] : [{ path, expected: `body ${describe(expected)}`, got }];
}

/** undefined, which no JSON is, for what is none. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Envoy writes "warning" for the module's `warn`. */
function levelOf({ level }: { level: string }): string {
  return level === "warning" ? "warn" : level;
}

/** Which of the lines are missing, or there although they must not be. */
export function checkLog(lines: readonly { level: string; message: string }[], expected: readonly LogExpectation[]): Mismatch[] {
  return expected.flatMap((one, i) => {
    const { contains, matches, level, absent = false } = typeof one === "string" ? { contains: one } : one;
    const pattern = matches === undefined ? undefined : new RegExp(matches);
    const found = lines.find(
      (line) =>
        (level === undefined || levelOf(line) === level) &&
        (contains === undefined || line.message.includes(contains)) &&
        (pattern === undefined || pattern.test(line.message)),
    );
    if ((found !== undefined) !== absent) return [];
    const what = [level, contains && `with ${quote(contains)}`, matches && `matching /${matches}/`].filter(Boolean).join(" ");
    const line = `${absent ? "no " : "a "}log line${what && ` ${what}`}`;
    return [{ path: ["log", i], expected: line, got: found ? `${levelOf(found)} ${shorten(quote(found.message))}` : "none" }];
  });
}

function describe(expected: HeaderExpectation): string {
  if (expected === null) return "absent";
  if (typeof expected === "string") return quote(expected);
  if (Array.isArray(expected)) return expected.length === 0 ? "absent" : expected.map(describe).join(", then ");
  if ("present" in expected) return "present";
  return `${expected.not ? "not " : ""}matching /${expected.matches}/`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}
