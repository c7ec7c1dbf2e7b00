import { register } from "proxy-wasm-assemblyscript-sdk";
import { PeerMetadataRoot } from "./filter";

register("peer-metadata", () => new PeerMetadataRoot());
