import { hostNames, wasiParams } from "../abi/names.ts";
import { hostFunctionTable } from "../abi/table.ts";
import { wasi } from "../abi/wasi.ts";
import { Status } from "../status.ts";
import type { Compiled } from "./compiled.ts";
import type { Vm } from "./vm.ts";

/** A host function: the VM that calls, and what the module passed. */
export type HostFunction = (vm: Vm, ...args: never[]) => number | undefined;

/** WASI's "capability missing": what a restricted WASI function answers. */
const NOTCAPABLE = 76;

/** The imports of an instance: each counts, can be made to fail, and answers an error when a capability restriction forbids it. */
export function linkImports(vm: Vm, compiled: Compiled): WebAssembly.Imports {
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module, name, kind } of compiled.outline.imports) {
    imports[module] ??= {};
    const into = imports[module];
    if (kind === "memory") into[name] = new WebAssembly.Memory({ initial: compiled.outline.memories[0]?.initial ?? 1 });
    else if (kind === "table") into[name] = new WebAssembly.Table({ initial: 0, element: "anyfunc" });
    else into[name] = functionFor(vm, module, name);
  }
  return imports;
}

function functionFor(vm: Vm, module: string, name: string): WebAssembly.ImportValue {
  const index = hostNames.indexOf(name);
  const { capabilities } = vm.spec;
  if (module !== "env") {
    if (capabilities && !capabilities.has(name)) return counted(vm, index, name, () => NOTCAPABLE, (wasiParams[name] ?? "").length);
    return counted(vm, index, name, wasi(name), (wasiParams[name] ?? "").length);
  }
  if (name === "pthread_equal") return (left: number, right: number) => Number(left === right);
  if (name === "emscripten_notify_memory_growth") return () => undefined;
  if (capabilities && !capabilities.has(name)) {
    return counted(vm, index, name, () => {
      vm.host.logs.envoy("error", "wasm", `Attempted call to restricted ABI function: ${name}`);
      return Status.InternalFailure;
    });
  }
  return counted(vm, index, name, hostFunctionTable[name] as HostFunction);
}

/** One closure per arity: rest parameters would cost each call more than the call itself. */
function counted(vm: Vm, index: number, name: string, target: HostFunction, arity = target.length - 1): WebAssembly.ImportValue {
  const call = target as (vm: Vm, ...args: unknown[]) => number | undefined;
  const go = (status: number) => status < 0;
  switch (arity) {
    case 0:
      return () => {
        const status = vm.before(index, name);
        return go(status) ? call(vm) : status;
      };
    case 1:
      return (a: unknown) => {
        const status = vm.before(index, name);
        return go(status) ? call(vm, a) : status;
      };
    case 2:
      return (a: unknown, b: unknown) => {
        const status = vm.before(index, name);
        return go(status) ? call(vm, a, b) : status;
      };
    case 3:
      return (a: unknown, b: unknown, c: unknown) => {
        const status = vm.before(index, name);
        return go(status) ? call(vm, a, b, c) : status;
      };
    case 4:
      return (a: unknown, b: unknown, c: unknown, d: unknown) => {
        const status = vm.before(index, name);
        return go(status) ? call(vm, a, b, c, d) : status;
      };
    case 5:
      return (a: unknown, b: unknown, c: unknown, d: unknown, e: unknown) => {
        const status = vm.before(index, name);
        return go(status) ? call(vm, a, b, c, d, e) : status;
      };
    default:
      return (...args: unknown[]) => {
        const status = vm.before(index, name);
        return go(status) ? call(vm, ...args) : status;
      };
  }
}
