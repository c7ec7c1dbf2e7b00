export { cacheDirectory, packageRoot } from "./cache.ts";
export { canRunWasm, minimalModule } from "./can-run-wasm.ts";
export type { Found } from "./context.ts";
export type { FoundEnvoy } from "./envoy-binary.ts";
export { type Exec, type ExecOptions, type ExecResult, exec } from "./exec.ts";
export { FUNC_E_VERSION } from "./func-e.ts";
export { ENVOY_VERSION, type ProvisionOptions, type Provisioned, provision, wantedVersion } from "./provision.ts";
