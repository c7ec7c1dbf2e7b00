import { register } from "proxy-wasm-assemblyscript-sdk";
import { ExternalCalloutRoot } from "./filter";

register("external-callout", () => new ExternalCalloutRoot());
