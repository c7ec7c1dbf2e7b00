import { createHash } from "node:crypto";
import { type Compiled, LoadError, compileModule } from "../vm/compiled.ts";
import type { VmSpec } from "../vm/vm.ts";

/** A plugin of the chain, as `openHost` takes it; what `openEnvoy` takes as a filter fits. */
export interface HostPlugin {
  /** The plugin's name: in logs, in stats and as the property `plugin_name` [the module's file name]. */
  name?: string;
  /** Path of the module, relative to the working directory, or its bytes. */
  wasm: string | Uint8Array;
  /** The plugin configuration: text as it is, anything else as JSON [none]. */
  config?: unknown;
  /** [""] */
  rootId?: string;
  /** Plugins with the same vm_id, code and VM configuration share one VM per worker [`meshscript.<name>`]. */
  vmId?: string;
  /** The VM configuration: text as it is, anything else as JSON [none]. */
  vmConfig?: unknown;
  /** Environment variables of the VM [none]. */
  environment?: Record<string, string>;
  /** Names of environment variables that the VM has as this process has them [none]. */
  hostEnvironment?: readonly string[];
  /** [FAIL_CLOSED] */
  failurePolicy?: "FAIL_CLOSED" | "FAIL_OPEN" | "FAIL_RELOAD";
  /** Lets StopIteration in a headers callback still deliver the body [false]. */
  allowOnHeadersStopIteration?: boolean;
  /** The only host calls and callbacks that the module may use; the lifecycle callbacks are added [all]. */
  capabilities?: readonly string[];
}

/** Always called: without these the module would run unconfigured. As `openEnvoy` does. */
const lifecycle = ["proxy_on_vm_start", "proxy_on_configure", "proxy_on_context_create", "proxy_on_delete"];

/** Those of the process that are there, and those that are given. */
function environmentOf({ environment = {}, hostEnvironment = [] }: HostPlugin): Record<string, string> {
  const host = hostEnvironment.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(host), ...environment };
}

/** A plugin with everything decided. */
export interface PluginSpec {
  name: string;
  rootId: string;
  failurePolicy: "FAIL_CLOSED" | "FAIL_OPEN" | "FAIL_RELOAD";
  allowOnHeadersStopIteration: boolean;
}

export class Plugin {
  readonly spec: PluginSpec;
  readonly configuration: Buffer;
  readonly vm: VmSpec;
  /** Plugins with equal keys share a VM in each thread. */
  readonly vmKey: string;
  /** Plugins with equal keys share a root in each VM. */
  readonly key: string;

  /** @throws LoadError when Envoy would not load the module */
  constructor(
    private readonly given: HostPlugin,
    compiled: Compiled = compileModule(given.wasm),
  ) {
    const policy: string = given.failurePolicy ?? "FAIL_CLOSED";
    if (!/^FAIL_(CLOSED|OPEN|RELOAD)$/.test(policy)) throw new LoadError(`unknown failure policy ${policy}`);
    const name = given.name ?? compiled.file.replace(/^.*\//, "").replace(/\.wasm$/, "");
    this.spec = {
      name,
      rootId: given.rootId ?? "",
      failurePolicy: given.failurePolicy ?? "FAIL_CLOSED",
      allowOnHeadersStopIteration: given.allowOnHeadersStopIteration ?? false,
    };
    this.configuration = bytesOf(given.config);
    const capabilities = given.capabilities?.length ? new Set([...given.capabilities, ...lifecycle]) : undefined;
    this.vm = {
      vmId: given.vmId ?? `meshscript.${name}`,
      vmConfig: bytesOf(given.vmConfig),
      environment: environmentOf(given),
      capabilities,
      compiled,
    };
    const { vmId, vmConfig, environment } = this.vm;
    const restricted = [...(capabilities ?? [])].sort().join();
    this.vmKey = digest(vmId, vmConfig, compiled.hash, JSON.stringify(environment), restricted);
    this.key = digest(this.vmKey, name, this.spec.rootId, this.configuration, this.spec.failurePolicy);
  }

  /** The same plugin with another configuration. */
  withConfiguration(config: string | Uint8Array): Plugin {
    return new Plugin({ ...this.given, config }, this.vm.compiled);
  }
}

function bytesOf(value: unknown): Buffer {
  if (value === undefined) return Buffer.alloc(0);
  if (value instanceof Uint8Array) return Buffer.from(value);
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
}

function digest(...parts: (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("base64");
}
