import { register } from "proxy-wasm-assemblyscript-sdk";
import { ApiKeyRoot } from "./filter";

register("api-key", () => new ApiKeyRoot());
