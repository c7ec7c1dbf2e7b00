import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory, inTemporaryFolder } from "./cache.ts";
import { type Exec, exec, reasonOf } from "./exec.ts";

/**
 * The smallest module that Envoy accepts (183 bytes): one page of memory and the exports `proxy_abi_version_0_2_1`, `_initialize`,
 * `proxy_on_memory_allocate`, and `proxy_on_vm_start` and `proxy_on_configure` that return 1.
 */
export const minimalModule: Buffer = Buffer.from(
  "AGFzbQEAAAABDwNgAABgAX8Bf2ACf38BfwMGBQAAAQICBQMBAAEHdgYGbWVtb3J5AgAXcHJveHlfYWJpX3ZlcnNpb25fMF8yXzEAAAtfaW5pdGlhbGl6ZQAB" +
    "GHByb3h5X29uX21lbW9yeV9hbGxvY2F0ZQACEXByb3h5X29uX3ZtX3N0YXJ0AAMScHJveHlfb25fY29uZmlndXJlAAQKFwUCAAsCAAsFAEGACAsEAEEBCwQAQQEL",
  "base64",
);

/**
 * Whether this Envoy runs WebAssembly, proven by loading a minimal module. The version does not tell: the PyPI build 1.38.3 lacks the
 * runtime, its neighbours have it. Takes about 0.1 s.
 *
 * @param options.module another module to load instead, for the test of this check itself.
 * @returns `ok`, and Envoy's reason when not.
 * @example
 * const { ok, reason } = await canRunWasm(envoy.path);
 */
export async function canRunWasm(
  envoyPath: string,
  options: { cache?: string; exec?: Exec; module?: Uint8Array } = {},
): Promise<{ ok: boolean; reason?: string }> {
  const cache = options.cache ?? cacheDirectory();
  return inTemporaryFolder(cache, async (folder) => {
    const module = join(folder, "minimal.wasm");
    const config = join(folder, "envoy.json");
    await writeFile(module, options.module ?? minimalModule);
    await writeFile(config, JSON.stringify(bootstrapWith(module)));
    const result = await (options.exec ?? exec)(envoyPath, ["--mode", "validate", "-l", "warning", "-c", config], { timeout: 20_000 });
    return result.code === 0
      ? { ok: true }
      : { ok: false, reason: reasonOf(result).replace(/^.*error initializing configuration '[^']*': /, "") };
  });
}

function bootstrapWith(module: string): object {
  const type = "type.googleapis.com/envoy.extensions.filters";
  const wasm = {
    "@type": `${type}.http.wasm.v3.Wasm`,
    config: { vm_config: { runtime: "envoy.wasm.runtime.v8", code: { local: { filename: module } } } },
  };
  const manager = {
    "@type": `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "probe",
    route_config: {},
    // As an HTTP filter: as a bootstrap extension it would not be loaded in validation, and any garbage would pass.
    http_filters: [
      { name: "minimal", typed_config: wasm },
      { name: "envoy.filters.http.router", typed_config: { "@type": `${type}.http.router.v3.Router` } },
    ],
  };
  const listener = {
    name: "probe",
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [{ filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] }],
  };
  return { static_resources: { listeners: [listener] } };
}
