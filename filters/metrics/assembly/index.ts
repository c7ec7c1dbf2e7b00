import { register } from "proxy-wasm-assemblyscript-sdk";
import { MetricsRoot } from "./filter";

register("metrics", () => new MetricsRoot());
