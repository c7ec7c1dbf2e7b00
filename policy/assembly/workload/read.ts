import { JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { Workload } from "./workload";

/** Reads a workload as configurations describe it; what is absent stays empty. */
export function readWorkload(json: JsonObject): Workload {
  const workload = new Workload();
  workload.name = json.bytes("name");
  workload.namespace = json.bytes("namespace");
  workload.app = json.bytes("app");
  workload.version = json.bytes("version");
  workload.canonicalService = json.bytes("canonicalService");
  workload.canonicalRevision = json.bytes("canonicalRevision");
  workload.cluster = json.bytes("cluster");
  return workload;
}
