import { register } from "proxy-wasm-assemblyscript-sdk";
import { AuthzRoot } from "./filter";

register("authz", () => new AuthzRoot());
