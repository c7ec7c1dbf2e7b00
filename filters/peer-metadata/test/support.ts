import { fileURLToPath } from "node:url";
import { builtModule } from "../../../test/support/build-once.ts";

/** The path of peer-metadata.wasm, built from the sources as they are. */
export function peerMetadataModule(): Promise<string> {
  return builtModule("peer-metadata", fileURLToPath(new URL("../assembly/index.ts", import.meta.url)), [
    "filters/peer-metadata/assembly",
    "policy",
    "sdk/assembly",
  ]);
}
