import { RootContext } from "../../harness/host/context/root.ts";
import { Plugin } from "../../harness/host/plugins/plugin.ts";
import { Runtime } from "../../harness/host/runtime.ts";
import { Vm } from "../../harness/host/vm/vm.ts";

/** What a module said while it took a configuration. */
export interface Verdict {
  accepted: boolean;
  logs: string[];
}

/** One VM of the in-process host without a stream: hands a module configurations, thousands of times a second, and makes single callbacks. */
export function openBareHost(file: string): {
  configure(config: string | Uint8Array): Verdict;
  call(name: string, ...args: number[]): number;
} {
  const runtime = new Runtime({}, () => undefined);
  const plugin = new Plugin({ wasm: file });
  const vm = new Vm(runtime, plugin.vm, 1);
  vm.start();
  const root = new RootContext(vm, plugin);
  return {
    /** A callback as if the root had been called; a trap is thrown. */
    call(name, ...args) {
      const answer = vm.enter(name, root, ...args);
      if (vm.failure) throw new Error(vm.failure.log);
      return answer;
    },
    configure(config) {
      const seen = runtime.logs.get().wasm.length;
      const configured = new RootContext(vm, plugin.withConfiguration(config));
      const accepted = configured.start();
      if (vm.failure) throw new Error(vm.failure.log);
      configured.shutdown();
      return {
        accepted,
        logs: runtime.logs
          .get()
          .wasm.slice(seen)
          .map(({ message }) => message),
      };
    },
  };
}
