import { exitCodes } from "../diagnostics/index.ts";
import type { Command, ExitName, Flag } from "./command.ts";
import { globalFlags } from "./parse.ts";

/** What every command can end with. */
export const commonExits: Partial<Record<ExitName, string>> = {
  ok: "all well",
  usage: "wrong command, flag or argument",
  internal: "a fault of meshscript; please report it",
  interrupted: "Ctrl-C",
};

/** `meshscript run [flags] [-- Envoy's flags]` */
export function usageLine(command: Command): string {
  const parts = ["meshscript", command.name];
  if (command.arguments) parts.push(command.arguments.usage);
  parts.push(command.passThrough === undefined ? "[flags]" : `[${command.passThrough}]`);
  if (command.rest) parts.push(`[-- ${command.rest}]`);
  return parts.join(" ");
}

/** `meshscript --help`. */
export function generalHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "meshscript: service-mesh features as small AssemblyScript programs, on stock Envoy",
    "",
    "examples:",
    ...commands.flatMap(({ examples }) => examples.slice(0, 1)).flatMap((example) => exampleLines(example)),
    "",
    "commands:",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    ...flagSection("flags of every command:", globalFlags),
    "",
    "`meshscript COMMAND --help` has examples, flags and exit codes of a command. Docs: docs/cli.md",
    "",
  ].join("\n");
}

/** `meshscript NAME --help`: examples first. */
export function commandHelp(command: Command): string {
  return [
    `${command.name}: ${command.summary}`,
    "",
    "examples:",
    ...command.examples.flatMap(exampleLines),
    "",
    `usage: ${usageLine(command)}`,
    "",
    ...command.description.flatMap((paragraph) => [...wrap(paragraph, 100), ""]),
    ...(Object.keys(command.flags).length > 0 ? [...flagSection("flags:", command.flags), ""] : []),
    ...flagSection("flags of every command:", globalFlags),
    "",
    "exit codes:",
    ...exits(command).map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`),
    "",
    `docs: docs/cli.md#${command.name}`,
    "",
  ].join("\n");
}

/** Exit codes of a command in ascending order, those that all share included. */
export function exits(command: Command): [number, string][] {
  const all = Object.entries({ ...commonExits, ...command.exits }) as [ExitName, string][];
  return all.map(([name, meaning]): [number, string] => [exitCodes[name], meaning]).sort(([a], [b]) => a - b);
}

/** `-c, --config FILE` */
export function flagTitle(name: string, flag: Flag): string {
  return `${flag.short ? `-${flag.short}, ` : ""}--${name}${flag.type === "string" ? ` ${flag.value ?? "TEXT"}` : ""}`;
}

/** `run Envoy with it; may be repeated [8080]` */
export function flagText(flag: Flag): string {
  return `${flag.description}${flag.multiple ? "; may be repeated" : ""}${flag.default === undefined ? "" : ` [${flag.default}]`}`;
}

/** The command table as data, for `--help --json`. */
export function helpJson(commands: readonly Command[]): Record<string, unknown> {
  const flags = (table: Readonly<Record<string, Flag>>) => Object.entries(table).map(([name, flag]) => ({ name, ...flag }));
  return {
    globalFlags: flags(globalFlags),
    commands: commands.map((command) => ({
      name: command.name,
      summary: command.summary,
      usage: usageLine(command),
      description: command.description,
      flags: flags(command.flags),
      examples: command.examples,
      exitCodes: Object.fromEntries(exits(command)),
    })),
  };
}

function exampleLines({ title, command }: { title: string; command: string }): string[] {
  return [`  # ${title}`, `  ${command}`];
}

function flagSection(title: string, flags: Readonly<Record<string, Flag>>): string[] {
  const rows = Object.entries(flags).map(([name, flag]) => [flagTitle(name, flag), flagText(flag)] as const);
  const width = Math.max(...rows.map(([left]) => left.length));
  const indent = " ".repeat(width + 4);
  return [
    title,
    ...rows.flatMap(([left, right]) =>
      wrap(right, 100 - width - 4).map((line, i) => (i === 0 ? `  ${left.padEnd(width)}  ${line}` : indent + line)),
    ),
  ];
}

/** Breaks a paragraph at spaces; a word longer than a line stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
