import { readFileSync } from "node:fs";

/** What a module said while it took a configuration. */
export interface Verdict {
  accepted: boolean;
  logs: string[];
}

/**
 * Just enough of a proxy-wasm host to hand a module its configuration, thousands of times a second. Not Envoy and not meant to be; the
 * in-process host is to take its place.
 */
export async function openBareHost(
  file: string,
): Promise<{ configure(config: string): Verdict; call(name: string, ...args: number[]): number }> {
  const module = await WebAssembly.compile(readFileSync(file));
  let configuration = new Uint8Array();
  let logs: string[] = [];
  let nextMetric = 4;
  const memory = () => (exports.memory as WebAssembly.Memory).buffer;
  const view = () => new DataView(memory());
  const call = (name: string, ...args: number[]): number => {
    const target = exports[name];
    if (typeof target !== "function") throw new Error(`no export ${name}`);
    return target(...args) as number;
  };
  const give = (bytes: Uint8Array, outPointer: number, outLength: number) => {
    const at = bytes.length === 0 ? 0 : call("proxy_on_memory_allocate", bytes.length);
    new Uint8Array(memory()).set(bytes, at);
    view().setUint32(outPointer, at, true);
    view().setUint32(outLength, bytes.length, true);
    return 0;
  };
  const host: Record<string, (...args: number[]) => number> = {
    proxy_log: (_level = 0, at = 0, length = 0) => logs.push(Buffer.from(memory(), at, length).toString()) * 0,
    proxy_get_buffer_bytes: (_type = 0, _start = 0, _max = 0, outPointer = 0, outLength = 0) => give(configuration, outPointer, outLength),
    proxy_define_metric: (_type = 0, _name = 0, _length = 0, out = 0) => {
      view().setUint32(out, nextMetric++, true);
      return 0;
    },
    random_get: (at = 0, length = 0) => {
      crypto.getRandomValues(new Uint8Array(memory(), at, length));
      return 0;
    },
  };
  const imports: WebAssembly.Imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    imports[from] = { ...imports[from], [name]: host[name] ?? (() => 0) };
  }
  const { exports } = await WebAssembly.instantiate(module, imports);
  call("_initialize");
  let id = 0;
  return {
    call,
    configure(config) {
      configuration = Buffer.from(config);
      logs = [];
      call("proxy_on_context_create", ++id, 0);
      call("proxy_on_vm_start", id, 0);
      const accepted = call("proxy_on_configure", id, configuration.length) === 1;
      call("proxy_on_delete", id);
      return { accepted, logs };
    },
  };
}
