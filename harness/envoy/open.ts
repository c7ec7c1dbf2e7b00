import { existsSync, readFileSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unwritable } from "../../diagnostics/index.ts";
import { type Provisioned, provision } from "../provision/provision.ts";
import { Upstream } from "../upstreams/upstream.ts";
import { Admin } from "./admin.ts";
import { isObject } from "./builders.ts";
import { Envoy } from "./envoy.ts";
import { type FailureContext, envoyFailure, reasonIn } from "./failure.ts";
import { LOG_FORMAT } from "./logs.ts";
import { type Plan, makePlan } from "./plan.ts";
import { EnvoyProcess } from "./process.ts";
import { type RunDirectory, openRunDirectory } from "./run-directory.ts";
import type { EnvoyOptions } from "./types.ts";
import { onChange, poll, within } from "./wait.ts";
import { XdsFiles, rejectedAtStart } from "./xds.ts";

let tools: Promise<Provisioned> | undefined;

/** Provisions once per process; a failure is not remembered, so that the next call tries again. */
export function tooling(): Promise<Provisioned> {
  tools ??= provision().catch((error: unknown) => {
    tools = undefined;
    throw error;
  });
  return tools;
}

/**
 * Starts an Envoy, through func-e when there is one, and resolves when it serves: its admin says LIVE and it has taken every listener.
 * All ports are chosen by the kernel, all sockets are on loopback, and every process ends with `stop()`, with this Node process
 * (whatever ends that), and with a start that fails.
 *
 * @throws MeshscriptError MS0402 when Envoy rejects the configuration, MS0401 when it does not start, MS0404 when it is not ready within
 *   `startTimeout`; each with Envoy's own reason, the path of the configuration, what the modules logged, and the log's last lines. MS0304 when the
 *   run directory cannot be written.
 * @example
 * await using envoy = await openEnvoy({
 *   filters: [{ name: "tracing", wasm: "build/tracing.wasm" }],
 *   upstreams: { app: { respond: { status: 200, body: "hello" } } },
 * });
 * const response = await envoy.request({ path: "/" });
 */
export async function openEnvoy(options: EnvoyOptions = {}): Promise<Envoy> {
  options.signal?.throwIfAborted();
  const provisioned = options.tools ?? (await tooling());
  const directory = await openRunDirectory(options.runDir);
  const upstreams = new Map<string, Upstream>();
  let envoy: EnvoyProcess | undefined;
  try {
    for (const [name, spec] of Object.entries(options.upstreams ?? {})) upstreams.set(name, await new Upstream(name, spec).start());
    const plan = await makePlan(options, upstreams, directory.path);
    const xds = new XdsFiles(directory.path, plan.listeners, plan.clusters);
    if (plan.updatable) await xds.writeAll();
    await writeBootstrap(plan, xds, directory.path);

    const adminFile = join(directory.path, "admin-address.txt");
    rmSync(adminFile, { force: true });
    envoy = new EnvoyProcess(provisioned, directory.path, envoyArguments(plan, options, directory.path, adminFile), {
      cwd: options.cwd ?? process.cwd(),
      env: options.env ?? {},
    });
    const admin = await ready(envoy, plan, directory, adminFile, options);
    const running = new Envoy({
      options,
      process: envoy,
      admin,
      directory,
      upstreams,
      plan,
      xds,
      provisioned,
      pid: await envoy.envoyPid(),
      listeners: await admin.listeners(),
    });
    options.signal?.addEventListener("abort", () => void running.stop().catch(() => undefined), { once: true });
    return running;
  } catch (error) {
    directory.keep();
    await envoy?.stop();
    for (const upstream of upstreams.values()) await upstream.stop();
    throw unwritable(error, directory.path, "run directory");
  }
}

async function writeBootstrap(plan: Plan, xds: XdsFiles, runDir: string): Promise<void> {
  const config = plan.updatable ? { ...plan.bootstrap, dynamic_resources: xds.dynamicResources } : plan.bootstrap;
  await writeFile(join(runDir, "envoy.json"), JSON.stringify(config, null, 2));
}

