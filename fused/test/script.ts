// Chains of scripted filters, as separate modules and fused: what each hears and does, and what client and upstream get.
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { eventually } from "../../harness/expect/index.ts";
import { type EnvoyRequest, IncompleteResponse, type OpenTarget, type Target, type WasmFilterSpec } from "../../harness/index.ts";
import { builtModule } from "../../test/support/build-once.ts";

export interface Script {
  requestHeaders?: string;
  requestBody?: string;
  requestTrailers?: string;
  responseHeaders?: string;
  responseBody?: string;
  responseTrailers?: string;
  resume?: "tick" | "callout";
  delay?: number;
}
export interface Message {
  chunks: readonly string[];
  trailers: boolean;
}
export interface Run {
  scripts: readonly Script[];
  request: Message;
  response: Message;
}

const moves = ["", "", "", "pause", "pause edit", "pause reply", "pause close", "reply", "close"];
const bodies = ["", "", "buffer", "mark", "replace", "hold", "pause", "reply"];
const some = (values: readonly string[]) => fc.constantFrom(...values);
const script: fc.Arbitrary<Script> = fc.record(
  {
    ...{ requestHeaders: some(moves), requestBody: some(bodies), requestTrailers: some(["", "pause", "reply"]) },
    ...{
      responseHeaders: some(moves.filter((move) => !move.includes("reply"))),
      responseBody: some(bodies.filter((one) => one !== "reply")),
    },
    responseTrailers: some(["", "pause"]),
    resume: fc.constantFrom("tick" as const, "callout" as const),
  },
  { requiredKeys: [] },
);
const message: fc.Arbitrary<Message> = fc.record({
  chunks: fc.array(fc.stringMatching(/^[a-z]{1,6}$/), { maxLength: 3 }),
  trailers: fc.boolean(),
});
export const run: fc.Arbitrary<Run> = fc
  .record({ scripts: fc.array(script, { minLength: 1, maxLength: 4 }), request: message, response: message })
  .map(({ scripts, ...messages }) => ({ scripts: comparable(scripts), ...messages }));

/**
 * The one difference that there is: while a part has stopped headers, Envoy keeps what comes behind them from the whole module, and in a chain only from
 * those behind. So those in front of it only change body and trailers here, and stop or answer nothing.
 *
 * And one where a chain is at fault: with trailers that one filter has stopped Envoy brings a body again, or lets them go, when another holds it.
 */
function comparable(scripts: readonly Script[]): Script[] {
  const passive = (body: string | undefined) => (/^(buffer|mark|replace)$/.test(body ?? "") ? body : "");
  return scripts.map((one, i) => {
    const waits = (of: "requestBody" | "responseBody") => scripts.some((other) => /pause|hold|buffer|replace/.test(other[of] ?? ""));
    const stopped = (others: readonly Script[], of: "requestHeaders" | "responseHeaders") =>
      others.some((other) => other[of]?.startsWith("pause"));
    return {
      ...one,
      ...(waits("requestBody") ? { requestTrailers: "" } : {}),
      ...(waits("responseBody") ? { responseTrailers: "" } : {}),
      ...(stopped(scripts.slice(i + 1), "requestHeaders") ? { requestBody: passive(one.requestBody) ?? "", requestTrailers: "" } : {}),
      ...(stopped(scripts.slice(0, i), "responseHeaders") ? { responseBody: passive(one.responseBody) ?? "", responseTrailers: "" } : {}),
    };
  });
}

/** Lines that a part hears in a chain and fused: where headers were stopped and the stream then ended, those in front hear of the rest only in a chain. */
export function heardInBoth(scripts: readonly Script[], place: number): (line: string) => boolean {
  const pauses = (others: readonly Script[], of: "requestHeaders" | "responseHeaders") =>
    others.some((other) => other[of]?.startsWith("pause"));
  const ends = scripts.some((script) => Object.values(script).some((move) => /reply|close/.test(String(move))));
  const request = ends && pauses(scripts.slice(place + 1), "requestHeaders");
  const response = ends && pauses(scripts.slice(0, place), "responseHeaders");
  return (line) => !(request && / r[bt] /.test(line)) && !(response && / s[bt] /.test(line));
}

