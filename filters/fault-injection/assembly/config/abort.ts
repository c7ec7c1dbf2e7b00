import { EMPTY, hasNoBody, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { LocalReply, readContent, readGrpcStatus } from "../../../../policy";
import { WHOLE } from "../core/dice";
import { Abort, ABORT_BODY } from "../effects";

const OF_AN_ANSWER: string[] = ["status", "grpcStatus", "body", "contentType", "headers"];
/** What says it to gRPC. */
const RESERVED: string[] = ["grpc-status", "grpc-message"];
const UNAVAILABLE: u32 = 503;

export function readAbort(json: JsonObject): Abort | null {
  if (!json.present) return null;
  const reply = readReply(json);
  const resets = json.boolean("reset", false);
  const share = json.percentage("percentage", WHOLE);
  for (let i = 0; resets && i < OF_AN_ANSWER.length; i++) {
    if (json.has(OF_AN_ANSWER[i])) json.problem(OF_AN_ANSWER[i], "is of an answer, and reset gives none");
  }
  return new Abort(resets ? null : reply, share);
}

function readReply(json: JsonObject): LocalReply {
  let status = <u32>json.integer("status", 0, 200, 599);
  const grpcStatus = readGrpcStatus(json, "grpcStatus");
  // Where there is only a gRPC status, Envoy's own filter answers other requests with it, too: by a 200.
  if (status == 0) status = json.has("grpcStatus") ? 200 : UNAVAILABLE;
  const reply = new LocalReply(status, hasNoBody(status) ? EMPTY : ABORT_BODY, grpcStatus);
  readContent(json, reply, RESERVED);
  if (hasNoBody(status) && reply.body.length > 0) json.problem("body", "must be empty with " + status.toString() + ", which has none");
  return reply;
}
