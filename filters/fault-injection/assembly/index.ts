import { register } from "proxy-wasm-assemblyscript-sdk";
import { FaultInjectionRoot } from "./filter";

register("fault-injection", () => new FaultInjectionRoot());
