import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Diagnostic, MeshscriptError, diagnostic, exitCodes, render, wantsColor } from "../diagnostics/index.ts";
import { packageRoot } from "../harness/provision/cache.ts";
import type { Command, Context, Io } from "./command.ts";
import { NotLoaded, allCommands, commandsFor } from "./commands.ts";
import { commandHelp, generalHelp, helpJson } from "./help.ts";
import { cliMarkdown } from "./markdown.ts";
import { type Parsed, parse } from "./parse.ts";

export type { Io } from "./command.ts";

const API_VERSION = "meshscript/v1";

/** `docs/cli.md`, for scripts/generate.mjs. */
export const documentation = async (): Promise<string> => cliMarkdown(await allCommands());

/**
 * Runs one command line and gives the exit code. Never rejects, never calls `process.exit` but for the second Ctrl-C.
 *
 * @param argv without `node` and the script.
 * @example
 * process.exitCode = await main(["doctor"]);
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  const interrupt = new AbortController();
  const onSignal = () => {
    if (interrupt.signal.aborted) io.exit(exitCodes.interrupted);
    else interrupt.abort(new Interrupted());
  };
  io.signals.on("SIGINT", onSignal);
  io.signals.on("SIGTERM", onSignal);
  // The terminal was closed.
  io.signals.on("SIGHUP", onSignal);
  // Known before parsing, because a wrong command line is answered in JSON too.
  const own = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length);
  let json = own.includes("--json");
  let color = wantsColor(io.stderr, io.env);
  try {
    const commands = await commandsFor(argv);
    interrupt.signal.throwIfAborted();
    const parsed = parse(argv, commands);
    // The short form of kubectl, istioctl and linkerd.
    json ||= parsed.flags.text("output") === "json";
    const context = contextOf(parsed, io, json, interrupt.signal);
    color = context.color.stderr;
    return await dispatch(parsed, commands, context);
  } catch (error) {
    if (error instanceof Interrupted) return exitCodes.interrupted;
    return fail(error, io, json, color);
  } finally {
    io.signals.off("SIGINT", onSignal);
    io.signals.off("SIGTERM", onSignal);
    io.signals.off("SIGHUP", onSignal);
  }
}

class Interrupted extends Error {}

async function dispatch({ command, flags }: Parsed, commands: readonly Command[], context: Context): Promise<number> {
  const { json, signal } = context;
  if (flags.on("version")) {
    if (json) context.printJson({ success: true, version: version() });
    else context.print(version());
    return exitCodes.ok;
  }
  if (command === undefined || flags.on("help")) {
    const shown = command === undefined ? commands : [command];
    if (json) context.printJson({ success: true, ...helpJson(shown) });
    else context.print((command === undefined ? generalHelp(commands) : commandHelp(command)).trimEnd());
    return exitCodes.ok;
  }
  const running = command.run(context);
  if (command.stopsItself) return running;
  // A command that does not look at the signal is left where it is: the process ends, and the reaper ends its Envoys.
  running.catch(() => undefined);
  return Promise.race([running, interrupted(signal)]);
}

function interrupted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

function contextOf(parsed: Parsed, io: Io, json: boolean, signal: AbortSignal): Context {
  const when = parsed.flags.text("color") ?? "auto";
  const colored = (target: Io["stdout"]) => (when === "auto" ? wantsColor(target, io.env) : when === "always");
  const { flags, positionals, rest, command } = parsed;
  return {
    flags,
    positionals,
    rest,
    json,
    io,
    signal,
    color: { stdout: colored(io.stdout), stderr: colored(io.stderr) },
    print: (text) => void io.stdout.write(`${text}\n`),
    say: (text) => void io.stderr.write(`${text}\n`),
    printJson: (value) => {
      io.stdout.write(`${JSON.stringify({ apiVersion: API_VERSION, ...(command ? { command: command.name } : {}), ...value }, null, 2)}\n`);
    },
  };
}

/** Prints what went wrong: a finding as it is, anything else with its stack and the request to report it. */
function fail(error: unknown, io: Io, json: boolean, color: boolean): number {
  if (error instanceof NotLoaded) {
    // As the bin says it of this file.
    io.stderr.write(
      `meshscript: what is compiled cannot be loaded (${error.message}): run \`npm run setup\` in the folder of the repository\n`,
    );
    return exitCodes.environment;
  }
  const known = error instanceof MeshscriptError;
  const diagnostics: readonly Diagnostic[] = known ? error.diagnostics : [unexpected(error)];
  const exitCode = known ? error.exitCode : exitCodes.internal;
  if (json) io.stdout.write(`${JSON.stringify({ apiVersion: API_VERSION, success: false, exitCode, diagnostics }, null, 2)}\n`);
  else io.stderr.write(render(diagnostics, { color }));
  return exitCode;
}

function unexpected(error: unknown): Diagnostic {
  const [first = "", ...stack] = (error instanceof Error ? (error.stack ?? error.message) : String(error)).split("\n");
  return diagnostic("MS0500", first, { notes: [...stack.map((line) => line.trim()), `meshscript ${version()}, Node ${process.version}`] });
}

function version(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string }).version;
}

function processIo(): Io {
  return {
    // Not before somebody reads it: opening it keeps a process alive.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    signals: process,
    exit: (code) => process.exit(code),
  };
}
