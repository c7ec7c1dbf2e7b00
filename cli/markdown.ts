import type { Command, Flag } from "./command.ts";
import { exits, flagText, flagTitle, generalHelp, usageLine } from "./help.ts";
import { globalFlags } from "./parse.ts";

const EXITS: readonly (readonly [number, string])[] = [
  [0, "all well"],
  [1, "tests failed"],
  [64, "wrong command, flag or argument"],
  [65, "a file or a configuration of yours is wrong"],
  [69, "Envoy is missing or did not start"],
  [70, "a fault of meshscript; please report it"],
  [79, "findings: what was looked at is not right"],
  [130, "interrupted"],
];

/** `docs/cli.md`, whole, from the command table. */
export function cliMarkdown(commands: readonly Command[]): string {
  return [
    "# The command line",
    "",
    "<!-- Generated from cli/commands/ by `npm run generate`. -->",
    "",
    "`npx meshscript COMMAND`. Data goes to stdout, talk to stderr. With `--json` stdout holds one JSON object with",
    '`"apiVersion": "meshscript/v1"` and `"success"`, also when the command fails; then `"diagnostics"` says why. Lines of configuration that are',
    "shown with a finding have `*` for each character of texts under names such as `password`, `apiKey`, `client_secret` or `authorization`.",
    "",
    "```",
    generalHelp(commands).trimEnd(),
    "```",
    "",
    ...commands.flatMap(section),
    "## Flags of every command",
    "",
    ...flagTable(globalFlags),
    "## Exit codes",
    "",
    "| Code | Meaning |",
    "|---|---|",
    ...EXITS.map(([code, meaning]) => `| ${code} | ${meaning} |`),
    "",
    "What each finding means: [errors/README.md](errors/README.md).",
    "",
  ].join("\n");
}

function section(command: Command): string[] {
  return [
    `## ${command.name}`,
    "",
    `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
    "",
    "```sh",
    ...command.examples.flatMap(({ title, command: line }) => [`# ${title}`, line]),
    "```",
    "",
    `Usage: \`${usageLine(command)}\``,
    "",
    ...command.description.flatMap((paragraph) => [paragraph, ""]),
    ...(Object.keys(command.flags).length > 0 ? flagTable(command.flags) : []),
    `Exit codes: ${exits(command)
      .map(([code, meaning]) => `${code} ${meaning}`)
      .join(" · ")}`,
    "",
  ];
}

function flagTable(flags: Readonly<Record<string, Flag>>): string[] {
  const rows = Object.entries(flags).map(([name, flag]) => `| \`${flagTitle(name, flag)}\` | ${flagText(flag).replaceAll("|", "\\|")} |`);
  return ["| Flag | Meaning [default] |", "|---|---|", ...rows, ""];
}
