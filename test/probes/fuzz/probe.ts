import type { Responder, UpstreamResponse } from "../../../harness/index.ts";
import { route } from "../../../harness/index.ts";
import type { PluginSpec, Probe, Running, Target } from "../types.ts";
import type { FuzzCase, FuzzRequest, FuzzResponse } from "./types.ts";

/** Lets everything happen that a stream has left behind: ticks, callouts, the callbacks at its end. */
export type Settle = (target: Target, text: string) => Promise<void>;

/** A random case as a probe for one host. */
export function probeOf(one: FuzzCase, id: string, settle: Settle): Probe {
  const plugins = one.plugins.map(({ sections, vm, label, ...rest }): PluginSpec => {
    const script = Object.fromEntries(
      Object.entries(sections).map(([name, steps]) => [name, steps.join("\n").replaceAll("METRIC", `fuzz.${id}`)]),
    );
    return { ...rest, label, vm, script };
  });
  const text = JSON.stringify(one.plugins);
  return {
    name: id,
    plugins,
    routes: [route(one.upstream)],
    respond: () => responder(one),
    act: async (running) => {
      for (let i = 0; i < (one.again ? 2 : 1); i++) await running.request({ ...requestOf(one.request, running), timeout: 600 });
      await settle(running.target, text);
    },
    ends: 0,
  };
}

function requestOf({ method, protocol, headers, body, trailers }: FuzzRequest, running: Running) {
  const chunked: [string, string][] = protocol === "http/1.1" && (body.length > 0 || trailers) ? [["transfer-encoding", "chunked"]] : [];
  const all = [...headers.map(([name, value]): [string, string] => [name, value]), ...chunked];
  return {
    method,
    path: "/p?q=1",
    protocol,
    headers: all,
    ...(body.length > 1 ? { body: pieces(body, running) } : body[0] === undefined ? {} : { body: body[0] }),
    ...(trailers ? { trailers: { "x-tail": "1" } } : {}),
  };
}

/** The next piece is sent when the first filter has seen the one before: else they might come together. */
async function* pieces(body: readonly string[], { line }: Running): AsyncGenerator<string> {
  for (const [i, piece] of body.entries()) {
    if (i > 0) await line("^\\[a\\] rb ", i).catch(() => undefined);
    yield piece;
  }
}

function responder({ respond, side }: FuzzCase): Responder {
  const sides: Record<FuzzCase["side"], () => UpstreamResponse> = {
    answer: () => ({ status: 200, headers: { "x-side": "1" }, body: "side" }),
    empty: () => ({ status: 204 }),
    reset: () => ({ reset: "before-headers" }),
    broken: () => ({ reset: "mid-body", headers: { "content-length": "100" }, body: "half" }),
  };
  return ({ path }) => (path === "/side" ? sides[side]() : answerOf(respond));
}

function answerOf({ status, body, length, headers, trailers, reset }: FuzzResponse): UpstreamResponse {
  const framing: Record<FuzzResponse["length"], [string, string][]> = {
    "content-length": [["content-length", String(body.length)]],
    chunked: [["transfer-encoding", "chunked"]],
    none: [],
  };
  // Trailers and an answer that breaks off need chunks, or a length that is not reached.
  const framed = trailers
    ? []
    : reset === "mid-body" && length === "content-length"
      ? [["content-length", "9999"] as [string, string]]
      : framing[length];
  return {
    status,
    headers: [...headers.map(([name, value]): [string, string] => [name, value]), ...framed],
    ...(body === "" ? {} : { body }),
    ...(trailers ? { trailers: { "x-end": "1" } } : {}),
    ...(reset === "no" ? {} : { reset }),
  };
}
