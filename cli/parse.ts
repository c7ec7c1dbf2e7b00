import { parseArgs } from "node:util";
import { MeshscriptError, diagnostic } from "../diagnostics/index.ts";
import { closest } from "../modules/verify/closest.ts";
import { type Command, type Flag, Flags } from "./command.ts";

/** Flags of every command. */
export const globalFlags: Readonly<Record<string, Flag>> = {
  json: { type: "boolean", description: "print one JSON object on stdout, also when the command fails" },
  color: {
    type: "string",
    value: "WHEN",
    choices: ["auto", "always", "never"],
    default: "auto",
    description: "auto, always or never; auto obeys NO_COLOR and FORCE_COLOR, then asks whether the output is a terminal",
  },
  help: { type: "boolean", short: "h", description: "show help; with --json as data" },
  version: { type: "boolean", description: "show the version" },
};

export interface Parsed {
  command?: Command;
  flags: Flags;
  positionals: string[];
  rest: string[];
}

/** @throws MeshscriptError MS0501 to MS0504, one line each, with the nearest name that exists. */
export function parse(argv: readonly string[], commands: readonly Command[]): Parsed {
  const at = commandIndex(argv);
  const name = at === undefined ? undefined : argv[at];
  // `meshscript help run` is `meshscript run --help`.
  if (name === "help") return parse([...argv.slice(0, at), ...argv.slice((at ?? 0) + 1), "--help"], commands);
  const command = name === undefined ? undefined : commands.find((candidate) => candidate.name === name);
  if (name !== undefined && command === undefined) {
    throw usage("MS0501", `unknown command ${JSON.stringify(name)}${suggestion(name, [...commands.map((c) => c.name), "help"])}`);
  }
  if (command?.passThrough !== undefined && at !== undefined) return passThrough(command, argv.slice(0, at), argv.slice(at + 1));
  const args = argv.filter((_, index) => index !== at);
  const known: Record<string, Flag> = { ...globalFlags, ...command?.flags };
  const { tokens } = parseArgs({
    args,
    options: Object.fromEntries(Object.entries(known).map(([key, { type, short }]) => [key, { type, ...(short ? { short } : {}) }])),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  const rest: string[] = [];
  let ended = false;
  for (const token of tokens) {
    if (token.kind === "option-terminator") ended = true;
    else if (token.kind === "positional") (ended ? rest : positionals).push(token.value);
    else values.set(token.name, [...(values.get(token.name) ?? []), flagValue(token.name, token.rawName, token.value, known, command)]);
  }
  checkArguments(command, positionals, rest, ended, values.has("help"));
  return { ...(command ? { command } : {}), flags: new Flags(values), positionals, rest };
}

/** Only flags in front of the command's name, and `--help` with nothing but `--json` behind it, are ours. */
function passThrough(command: Command, before: readonly string[], behind: readonly string[]): Parsed {
  const help = behind.some((flag) => /^(-h|--help)$/.test(flag)) && behind.every((flag) => /^(-h|--help|--json)$/.test(flag));
  const { flags } = parse(help ? [...before, ...behind] : before, []);
  return { command, flags, positionals: [], rest: behind[0] === "--" ? behind.slice(1) : [...behind] };
}

/** The command that a command line names, whether there is such a one or not. */
export function commandName(argv: readonly string[]): string | undefined {
  return argv[commandIndex(argv) ?? argv.length];
}

/** The first argument that is neither a flag nor the value of `--color`. */
function commandIndex(argv: readonly string[]): number | undefined {
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? "";
    if (argument === "--") return undefined;
    if (argument === "--color") i++;
    else if (!argument.startsWith("-")) return i;
  }
  return undefined;
}

function flagValue(
  name: string,
  raw: string,
  value: string | undefined,
  known: Record<string, Flag>,
  command: Command | undefined,
): string {
  const flag = Object.hasOwn(known, name) ? known[name] : undefined;
  if (flag === undefined) {
    const names = Object.entries(known).flatMap(([key, { short }]) => [`--${key}`, ...(short ? [`-${short}`] : [])]);
    const near = raw.length > 2 ? suggestion(raw, names) : "";
    const help =
      command?.rest && near === ""
        ? `${command.rest} go after \`--\`; \`meshscript ${command.name} --help\` lists the flags of ${command.name}`
        : `\`meshscript ${command ? `${command.name} ` : ""}--help\` lists the flags`;
    throw usage("MS0502", `unknown flag ${raw}${near}`, help);
  }
  if (flag.type === "boolean") {
    if (value !== undefined) throw usage("MS0503", `${raw} takes no value, got ${JSON.stringify(value)}`);
    return "";
  }
  // Without strict mode parseArgs would take the next flag for the value.
  if (value === undefined || value === "" || /^--?[a-z]/.test(value)) throw usage("MS0503", `${raw} needs a value: ${flag.value ?? ""}`);
  if (flag.choices && !flag.choices.includes(value)) {
    throw usage("MS0503", `${raw} must be one of ${flag.choices.join(", ")}, got ${JSON.stringify(value)}`);
  }
  return value;
}

function checkArguments(command: Command | undefined, positionals: string[], rest: string[], ended: boolean, help: boolean): void {
  if (command === undefined || help) return;
  const { usage: shape, min, max } = command.arguments ?? { usage: "no arguments", min: 0, max: 0 };
  if (ended && command.rest === undefined) {
    positionals.push(...rest);
    rest.length = 0;
  }
  const extra = positionals[max];
  const how = `\`meshscript ${command.name} --help\` shows how it is called`;
  if (extra !== undefined) throw usage("MS0504", `${command.name} takes ${shape}, got ${JSON.stringify(extra)}`, how);
  if (positionals.length < min) throw usage("MS0504", `${command.name} needs ${shape}`, how);
}

function suggestion(name: string, names: readonly string[]): string {
  const near = closest(name, names);
  return near === undefined ? "" : `, did you mean ${name.startsWith("-") ? near : JSON.stringify(near)}?`;
}

/** An error of the command line, exit 64. */
export function usage(
  code: "MS0501" | "MS0502" | "MS0503" | "MS0504" | "MS0506" | "MS0507",
  message: string,
  help?: string,
): MeshscriptError {
  return new MeshscriptError(diagnostic(code, message, help === undefined ? {} : { help }));
}
