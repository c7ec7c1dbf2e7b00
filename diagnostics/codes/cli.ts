import type { CodeEntry } from "../code-entry.ts";

/** MS05xx */
export const cli = {
  MS0500: {
    level: "error",
    title: "an unexpected error",
    help: "this is a fault of meshscript: please report it with the lines above",
    kind: "internal",
    details: "Nothing that meshscript foresaw. The message carries the stack; a report with it and the command that was typed is welcome.",
  },
  MS0501: {
    level: "error",
    title: "an unknown command",
    help: "`meshscript --help` lists the commands",
    kind: "usage",
    example: `error MS0501: unknown command "docter", did you mean "doctor"?
help: \`meshscript --help\` lists the commands                     docs/errors/MS0501.md`,
  },
  MS0502: {
    level: "error",
    title: "an unknown flag",
    help: "`meshscript COMMAND --help` lists the flags of a command",
    kind: "usage",
    details: "Flags of Envoy go after `--`: `meshscript run -c envoy.yaml -- --log-level debug`.",
  },
  MS0503: { level: "error", title: "a flag with a wrong value, or without one", help: "correct the flag", kind: "usage" },
  MS0504: {
    level: "error",
    title: "arguments that do not fit the command",
    help: "`meshscript COMMAND --help` shows how it is called",
    kind: "usage",
  },
  MS0505: {
    level: "error",
    title: "a port that cannot be bound",
    help: "stop what listens there, or choose another port",
    kind: "environment",
    details:
      "meshscript tries each port before it starts Envoy. Envoy would not notice by itself: its listeners share a port with any other Envoy of the same user (SO_REUSEPORT), and each would then get a part of the connections.",
    example: `error MS0505: 127.0.0.1:10000 is in use (listener main)
help: stop what listens there, or choose another port           docs/errors/MS0505.md`,
  },
  MS0506: {
    level: "error",
    title: "an unknown filter, or one that is not built",
    help: "`meshscript build` makes build/NAME.wasm from filters/NAME; a module elsewhere is given by its path",
    kind: "usage",
  },
  MS0507: {
    level: "error",
    title: "a package that cannot be made",
    help: "choose another folder; `meshscript new --help` shows how it is called",
    kind: "usage",
    details: "Nothing was written. The folder's last part becomes the name of the filter, of its module and of the package.",
    example: `error MS0507: the folder my-filter is there and not empty: nothing was written
help: choose another folder; \`meshscript new --help\` shows how it is called
                                                                docs/errors/MS0507.md`,
  },
  MS0508: {
    level: "error",
    title: "vitest is missing",
    help: "npm install --save-dev vitest@4.1.12",
    kind: "environment",
    details: "`meshscript test` runs the project's own vitest, so that its version, plugins and configuration are the project's.",
  },
} as const satisfies Record<string, CodeEntry>;
