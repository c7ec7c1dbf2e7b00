import { register } from "proxy-wasm-assemblyscript-sdk";
import { HeaderRewriteRoot } from "./filter";

register("header-rewrite", () => new HeaderRewriteRoot());
