import type { HeaderPairs } from "../upstreams/types.ts";

/** What vitest wants from a matcher. */
export interface Verdict {
  pass: boolean;
  message: () => string;
}

interface Message {
  headers: HeaderPairs;
  status?: number;
  reason?: string;
  method?: string;
  path?: string;
  body?: Buffer;
}

interface Logged {
  logs(): { wasm: { level: string; message: string; source: string }[] };
  logTail(count?: number): string[];
}

/** What came, in the shape of the wire: first line, headers, start of the body. */
export function describeMessage(message: Message): string {
  const first = message.status === undefined ? `${message.method} ${message.path}` : `${message.status} ${message.reason ?? ""}`.trim();
  const headers = message.headers.map(([name, value]) => `  ${name}: ${printable(value)}`);
  const { body } = message;
  const start =
    body && body.length > 0 ? ["", `  ${printable(body.subarray(0, 300).toString("utf8"))}${body.length > 300 ? " ..." : ""}`] : [];
  return [first, ...headers, ...start].join("\n");
}

/** The status, and what the whole answer was when it is another one. */
export function toHaveStatus(received: unknown, status: number): Verdict {
  if (!isMessage(received) || received.status === undefined) return notA("a response", received);
  const pass = received.status === status;
  return { pass, message: () => `expected status ${pass ? "other than " : ""}${status}, got\n\n${describeMessage(received)}` };
}

/**
 * A header of a response or of a request that an upstream received. `expected` absent: the name is there; a string or a pattern: one of
 * its values is that; an array: exactly these values in this order, so `[]` is an absent header.
 */
export function toHaveHeader(received: unknown, name: string, expected?: string | RegExp | readonly string[]): Verdict {
  if (!isMessage(received)) return notA("a message with headers", received);
  const values = received.headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  const pass = fits(values, expected);
  const wanted = expected === undefined ? "" : ` = ${expected instanceof RegExp ? String(expected) : JSON.stringify(expected)}`;
  const came = values.length === 0 ? "absent" : JSON.stringify(values);
  const message = () => `expected ${pass ? "no " : ""}header ${name}${wanted}, it is ${came}\n\n${describeMessage(received)}`;
  return { pass, message };
}

/** A line that a module logged in this Envoy. */
export function toHaveLogged(received: unknown, pattern: string | RegExp): Verdict {
  if (!isLogged(received)) return notA("an Envoy", received);
  const { wasm } = received.logs();
  const pass = wasm.some(({ message }) => (typeof pattern === "string" ? message.includes(pattern) : message.search(pattern) >= 0));
  const lines = wasm.slice(-15).map(({ source, level, message }) => `  ${source}: ${level}: ${printable(message)}`);
  const came = lines.length === 0 ? ["  (the modules logged nothing)", ...received.logTail(10)] : lines;
  return {
    pass,
    message: () => [`expected ${pass ? "no " : "a "}log line of a module matching ${String(pattern)}, got`, ...came].join("\n"),
  };
}

function fits(values: readonly string[], expected: string | RegExp | readonly string[] | undefined): boolean {
  if (expected === undefined) return values.length > 0;
  if (typeof expected === "string") return values.includes(expected);
  if (expected instanceof RegExp) return values.some((value) => value.search(expected) >= 0);
  return values.length === expected.length && values.every((value, i) => value === expected[i]);
}

function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "headers" in value && Array.isArray(value.headers);
}

function isLogged(value: unknown): value is Logged {
  return typeof value === "object" && value !== null && "logs" in value && "logTail" in value;
}

function notA(wanted: string, received: unknown): Verdict {
  return {
    pass: false,
    message: () =>
      `expected ${wanted}, got ${received instanceof Promise ? "a promise: use `await expect(...).resolves`" : typeof received}`,
  };
}

function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
