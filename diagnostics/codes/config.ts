import type { CodeEntry } from "../code-entry.ts";

/** MS01xx */
export const config = {
  MS0101: {
    level: "error",
    title: "a filter's configuration that is no JSON",
    help: "write one JSON object, for example {}",
    kind: "data",
    details:
      "A filter takes one JSON object as its configuration. The text that `meshscript run --filter NAME=...` was given, or the file that it names, does not parse.",
    example: `tracing.json:2:3: error MS0101: no JSON: Expected double-quoted property name
    2 |   mode: "observe"
      |   ^
help: write one JSON object, for example {}                     docs/errors/MS0101.md`,
  },
  MS0102: {
    level: "error",
    title: "a configuration that the filter refuses",
    help: "correct the field that the message names",
    kind: "data",
    details:
      "The module itself read the configuration and refused it: an unknown field, a value of the wrong type or out of range. A refused configuration never goes into service: Envoy keeps the previous one, or does not start.",
    example: `error MS0102: tracing refused its configuration: mode (line 1, column 10): must be one of "enforce", "observe", "off", got "x"
help: correct the field that the message names                  docs/errors/MS0102.md`,
  },
} as const satisfies Record<string, CodeEntry>;
