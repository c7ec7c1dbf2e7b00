import type { Context } from "../context/context.ts";
import { EnvoyCrash } from "../failure.ts";
import type { Vm } from "../vm/vm.ts";

/** The context that a call is about: the one that the module made effective, else the one whose callback runs. */
export function caller(vm: Vm): Context {
  const { current, effective } = vm.host.state;
  // A context that died after it was made effective: Envoy falls back to the current one.
  const chosen = effective === 0 ? undefined : vm.contexts.get(effective);
  const context = chosen ?? current;
  if (!context) throw new EnvoyCrash("a host call outside of any callback");
  return context;
}

/** In whose name a line is logged: nobody's while the allocator or `_initialize` runs. */
export function logSource(vm: Vm): string {
  return vm.host.state.current === undefined ? "" : caller(vm).logSource;
}
