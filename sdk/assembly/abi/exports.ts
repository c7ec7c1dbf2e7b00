/**
 * The module's exports, by the ABI's names. The build exports the lifecycle callbacks and of the others exactly those whose methods
 * a filter overrides. Each enters, finds the object, calls it, leaves; an unknown id is ignored.
 */
import { Body } from "../body";
import { EMPTY } from "../bytes";
import { dropCallouts, HttpCallResponse, takeCallout } from "../callout";
import { depth, enter, leave, setEnding } from "../context/callback";
import { cleanContext, cleanRoot } from "../context/cleanup";
import { HttpContext } from "../context/http";
import { created, find, forget, http, openRoot, root, tcp } from "../context/registry";
import { readConfiguration, RootContext } from "../context/root";
import { TcpContext } from "../context/tcp";
import { BaseContext } from "../context/base";
import { GrpcCallResponse, readMessage, takeGrpcCall } from "../grpc/call";
import { GrpcEnd, grpcStatusOf } from "../grpc/status";
import { grpcStreamOf, grpcStreamOver } from "../grpc/stream";
import { Headers } from "../headers/headers";
import { allocate } from "../memory/arena";
import { log } from "../log";
import { Misuse, refuse } from "../refuse";
import { SharedQueue } from "../shared-queue";
import { BufferType, CloseType, FilterDataStatus, FilterTrailersStatus, MapType } from "./enums";

/** The marker by which the host knows the ABI. */
export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: usize): usize {
  return allocate(size);
}

/** Calls neither the host nor a filter: there is nothing to enter. */
export function proxy_on_context_create(id: u32, parent: u32): void {
  created(id, parent);
}

/** Runs once for each root of the VM, before its configuration. Nothing to do: `vmConfiguration()` can be read while configuring. */
export function proxy_on_vm_start(id: u32, size: i32): u32 {
  return 1;
}

export function proxy_on_configure(id: u32, size: i32): u32 {
  const before = enter(id);
  let accepted = false;
  const context = openRoot(id);
  if (context !== null) {
    const configuration = readConfiguration(BufferType.PluginConfiguration);
    // Taken for an empty one, it would switch off what it says.
    if (size > 0 && configuration.length == 0) {
      log.error("[" + context.name + " #" + id.toString() + "] the host does not give the configuration: allow proxy_get_buffer_bytes");
    } else accepted = context.onConfigure(configuration);
  }
  leave(before);
  return accepted ? 1 : 0;
}

export function proxy_on_tick(id: u32): void {
  const before = enter(id);
  const context = root(id);
  if (context !== null) context.onTick();
  leave(before);
}

export function proxy_on_queue_ready(id: u32, token: u32): void {
  const before = enter(id);
  const context = root(id);
  if (context !== null) context.onQueueReady(SharedQueue._of(token));
  leave(before);
}

export function proxy_on_new_connection(id: u32): u32 {
  const before = enter(id);
  const connection = tcp(id);
  const answer: u32 = connection === null ? 0 : connection.onNewConnection();
  leave(before);
  return answer;
}

export function proxy_on_downstream_data(id: u32, size: i32, endOfStream: u32): u32 {
  const before = enter(id);
  let answer: u32 = 0;
  const connection = tcp(id);
  if (connection !== null) {
    answer = connection.onDownstreamData(new Body()._ofConnection(BufferType.DownstreamData, id, size), endOfStream != 0);
  }
  leave(before);
  return answer;
}

export function proxy_on_upstream_data(id: u32, size: i32, endOfStream: u32): u32 {
  const before = enter(id);
  let answer: u32 = 0;
  const connection = tcp(id);
  if (connection !== null) {
    answer = connection.onUpstreamData(new Body()._ofConnection(BufferType.UpstreamData, id, size), endOfStream != 0);
  }
  leave(before);
  return answer;
}

export function proxy_on_downstream_connection_close(id: u32, by: u32): void {
  const before = enter(id);
  const connection = tcp(id);
  if (connection !== null) connection.onDownstreamClose(<CloseType>by);
  leave(before);
}

export function proxy_on_upstream_connection_close(id: u32, by: u32): void {
  const before = enter(id);
  const connection = tcp(id);
  if (connection !== null) connection.onUpstreamClose(<CloseType>by);
  leave(before);
}

const requestHeaders: Headers = new Headers();
const responseHeaders: Headers = new Headers();
const loggedHeaders: Headers = new Headers();

/**
 * One view for all callbacks of a kind: it is good in its callback alone, and refuses in any other. Kept until the same callback of another stream, it is
 * that one's: a debug build, where each callback has its own, refuses there, too.
 */