function envoyArguments(plan: Plan, options: EnvoyOptions, runDir: string, adminFile: string): string[] {
  const extra = options.args ?? [];
  const logConfig = plan.bootstrap["application_log_config"];
  // Envoy refuses a format in both places.
  const ownFormat = extra.includes("--log-format") || (isObject(logConfig) && logConfig["log_format"] !== undefined);
  return [
    ...["-c", join(runDir, "envoy.json")],
    ...["--concurrency", String(options.concurrency ?? 1)],
    "--disable-hot-restart",
    ...["--admin-address-path", adminFile],
    ...["-l", options.logLevel ?? "info"],
    ...["--component-log-level", options.componentLogLevel ?? "wasm:debug"],
    ...(ownFormat ? [] : ["--log-format", LOG_FORMAT]),
    // Access logs are written after at most 20 ms instead of 10 s, so that a test can wait for them.
    ...["--file-flush-interval-msec", "20"],
    ...["--drain-strategy", "immediate", "--drain-time-s", String(options.drainSeconds ?? 2)],
    ...(plan.updatable && !extra.some(isAboutUnknownFields) ? ["--reject-unknown-dynamic-fields"] : []),
    ...extra,
  ];
}

/**
 * What comes by LDS and CDS may have unknown fields by default, what is static may not. We moved static listeners and clusters there: a
 * typo in them must still be an error, unless the caller said how unknown fields are to be taken.
 */
function isAboutUnknownFields(argument: string): boolean {
  return /^--(allow-unknown(-static)?-fields|reject-unknown-dynamic-fields)$/.test(argument);
}

async function ready(envoy: EnvoyProcess, plan: Plan, directory: RunDirectory, adminFile: string, options: EnvoyOptions): Promise<Admin> {
  const timeout = options.startTimeout ?? 20_000;
  const { signal } = options;
  const stop = AbortSignal.any([envoy.gone, AbortSignal.timeout(timeout), ...(signal ? [signal] : [])]);
  const runDir = directory.path;
  const configPath = plan.file ?? join(runDir, "envoy.json");
  const failure: FailureContext = { logs: envoy.logs, runDir, configPath, ...(plan.file ? { file: plan.file } : {}) };

  const text = await onChange(runDir, () => readAddress(adminFile), stop);
  if (text !== undefined) {
    const split = text.lastIndexOf(":");
    const admin = new Admin({ host: text.slice(0, split), port: Number(text.slice(split + 1)) });
    // The first answer comes when the main loop runs; before LIVE Envoy still waits for clusters or listeners.
    const live = await poll(() => isLive(admin), { timeout, signal: stop });
    if (live) {
      if (!(await rejectedAtStart(admin))) return admin;
      await envoy.logs.waitFor(/config update (?:rejected|failure)/, { timeout: 1_000 }).catch(() => undefined);
      const reason = reasonIn(envoy.logs.lines) ?? "no reason in the log";
      throw envoyFailure("MS0402", `Envoy rejected the configuration: ${reason}`, {
        ...failure,
        configPath: plan.file ?? blame(runDir, envoy),
      });
    }
    admin.close();
  }
  signal?.throwIfAborted();
  if (!envoy.gone.aborted) throw envoyFailure("MS0404", `Envoy was not ready within ${timeout} ms`, failure);
  const ended = await within(envoy.ended, 1_000);
  const reason = reasonIn(envoy.logs.lines);
  if (reason !== undefined) throw envoyFailure("MS0402", `Envoy rejected the configuration: ${reason}`, failure);
  const how = ended?.signal ? `signal ${ended.signal}` : `exit code ${ended?.code}`;
  // What is not in the format of the log was written before there was one: an argument that Envoy does not know, a missing library.
  const last = envoy.logs.get().other.findLast((line) => !/exit status \d+$/.test(line));
  throw envoyFailure("MS0401", `Envoy did not start: ${how}${last ? `: ${last.trim()}` : ""}`, failure);
}

/** Which of our files it was about. */
function blame(runDir: string, envoy: EnvoyProcess): string {
  return join(runDir, "xds", envoy.logs.lines.some((line) => line.includes("adding/updating cluster")) ? "cds.json" : "lds.json");
}

function readAddress(file: string): string | undefined {
  const text = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
  return /:\d+$/.test(text) ? text : undefined;
}

async function isLive(admin: Admin): Promise<true | undefined> {
  const answer = await admin.fetch("/ready").catch(() => undefined);
  return answer?.text.trim() === "LIVE" ? true : undefined;
}
