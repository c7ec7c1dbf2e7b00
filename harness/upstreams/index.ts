export type {
  BodyInput,
  HeaderPairs,
  HeadersInput,
  ReceivedHead,
  ReceivedRequest,
  Responder,
  UpstreamProtocol,
  UpstreamResponse,
  UpstreamSpec,
} from "./types.ts";
export { Upstream, openUpstream } from "./upstream.ts";