function headersOf(reused: Headers, map: MapType, id: u32, stream: HttpContext | null): Headers {
  const view = ASC_NO_ASSERT && depth == 1 ? reused : new Headers();
  return view.bind(map, id, stream);
}

function bodyOf(type: BufferType, stream: HttpContext, size: i32): Body {
  return new Body().bind(type, stream._id, stream, size);
}

export function proxy_on_request_headers(id: u32, count: i32, endOfStream: u32): u32 {
  const before = enter(id);
  let answer: u32 = 0;
  const stream = http(id);
  if (stream !== null) {
    stream._enter(true);
    answer = stream._leave(true, stream.onRequestHeaders(headersOf(requestHeaders, MapType.RequestHeaders, id, stream), endOfStream != 0));
  }
  leave(before);
  return answer;
}

export function proxy_on_request_body(id: u32, size: i32, endOfStream: u32): u32 {
  const before = enter(id);
  let answer: u32 = 0;
  const stream = http(id);
  if (stream !== null && !stream._isRepeated(true)) {
    stream._enter(true);
    const chosen = stream.onRequestBody(bodyOf(BufferType.RequestBody, stream, size), endOfStream != 0);
    answer = stream._leave(true, buffered(stream, true, chosen, size));
    stream._bodyHeld(true, answer == FilterDataStatus.StopIterationAndBuffer || answer == FilterDataStatus.StopIterationAndWatermark);
  }
  leave(before);
  return answer;
}

export function proxy_on_request_trailers(id: u32, count: i32): u32 {
  const before = enter(id);
  let answer: u32 = 0;
  const stream = http(id);
  if (stream !== null && !stream._isRepeated(true)) {
    stream._enter(true);
    answer = stream._leave(true, stream.onRequestTrailers(stream._view(MapType.RequestTrailers)));
    if (answer == 0) {
      stream._trailersPassed(true);
      if (stream._losesBody(true)) {
        stream._continueNow(true);
        answer = FilterTrailersStatus.StopIteration;
      }
    }
  }
  leave(before);
  return answer;
}

export function proxy_on_response_headers(id: u32, count: i32, endOfStream: u32): u32 {
  const before = enter(id);
  let answer: u32 = 0;
  const stream = http(id);
  if (stream !== null) {
    stream._enter(false);
    stream._responseHeaders(endOfStream != 0);
    answer = stream._leave(
      false,
      stream.onResponseHeaders(headersOf(responseHeaders, MapType.ResponseHeaders, id, stream), endOfStream != 0),
    );
  }
  leave(before);
  return answer;
}

export function proxy_on_response_body(id: u32, size: i32, endOfStream: u32): u32 {
  const before = enter(id);
  let answer: u32 = 0;
  const stream = http(id);
  if (stream !== null && !stream._isRepeated(false)) {
    stream._enter(false);
    stream._responseStarted();
    const chosen = stream.onResponseBody(bodyOf(BufferType.ResponseBody, stream, size), endOfStream != 0);
    answer = stream._leave(false, buffered(stream, false, chosen, size));
    stream._bodyHeld(false, answer == FilterDataStatus.StopIterationAndBuffer || answer == FilterDataStatus.StopIterationAndWatermark);
  }
  leave(before);
  return answer;
}

export function proxy_on_response_trailers(id: u32, count: i32): u32 {
  const before = enter(id);
  let answer: u32 = 0;
  const stream = http(id);
  if (stream !== null && !stream._isRepeated(false)) {
    stream._enter(false);
    stream._responseStarted();
    answer = stream._leave(false, stream.onResponseTrailers(stream._view(MapType.ResponseTrailers)));
    if (answer == 0) {
      stream._trailersPassed(false);
      if (stream._losesBody(false)) {
        stream._continueNow(false);
        answer = FilterTrailersStatus.StopIteration;
      }
    }
    // A stream that is reset here and told to go on crashes Envoy.
    if (stream._endedNow()) answer = FilterTrailersStatus.StopIteration;
  }
  leave(before);
  return answer;
}

/** NoBuffer drops the bytes: with `content-length` still there, the next message would be read as this one's body. */
function buffered(stream: HttpContext, request: bool, answer: FilterDataStatus, size: i32): FilterDataStatus {
  if (answer != FilterDataStatus.StopIterationNoBuffer || size == 0 || stream._mayResize(request)) return answer;
  refuse(Misuse.BodyLength, "StopIterationNoBuffer drops bytes: remove content-length in the headers callback first; they are buffered");
  return FilterDataStatus.StopIterationAndBuffer;
}

