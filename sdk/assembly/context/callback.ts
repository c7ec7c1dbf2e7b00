import { proxy_set_effective_context } from "../abi/imports";
import { Status } from "../abi/enums";
import { reset } from "../memory/arena";
import { collectWhenDue } from "../memory/memory";
import { recycle } from "../bytes";

/**
 * Which callback runs, and for whom. Envoy resets the effective context at the entry of each callback to that callback's own
 * context; a failed `set_effective_context` keeps the one before (verified on 1.40), and a reply sent to the wrong one is
 * accepted and lost, which leaves the client hanging. So the SDK follows it here and checks every change.
 */

/** 0 outside of callbacks. A foreign function may call back into the module: then 2. */
export let depth: i32 = 0;
/** Counts top-level callbacks; what was borrowed under another number is stale. */
export let epoch: u32 = 1;
let effective: u32 = 0;

/** The stream whose request or response callback runs; 0 in a root's (timer, answer) and outside. */
export let current: u32 = 0;
/** True while any onLog, onDone or onDelete runs. */
export let ending: bool = false;

/** A stream's own callback begins (its id) or is over (0). */
export function setCurrent(id: u32): void {
  current = id;
}

export function setEnding(value: bool): void {
  ending = value;
}

/** Enters a callback of context `id`; returns the effective context of the callback that it interrupts, for `leave`. */
export function enter(id: u32): u32 {
  const before = effective;
  effective = id;
  depth++;
  return before;
}

/** Leaves a callback. At the top level all borrowed memory is forgotten and a collection may run. */
export function leave(before: u32): void {
  effective = before;
  if (--depth == 0) {
    effective = 0;
    epoch++;
    reset();
    recycle();
    collectWhenDue();
  }
}

/** Makes `id` the context that host calls act on. Costs a host call only when it is another one. */
export function activate(id: u32): Status {
  if (depth == 0 || id == 0) return Status.BadArgument;
  if (effective == id) return Status.Ok;
  const status = <Status>proxy_set_effective_context(id);
  if (status == Status.Ok) effective = id;
  return status;
}
