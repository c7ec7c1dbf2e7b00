import { register } from "proxy-wasm-assemblyscript-sdk";
import { CorsRoot } from "./filter";

register("cors", () => new CorsRoot());
