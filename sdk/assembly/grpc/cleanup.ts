import { setCleanup } from "../context/cleanup";
import { dropGrpcCalls } from "./call";
import { cancelGrpcStreams, dropGrpcStreams } from "./stream";

/** @internal From now on what is deleted takes its calls and streams with it. */
export function cleanUpGrpc(): void {
  setCleanup(
    (id: u32) => cancelGrpcStreams(id),
    (id: u32) => {
      dropGrpcCalls(id);
      dropGrpcStreams(id);
    },
  );
}
