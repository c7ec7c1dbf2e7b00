import { register } from "proxy-wasm-assemblyscript-sdk";
import { CanaryHeaderRoot } from "./filter";

register("canary-header", () => new CanaryHeaderRoot());
