import { register } from "proxy-wasm-assemblyscript-sdk";
import { JsonBodyCheckRoot } from "./filter";

register("json-body-check", () => new JsonBodyCheckRoot());
