import type { NativeFilterSpec } from "../../../harness/index.ts";
import { filterModule } from "../../../test/support/build-once.ts";

/** The path of authz.wasm, built from the sources as they are. */
export function authzModule(): Promise<string> {
  return filterModule("authz");
}

/** Envoy's own filter that says who is at the connection's other end: ipBlocks and source.ip need it in front. */
export const directPeerFilter: NativeFilterSpec = {
  name: "envoy.filters.http.set_filter_state",
  typedConfig: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config",
    on_request_headers: [
      {
        object_key: "meshscript.direct_remote_address",
        factory_key: "envoy.string",
        format_string: { text_format_source: { inline_string: "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%" } },
      },
    ],
  },
};
