import { register } from "proxy-wasm-assemblyscript-sdk";
import { TcpLimitRoot } from "./filter";

register("tcp-limit", () => new TcpLimitRoot());
