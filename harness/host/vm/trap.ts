import { existsSync, readFileSync } from "node:fs";
import { type Frame, Symbolizer, placeOf } from "../../../modules/symbolize.ts";
import { RestrictedCall } from "../failure.ts";
import type { Compiled } from "./compiled.ts";

/** Why a VM failed. */
export interface GuestFailure {
  /** The callback that trapped. */
  callback: string;
  /** The engine's reason, for example `unreachable`. */
  reason: string;
  /** The guest's stack, innermost first, with places in the source when there is a source map. */
  stack: Frame[];
  /** As Envoy logs it. */
  log: string;
}

/** undefined for an error that is no trap: a fault of this host, which must not be taken for one of the module. */
export function describeTrap(callback: string, error: unknown, compiled: Compiled): GuestFailure | undefined {
  const reason = reasonOf(error);
  if (reason === undefined) return undefined;
  const stack = framesOf((error as Error).stack ?? "", symbolizerOf(compiled));
  const lines = [`Function: ${callback} failed: Uncaught RuntimeError: ${reason}`];
  if (stack.length > 0) {
    lines.push("Proxy-Wasm plugin in-VM backtrace:");
    stack.forEach((frame, i) => {
      const place = placeOf(frame);
      lines.push(
        `${String(i).padStart(3)}:  0x${frame.offset.toString(16)} - ${demangled(frame.name)}${place === undefined ? "" : ` (${place})`}`,
      );
    });
  }
  return { callback, reason, stack, log: lines.join("\n") };
}

function reasonOf(error: unknown): string | undefined {
  if (error instanceof RestrictedCall) return "restricted_callback";
  if (error instanceof WebAssembly.RuntimeError) return error.message;
  if (error instanceof RangeError && /call stack/i.test(error.message)) return error.message;
  return undefined;
}

/** V8 writes `at name (wasm://wasm/hash:wasm-function[12]:0x4785)`; the offset counts from the start of the module, as in Envoy's log. */
function framesOf(stack: string, symbolizer: Symbolizer): Frame[] {
  const frames: Frame[] = [];
  for (const [, index = "0", offset = "0"] of stack.matchAll(/wasm-function\[(\d+)\]:0x([0-9a-f]+)/g)) {
    frames.push(symbolizer.frame(Number.parseInt(offset, 16), Number(index)));
  }
  return frames;
}

const symbolizers = new WeakMap<Compiled, Symbolizer>();

function symbolizerOf(compiled: Compiled): Symbolizer {
  let symbolizer = symbolizers.get(compiled);
  if (!symbolizer) {
    const map = `${compiled.file}.map`;
    symbolizer = new Symbolizer(compiled.outline, existsSync(map) ? readFileSync(map, "utf8") : undefined);
    symbolizers.set(compiled, symbolizer);
  }
  return symbolizer;
}

/** Envoy prints C++ names, and Rust's older ones, as people write them. Only plain nested names: nothing else is met in guests that we know. */
function demangled(name: string): string {
  const parts: string[] = [];
  let at = name.startsWith("_ZN") ? 3 : name.length;
  for (let length = /^\d+/.exec(name.slice(at))?.[0]; length !== undefined; length = /^\d+/.exec(name.slice(at))?.[0]) {
    parts.push(name.slice(at + length.length, at + length.length + Number(length)));
    at += length.length + Number(length);
  }
  return parts.length > 0 && name.slice(at) === "E" ? parts.join("::") : name;
}
