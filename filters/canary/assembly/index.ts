import { register } from "proxy-wasm-assemblyscript-sdk";
import { CanaryRoot } from "./filter";

register("canary", () => new CanaryRoot());
