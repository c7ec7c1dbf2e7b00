import { register } from "proxy-wasm-assemblyscript-sdk";
import { TracingRoot } from "./filter";

register("tracing", () => new TracingRoot());
