import { register } from "proxy-wasm-assemblyscript-sdk";
import { MyFilterRoot } from "./filter";

register("my-filter", () => new MyFilterRoot());
