import { usage } from "../parse.ts";

/** Envoy's flags after `--`, sorted into what the harness sets itself and what Envoy gets as it is. */
export interface EnvoyFlags {
  config?: string;
  logLevel?: string;
  componentLogLevel?: string;
  concurrency?: number;
  drainSeconds?: number;
  args: string[];
}

/** Envoy refuses a flag that is given twice, and these are given already. */
const OURS: Record<string, string> = {
  "--mode": "use `meshscript run --validate`",
  "--disable-hot-restart": "leave it out: it is always set",
  "--admin-address-path": "leave it out: meshscript uses it to find the admin port, which the banner shows",
  "--drain-strategy": "leave it out: it is always `immediate`",
  "--file-flush-interval-msec": "leave it out: it is always 20",
};
const SHORT: Record<string, string> = { "-c": "--config-path", "-l": "--log-level" };

/**
 * @throws MeshscriptError MS0503 for a flag that meshscript sets itself.
 * @example
 * envoyFlags(["-l", "debug", "--config-yaml", "..."]) // { logLevel: "debug", args: ["--config-yaml", "..."] }
 */
export function envoyFlags(rest: readonly string[]): EnvoyFlags {
  const result: EnvoyFlags = { args: [] };
  for (let i = 0; i < rest.length; i++) {
    const argument = rest[i] ?? "";
    const equals = argument.startsWith("--") ? argument.indexOf("=") : -1;
    const typed = equals < 0 ? argument : argument.slice(0, equals);
    const name = SHORT[typed] ?? typed;
    const ours = OURS[name];
    if (ours !== undefined) throw usage("MS0503", `${typed} is set by meshscript itself`, ours);
    const setter = SETTERS[name];
    if (setter === undefined) {
      result.args.push(argument);
      continue;
    }
    const value = equals < 0 ? rest[++i] : argument.slice(equals + 1);
    if (value === undefined) throw usage("MS0503", `${typed} needs a value`);
    setter(result, value, typed);
  }
  return result;
}

const SETTERS: Record<string, (flags: EnvoyFlags, value: string, name: string) => void> = {
  "--config-path": (flags, value) => {
    flags.config = value;
  },
  "--log-level": (flags, value) => {
    flags.logLevel = value;
  },
  "--component-log-level": (flags, value) => {
    flags.componentLogLevel = value;
  },
  "--concurrency": (flags, value, name) => {
    flags.concurrency = wholeNumber(name, value);
  },
  "--drain-time-s": (flags, value, name) => {
    flags.drainSeconds = wholeNumber(name, value);
  },
};

function wholeNumber(name: string, value: string): number {
  if (/^\d{1,6}$/.test(value)) return Number(value);
  throw usage("MS0503", `${name} must be a whole number, got ${JSON.stringify(value)}`);
}
