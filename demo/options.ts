import { parseArgs } from "node:util";
import type { DiagnosticCode } from "../diagnostics/index.ts";
import type { Address } from "../harness/index.ts";
import { parts } from "./parts.ts";

export interface Options {
  once: boolean;
  json: boolean;
  help: boolean;
  port: number;
  without: string[];
  isolate: boolean;
  /** Zipkin, where every proxy sends its spans [nowhere]. */
  zipkin?: Address;
}

/** A mistake on the command line, in one line. */
export class UsageError extends Error {
  constructor(
    readonly code: DiagnosticCode,
    message: string,
  ) {
    super(message);
  }
}

export const usage = `npm start [-- flags]

Starts a small application of six services, an Envoy sidecar in front of each and an ingress Envoy, with meshscript's filters in
their chains. Runs until Ctrl-C.

  --once             make a tour of requests instead, print what happened, stop; exit 0 if all was as it should be, 1 if not
  --json             the result as JSON on stdout
  --port N           the ingress's port on 127.0.0.1 [a free one]
  --without PART     leave a filter out of all chains, or mTLS from between the proxies, to see what it does; repeatable
                     (${parts.join(", ")})
  --isolate          a module and VM of its own for each filter, instead of all that are in one chain in one
  --zipkin HOST:PORT every proxy sends its spans to a Zipkin on this machine: 127.0.0.1:9411
  --help             this text
`;

/** @throws UsageError */
export function readOptions(argv: readonly string[]): Options {
  const { once, json, help, port, without, isolate, zipkin } = parse(argv);
  for (const name of without) {
    if (parts.includes(name)) continue;
    throw new UsageError("MS0503", `--without: no part ${JSON.stringify(name)}; there are: ${parts.join(", ")}`);
  }
  if (zipkin !== undefined && without.includes("tracing")) throw new UsageError("MS0503", "--zipkin: there are no spans without tracing");
  return { once, json, help, port: readPort(port), without, isolate, ...(zipkin === undefined ? {} : { zipkin: readLoopback(zipkin) }) };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        once: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        port: { type: "string", default: "0" },
        without: { type: "string", multiple: true, default: [] },
        isolate: { type: "boolean", default: false },
        zipkin: { type: "string" },
      },
    }).values;
  } catch (error) {
    // Node's messages go on to explain positional arguments, which there are none of.
    const [first = ""] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/);
    throw new UsageError("MS0502", `${first.charAt(0).toLowerCase()}${first.slice(1)}; --help lists the flags`);
  }
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UsageError("MS0503", `--port must be a number from 0 to 65535, got ${JSON.stringify(text)}`);
}

/** Nothing of the demo leaves the machine, spans included. */
function readLoopback(text: string): Address {
  const [, host = "", port = ""] = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\]):(\d{1,5})$/.exec(text) ?? [];
  if (host === "" || Number(port) < 1 || Number(port) > 65_535) {
    throw new UsageError("MS0503", `--zipkin must be HOST:PORT on loopback, for example 127.0.0.1:9411, got ${JSON.stringify(text)}`);
  }
  return { host: host === "localhost" ? "127.0.0.1" : host.replace(/[[\]]/g, ""), port: Number(port) };
}