const build = (file: string) =>
  builtModule(`scripted-${file}`, fileURLToPath(new URL(`fixture/assembly/${file}.ts`, import.meta.url)), [
    "fused/test/fixture/assembly",
    "sdk/assembly",
  ]);
const [alone, fused] = await Promise.all([build("index"), build("fused")]);

const LABELS = "abcdefgh";

/** The scripts as filters of a chain, or as parts of one. Each waits for its own time: two at once would go on in an order that nobody gives. */
export function chainOf(scripts: readonly Script[], as: "chain" | "fused"): WasmFilterSpec[] {
  const configs = scripts.map((script, i) => ({ label: LABELS[i] ?? "z", delay: 10 * (i + 1), ...script }));
  if (as === "chain") return configs.map((config) => ({ name: config.label, wasm: alone, config }));
  return [{ name: "fused", wasm: fused, config: { filters: configs.map((config) => ({ name: "scripted", config })) } }];
}

export interface Outcome {
  /** What each filter told of each direction, in its order. */
  lines: Record<string, Record<string, string[] | undefined>>;
  /** In which order they got the headers. */
  headers: string[];
  answer: string;
  received: string[];
}

export async function outcomeOf(open: OpenTarget, { scripts, request, response }: Run, as: "chain" | "fused"): Promise<Outcome> {
  const target = await open({
    filters: chainOf(scripts, as),
    upstreams: {
      app: {
        protocol: "h2c",
        respond: { status: 200, body: [...response.chunks], ...(response.trailers ? { trailers: { "x-end": "1" } } : {}) },
      },
      aux: { respond: { status: 200 } },
    },
  });
  const sent: EnvoyRequest = {
    ...{ protocol: "h2c", method: "POST", path: "/", headers: { "x-probe": "1" } },
    ...(request.chunks.length > 0 ? { body: [...request.chunks] } : {}),
    ...(request.trailers ? { trailers: { "x-end": "1" } } : {}),
  };
  const answer = await Promise.resolve(target.request(sent)).then(
    ({ status, headers, body, trailers }) => `${status} ${shown(headers)} ${body.toString()} ${shown(trailers)}`,
    (error: unknown) => {
      if (error instanceof IncompleteResponse) return "the client is cut off";
      throw error;
    },
  );
  const lines = await settled(target, scripts.length);
  await target.stop();
  return {
    lines: Object.fromEntries(
      scripts.map((_, i) => {
        const own = lines.filter((line) => line.startsWith(`${LABELS[i]} `)).filter(heardInBoth(scripts, i));
        // A request that goes on late and its response know nothing of each other.
        const [request, response] = [/ (r[hbt]|\w+ lets request) /, / (s[hbt]|\w+ lets response) /].map((of) =>
          own.filter((line) => of.test(line)),
        );
        const others = own.filter((line) => !request?.includes(line) && !response?.includes(line));
        return [LABELS[i], { request, response, others }];
      }),
    ),
    headers: lines.filter((line) => /^\w (rh|sh) /.test(line)),
    answer,
    received: target
      .upstream("app")
      .requests.map(({ headers, body, trailers }) => `${shown(headers)} ${body.toString()} ${shown(trailers)}`),
  };
}

const shown = (headers: readonly (readonly [string, string])[] = []) =>
  headers
    .filter(([name]) => /^(x-visited|x-resumed|x-replied|x-end|content-length|x-probe)$/.test(name))
    .map(([name, value]) => `${name}=${value}`)
    .join(",");

/** What the filters said, when each has logged the stream's end. */
function settled(target: Target, filters: number): Promise<string[]> {
  return eventually(async () => {
    const lines = target.logs().wasm.map(({ message }) => message);
    const over = lines.filter((line) => /^\w+ (delete|logonly)\b/.test(line)).length;
    if (over < filters) throw new Error(`${over} of ${filters} have heard the end: ${lines.slice(-5).join("; ")}`);
    return lines.filter((line) => /^\w+ (rh|rb|rt|sh|sb|st|log|logonly|done|delete|tick|callout|answer)\b/.test(line));
  });
}