/** Envoy calls this on the root whoever asked; the answer goes to the object that did, if it is still there. */
export function proxy_on_http_call_response(id: u32, token: u32, headers: i32, bodySize: i32, trailers: i32): void {
  const before = enter(id);
  const callout = takeCallout(token);
  if (callout !== null) {
    const context = alive(callout._contextId);
    if (context !== null) callout._owner.onHttpCallResponse(new HttpCallResponse(callout, id, bodySize));
  }
  leave(before);
}

/** The message of a stream, or the answer to a call. */
export function proxy_on_grpc_receive(id: u32, token: u32, size: i32): void {
  const before = enter(id);
  const stream = grpcStreamOf(token);
  if (stream !== null) {
    const context = alive(stream._contextId);
    if (context !== null) stream._owner.onGrpcMessage(stream, readMessage(size));
  } else {
    const call = takeGrpcCall(token);
    if (call !== null) {
      const context = alive(call._contextId);
      if (context !== null) call._owner.onGrpcCallResponse(new GrpcCallResponse(call, readMessage(size), null));
    }
  }
  leave(before);
}

export function proxy_on_grpc_receive_initial_metadata(id: u32, token: u32, count: i32): void {
  const before = enter(id);
  const stream = grpcStreamOf(token);
  if (stream !== null) {
    const context = alive(stream._contextId);
    if (context !== null) stream._owner.onGrpcInitialMetadata(stream, new Headers().bind(MapType.GrpcInitialMetadata, id, null));
  }
  leave(before);
}

export function proxy_on_grpc_receive_trailing_metadata(id: u32, token: u32, count: i32): void {
  const before = enter(id);
  const stream = grpcStreamOf(token);
  if (stream !== null) {
    const context = alive(stream._contextId);
    if (context !== null) stream._owner.onGrpcTrailingMetadata(stream, new Headers().bind(MapType.GrpcTrailingMetadata, id, null));
  }
  leave(before);
}

/** Also comes for a call that was refused at once, with a token that nobody was given: that one is in no table. */
export function proxy_on_grpc_close(id: u32, token: u32, status: u32): void {
  const before = enter(id);
  const stream = grpcStreamOf(token);
  if (stream !== null) {
    const context = alive(stream._contextId);
    if (context !== null) stream._owner.onGrpcClose(stream, new GrpcEnd(grpcStatusOf(status)));
    grpcStreamOver(stream);
  } else {
    const call = takeGrpcCall(token);
    if (call !== null) {
      const context = alive(call._contextId);
      if (context !== null) call._owner.onGrpcCallResponse(new GrpcCallResponse(call, EMPTY, new GrpcEnd(grpcStatusOf(status))));
    }
  }
  leave(before);
}

/** The object of an id, if it is still there. */
function alive(id: u32): BaseContext | null {
  const context = find(id);
  return context !== null && context._id == id ? context : null;
}

export function proxy_on_log(id: u32): void {
  const before = enter(id);
  setEnding(true);
  const context = find(id);
  if (context !== null) {
    if (context instanceof HttpContext) {
      (<HttpContext>context)._ended();
      (<HttpContext>context).onLog();
    } else if (context instanceof TcpContext) {
      (<TcpContext>context)._over();
      (<TcpContext>context).onLog();
    } else if (context instanceof RootContext) {
      (<RootContext>context)._logs(id, headersOf(loggedHeaders, MapType.RequestHeaders, id, null));
    }
  }
  setEnding(false);
  leave(before);
}

/** For a root, false keeps it alive until `proxy_done`; for an HTTP stream Envoy does not look at the answer. */
export function proxy_on_done(id: u32): u32 {
  const before = enter(id);
  setEnding(true);
  let done = true;
  const context = find(id);
  if (context !== null && context._id == id) {
    if (context instanceof HttpContext) {
      (<HttpContext>context)._ended();
      (<HttpContext>context).onDone();
    } else if (context instanceof TcpContext) {
      (<TcpContext>context)._over();
      (<TcpContext>context).onDone();
    } else if (context instanceof RootContext) {
      done = (<RootContext>context).onDone();
    }
  }
  setEnding(false);
  leave(before);
  return done ? 1 : 0;
}

export function proxy_on_delete(id: u32): void {
  const before = enter(id);
  setEnding(true);
  const context = forget(id);
  if (context !== null && context._id == id) {
    if (context instanceof HttpContext) {
      (<HttpContext>context)._ended();
      (<HttpContext>context).onDelete();
      if (context._openStreams() > 0) cleanContext(id);
    } else if (context instanceof TcpContext) {
      (<TcpContext>context)._over();
      (<TcpContext>context).onDelete();
      if (context._openStreams() > 0) cleanContext(id);
    } else if (context instanceof RootContext) {
      (<RootContext>context).onDelete();
      dropCallouts(id);
      cleanRoot(id);
    }
  }
  setEnding(false);
  leave(before);
}
