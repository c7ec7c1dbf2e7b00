import { register } from "proxy-wasm-assemblyscript-sdk";
import { RateLimitRoot } from "./filter";

register("ratelimit", () => new RateLimitRoot());
