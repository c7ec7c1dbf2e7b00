import { Bytes, GrpcStatus, HeaderName, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { LocalReply, readAddedHeader, readLocalReply } from "../../../policy";
import { PolicyReader } from "./config/policy";
import { Subjects } from "./core/rule";
import { Rules } from "./core/rules";

const MODES: string[] = ["enforce", "shadow", "off"];
const DEFAULTS: string[] = ["allow", "deny"];
const MATCHING: string[] = ["istio", "strict"];
/** A redirection to where one logs in, or anything that says no. */
const LEAST_STATUS: u32 = 300;
const GRPC: string[] = ["PERMISSION_DENIED", "UNAUTHENTICATED", "NOT_FOUND", "UNAVAILABLE"];

export enum Mode {
  Enforce = 0,
  /** Decides, notes and counts, and lets everything through. */
  Shadow = 1,
  Off = 2,
}

/** The filter's configuration; `filters/authz/config.ts` is its schema, and a test holds the two together. */
export class AuthzConfig {
  mode: Mode = Mode.Enforce;
  rules: Rules = new Rules([], new Subjects(), false, false, false, true);
  readonly refusal: LocalReply = new LocalReply(403, Bytes.of("RBAC: access denied"), GrpcStatus.PermissionDenied);
  /** Tells the client which rule it was; null: it is not told. */
  reasonHeader: HeaderName | null = null;
}

/** Reads the configuration; what is wrong with it is noted in the document. */
export function readConfig(json: JsonObject): AuthzConfig {
  const config = new AuthzConfig();
  const policies = json.array("policies");
  const strict = json.choice("matching", MATCHING) == 1;
  const reader = new PolicyReader(json, strict);
  for (let i = 0; i < policies.length; i++) {
    const policy = policies.object(i);
    if (policy.present) reader.read(policy);
  }
  const allows = json.choice("defaultAction", DEFAULTS) == 0;
  config.mode = <Mode>json.choice("mode", MODES);
  config.rules = new Rules(reader.rules, reader.subjects, strict, reader.restricted, reader.dryRestricted, allows);
  readLocalReply(json.object("refusal"), config.refusal, LEAST_STATUS, GRPC, []);
  config.reasonHeader = readAddedHeader(json, "reasonHeader");
  return config;
}
