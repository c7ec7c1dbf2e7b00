import { type DiagnosticCode, exitCodes } from "../diagnostics/index.ts";
import { banner, endpoints } from "./banner.ts";
import { filters } from "./filters.ts";
import { interruption } from "./interrupt.ts";
import { Mesh } from "./mesh.ts";
import { type Options, UsageError, readOptions, usage } from "./options.ts";
import { paintFor } from "./paint.ts";
import { MTLS } from "./parts.ts";
import { whyNotFree } from "./port.ts";
import { serveLooks } from "./serve.ts";
import { workloads } from "./topology.ts";
import { runTour } from "./tour/run.ts";

const progress = (text: string) => process.stderr.write(`meshscript: ${text}\n`);

/** What a user can mend at once, in one line. */
function fail(code: DiagnosticCode, message: string, exitCode: number): number {
  const paint = paintFor(process.stderr);
  process.stderr.write(`${paint("red", paint("bold", "error"))} ${code}: ${message}\n`);
  return exitCode;
}

/** `npm start`: resolves to the exit code when everything that it started is gone. */
export async function main(argv: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return fail(error.code, error.message, exitCodes.usage);
  }
  if (options.help) {
    process.stdout.write(usage);
    return exitCodes.ok;
  }
  const reason = options.port === 0 ? undefined : await whyNotFree(options.port);
  if (reason !== undefined) {
    return fail("MS0505", `127.0.0.1:${options.port} ${reason}; choose another with --port`, exitCodes.environment);
  }
  using interrupt = interruption();
  const code = await run(options, interrupt.signal);
  if (!options.once || interrupt.signal.aborted) progress("stopped");
  return code;
}

async function run(options: Options, signal: AbortSignal): Promise<number> {
  const started = performance.now();
  progress(`starting an ingress and a sidecar for each of ${workloads.length} workloads ...`);
  const chosen = filters.filter(({ name }) => !options.without.includes(name));
  const { port, zipkin: collector, without, isolate } = options;
  const opening = Mesh.open({
    filters: chosen,
    loading: isolate ? "isolated" : "fused",
    mtls: !without.includes(MTLS),
    port,
    signal,
    ...(collector ? { collector } : {}),
  });
  await using mesh = await opening.catch((error: unknown) => {
    // What breaks because of Ctrl-C is no error.
    if (signal.aborted) return undefined;
    throw error;
  });
  if (mesh === undefined) return exitCodes.interrupted;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const { envoy, funcE, notes } = mesh.provisioned;
  for (const note of notes) progress(note);
  progress(`${mesh.envoys.size} Envoys ${envoy.version} ${funcE ? "through func-e" : "without func-e"} ready in ${seconds} s`);
  // Awaited here, for the mesh ends with this block.
  return await (options.once ? tour(mesh, options, signal) : serve(mesh, options, signal));
}

async function tour(mesh: Mesh, options: Options, signal: AbortSignal): Promise<number> {
  const print = (lines: string[]) => {
    if (!options.json) process.stdout.write(`${lines.join("\n")}\n`);
  };
  const { ok, steps } = await runTour(mesh, { print, paint: paintFor(process.stdout), signal });
  if (signal.aborted) return exitCodes.interrupted;
  if (options.json)
    process.stdout.write(`${JSON.stringify({ apiVersion: "meshscript/v1", ok, without: options.without, steps }, null, 2)}\n`);
  return ok ? exitCodes.ok : exitCodes.test;
}

/** Runs until Ctrl-C, or until an Envoy ends by itself; then stopping tells why. */
async function serve(mesh: Mesh, options: Options, signal: AbortSignal): Promise<number> {
  const looks = await serveLooks(mesh);
  const text = options.json
    ? `${JSON.stringify(endpoints(mesh, looks.url), null, 2)}\n`
    : banner(mesh, looks.url, paintFor(process.stdout));
  process.stdout.write(text);
  const interrupted = new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));
  const crashed = [...mesh.envoys].map(([name, envoy]) => envoy.ended.then(() => name));
  const dead = signal.aborted ? undefined : await Promise.race([interrupted, ...crashed]);
  progress(dead === undefined ? "stopping ..." : `the Envoy of ${dead} ended by itself; stopping ...`);
  await looks.stop();
  return exitCodes.ok;
}
