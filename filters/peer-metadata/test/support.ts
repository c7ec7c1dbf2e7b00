import { filterModule } from "../../../test/support/build-once.ts";

/** The path of peer-metadata.wasm, built from the sources as they are. */
export function peerMetadataModule(): Promise<string> {
  return filterModule("peer-metadata");
}
