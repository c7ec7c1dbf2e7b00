import { register } from "proxy-wasm-assemblyscript-sdk";
import { GrpcAuthzRoot } from "./filter";

register("grpc-authz", () => new GrpcAuthzRoot());
