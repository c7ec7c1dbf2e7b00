import { Bytes, GrpcStatus, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { LocalReply, readLocalReply } from "../../../../policy";

const LEAST_STATUS: u32 = 400;
const GRPC: string[] = ["RESOURCE_EXHAUSTED", "UNAVAILABLE"];

/** What the refusal writes itself. */
const RESERVED: string[] = [
  "retry-after",
  "ratelimit",
  "ratelimit-policy",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
];

export function defaultRefusal(): LocalReply {
  return new LocalReply(429, Bytes.of("Too many requests"), GrpcStatus.ResourceExhausted);
}

export function readRefusal(json: JsonObject, refusal: LocalReply): void {
  readLocalReply(json, refusal, LEAST_STATUS, GRPC, RESERVED);
}
