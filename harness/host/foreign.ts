import { deflateSync, inflateSync } from "node:zlib";
import type { Context } from "./context/context.ts";
import { notInHost } from "./failure.ts";
import { readFields } from "./properties/protobuf.ts";
import { sign, verifySignature } from "./signature.ts";
import { Status } from "./status.ts";

/** What a foreign function answers. */
export interface ForeignAnswer {
  status: number;
  result?: Uint8Array;
}

/**
 * A function of the embedder. Bytes, or nothing, mean Ok; otherwise status and bytes.
 * @param argument what the module passed
 */
export type ForeignFunction = (argument: Buffer) => Uint8Array | ForeignAnswer | undefined;

type Own = (argument: Buffer, context: Context) => ForeignAnswer;

/** Envoy's own functions (source/extensions/common/wasm/foreign.cc), without the evaluation of CEL. */
const envoys: Readonly<Record<string, Own>> = {
  compress: (argument) => ({ status: Status.Ok, result: deflateSync(argument) }),

  uncompress: (argument) => {
    try {
      return { status: Status.Ok, result: inflateSync(argument) };
    } catch {
      return { status: Status.SerializationFailure };
    }
  },

  clear_route_cache: (_argument, context) => {
    context.clearRouteCache();
    return { status: Status.Ok };
  },

  set_envoy_filter_state: (argument, context) => {
    const fields = readFields(argument);
    if (!fields) return { status: Status.BadArgument };
    const key = fields.get(1)?.toString() ?? "";
    // Envoy asks for an object factory of this name; these are the ones that keep text.
    if (!filterStateKeys.has(key)) return { status: Status.NotFound };
    return { status: context.setFilterState(key, fields.get(2) ?? Buffer.alloc(0)) ? Status.Ok : Status.NotFound };
  },

  declare_property: (argument, context) => {
    const fields = readFields(argument);
    if (!fields) return { status: Status.BadArgument };
    return { status: context.declareProperty(fields.get(1)?.toString("latin1") ?? "") ? Status.Ok : Status.BadArgument };
  },

  verify_signature: verifySignature,
  sign,
  ...Object.fromEntries(["expr_create", "expr_evaluate", "expr_delete"].map((name) => [name, noCel(name)])),
};

const filterStateKeys: ReadonlySet<string> = new Set(["envoy.string", "envoy.tcp_proxy.cluster", "envoy.network.upstream_server_name"]);

function noCel(name: string): Own {
  return () => {
    throw notInHost(`${name}: the in-process host evaluates no CEL; pass \`foreignFunctions: { ${name}: ... }\` to answer it yourself`);
  };
}

/** What `proxy_call_foreign_function` finds: the test's functions, then Envoy's. */
export class ForeignFunctions {
  constructor(private readonly given: Readonly<Record<string, ForeignFunction>> = {}) {}

  /** undefined for a name that nobody knows. */
  call(name: string, context: Context, argument: Buffer): ForeignAnswer | undefined {
    const own = this.given[name];
    if (!own) return Object.hasOwn(envoys, name) ? envoys[name]?.(argument, context) : undefined;
    const answer = own(argument);
    if (answer === undefined) return { status: Status.Ok };
    return answer instanceof Uint8Array ? { status: Status.Ok, result: answer } : answer;
  }
}
