import { Bytes, GrpcService, HeaderName, JsonObject } from "proxy-wasm-assemblyscript-sdk";

const MINUTE: i64 = 60_000_000_000;
const AUTHORIZATION = Bytes.of("envoy.service.auth.v3.Authorization");

/** Whom to ask, what to tell it, and what happens without an answer. Names are those of Envoy's own ext_authz. */
export class AuthzConfig {
  cluster: Bytes = Bytes.of("");
  service: GrpcService = new GrpcService(Bytes.of(""), AUTHORIZATION);
  timeoutMilliseconds: u32 = 0;
  failureModeAllow: bool = false;
  statusOnError: u32 = 0;
  /** Of the request, for the service; null: all. */
  allowedHeaders: HeaderName[] | null = null;
  /** What only the service may say to the upstream. */
  trustedHeaders: HeaderName[] = [];

  read(json: JsonObject): void {
    this.cluster = json.bytes("cluster");
    if (this.cluster.length == 0) json.problem("cluster", "must name one of Envoy's clusters");
    this.service = new GrpcService(this.cluster, AUTHORIZATION);
    this.timeoutMilliseconds = <u32>(json.duration("timeout", 200_000_000, 1_000_000, MINUTE) / 1_000_000);
    this.failureModeAllow = json.boolean("failureModeAllow", false);
    this.statusOnError = <u32>json.integer("statusOnError", 403, 400, 599);
    this.allowedHeaders = json.has("allowedHeaders") ? readNames(json, "allowedHeaders", false) : null;
    this.trustedHeaders = readNames(json, "trustedHeaders", true);
  }
}

/** @param ours neither `:path` and its like nor what frames the message, which nobody may remove */
function readNames(json: JsonObject, key: string, ours: bool): HeaderName[] {
  const list = json.array(key);
  const names: HeaderName[] = [];
  for (let i = 0; i < list.length; i++) {
    const text = list.string(i);
    const name = new HeaderName(text);
    if (ours && name.kind != 0) list.problem(i, 'must be the name of an ordinary header, got "' + text + '"');
    else if (!name.valid) list.problem(i, 'must be the name of a header, got "' + text + '"');
    names.push(name);
  }
  return names;
}
