import { MeshscriptError } from "../../diagnostics/index.ts";
import { type Provisioned, cacheDirectory, canRunWasm, openEnvoy, packageRoot } from "../../harness/index.ts";
import type { Io } from "../command.ts";
import { seconds, shortPath } from "../text.ts";
import { type Check, failure, skipped, success, warning } from "./check.ts";
import { patchFor } from "./versions.ts";

/** What provisioning gave: the tools, or its error. */
export type Tools = { tools: Provisioned } | { error: unknown };

/** func-e and Envoy: where they are, and proofs that this Envoy is good for wasm filters. */
export async function envoyChecks(found: Tools, io: Io, signal: AbortSignal): Promise<Check[]> {
  const [runs, runsWasm, starts] = ["Envoy can be run", "Envoy runs WebAssembly", "Envoy starts and answers a request"];
  if ("error" in found) {
    // The check of the cache has said why.
    if (found.error instanceof MeshscriptError && found.error.code === "MS0304") {
      return [runs, runsWasm, starts].map((description) => skipped(description, "the cache cannot be written"));
    }
    const checks = notFound(found.error);
    return [...checks, skipped(runsWasm, "no Envoy"), skipped(starts, "no Envoy")];
  }
  const { tools } = found;
  const [wasm, start] = await Promise.all([wasmCheck(runsWasm, tools, io), startCheck(starts, tools, io, signal)]);
  return [funcE(tools), binary(tools), patched(tools), wasm, start];
}

function notFound(error: unknown): Check[] {
  if (!(error instanceof MeshscriptError)) throw error;
  return error.diagnostics.map(({ code, message, notes, help }) =>
    failure("Envoy can be run", [message, ...notes].join("\n"), `${help} (docs/errors/${code}.md)`),
  );
}

function funcE({ funcE: found }: Provisioned): Check {
  if (found) return success(`func-e is at ${shortPath(found.path, packageRoot())} (${found.source})`);
  return warning(
    "func-e starts Envoy",
    "no func-e: Envoy is run directly, which works too",
    "put func-e on PATH, or install Go and run again",
  );
}

function binary({ envoy, notes }: Provisioned): Check {
  const text = `Envoy ${envoy.version} is at ${shortPath(envoy.path, packageRoot())} (${envoy.source})`;
  const other = notes.find((note) => note.startsWith("Envoy is "));
  return other === undefined ? success(text) : warning(text, other, "unset ENVOY_PATH, or write the wanted version to .envoy-version");
}

function patched({ envoy }: Provisioned): Check {
  const needed = patchFor(envoy.version);
  if (needed === undefined) return success(`Envoy ${envoy.version} has the known security fixes`);
  return warning("Envoy has the known security fixes", `Envoy is ${envoy.version}`, `use Envoy ${needed} or newer`);
}

async function wasmCheck(description: string, { envoy }: Provisioned, io: Io): Promise<Check> {
  const started = performance.now();
  const { ok, reason } = await canRunWasm(envoy.path, { cache: cacheDirectory(io.env) });
  if (ok) return success(`${description} (a minimal module, ${seconds(performance.now() - started)})`);
  return failure(description, reason ?? "no reason given", "use an Envoy with the runtime envoy.wasm.runtime.v8 (docs/errors/MS0303.md)");
}

async function startCheck(description: string, tools: Provisioned, io: Io, signal: AbortSignal): Promise<Check> {
  const started = performance.now();
  try {
    await using envoy = await openEnvoy({ tools, signal, cwd: io.cwd, logLevel: "warning" });
    const ready = seconds(performance.now() - started);
    const { status } = await envoy.request();
    if (status !== 200)
      return failure(description, `status ${status} instead of 200`, "look at the log with `meshscript run --filter ...`");
    return success(`${description} (ready after ${ready})`);
  } catch (error) {
    if (!(error instanceof MeshscriptError)) throw error;
    const [first] = error.diagnostics;
    const logged = (first?.notes ?? []).slice(-3);
    return failure(
      description,
      [first?.message ?? error.message, ...logged].join("\n"),
      `${first?.help ?? ""} (docs/errors/${error.code}.md)`,
    );
  }
}
