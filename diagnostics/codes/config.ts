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
    example: `tracing.json:2:3: error MS0101: no JSON: a name in double quotes, or "}" is expected, not mode
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
  MS0103: {
    level: "error",
    title: "a filter that traps while it is configured",
    help: "mend the filter at the place that the message names; a bad configuration is refused by `config.problem`, without a trap",
    kind: "data",
    details:
      "The module ended in a trap (an `assert`, a division by zero, an index out of range) before it said whether it takes its configuration. The stack is the guest's own, innermost first, with places in the source where the source map of the build lies beside the module. A filter should not trap for any configuration: `config.problem` and `config.ok` tell its user what is wrong.",
    example: `assembly/filter.ts:23:5: error MS0103: my-filter trapped in its configuration callback, proxy_on_configure: no greeting
   23 |     assert(this.greeting.length > 0, "no greeting");
      |     ^
  the stack:
    0:  0x1a2b - ~lib/proxy-wasm-assemblyscript-sdk/assembly/abi/abort/abort (~lib/proxy-wasm-assemblyscript-sdk/assembly/abi/abort.ts:12:3)
    1:  0x3c4d - assembly/filter/MyFilterRoot#configure (assembly/filter.ts:23:5)`,
  },
} as const satisfies Record<string, CodeEntry>;
