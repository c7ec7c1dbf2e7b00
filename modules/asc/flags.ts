import { sdkPaths } from "../callbacks.ts";

/**
 * No runtime hooks, no bindings: the host is Envoy. `minimal`: the SDK collects at the end of a callback, where no wasm frame is
 * alive, so neither a shadow stack nor write barriers are paid for. `--exportStart`: a start section would run before the host is ready for calls.
 */
const common = ["--runtime", "minimal", "--exportStart", "_initialize", "--use", `abort=${sdkPaths.abort}/abort`];

/**
 * `--debug` keeps the name section, so that Envoy's "in-VM backtrace" shows names. `--noAssert` drops assertions; array bounds
 * stay checked (only `--uncheckedBehavior always` would drop those).
 */
export const releaseFlags: readonly string[] = [...common, "-O3", "--converge", "--noAssert", "--debug", "--sourceMap"];

/** Assertions on and nothing moved by the optimizer: what a stack trace says is what the source says. */
export const debugFlags: readonly string[] = [...common, "--debug", "--sourceMap"];
