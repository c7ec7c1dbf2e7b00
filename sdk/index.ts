export {
  CloseType,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterStatus,
  FilterTrailersStatus,
  GrpcStatus,
  LogLevel,
  Status,
} from "./assembly/abi/enums";
export { lastStatus } from "./assembly/abi/out";
export { Base64, decodeBase64 } from "./assembly/base64";
export { Body } from "./assembly/body";
export { Bytes, EMPTY } from "./assembly/bytes";
export { CalloutOutcome, HttpCallout, HttpCallResponse } from "./assembly/callout";
export { monotonicNanoseconds, randomBytes, wallNanoseconds } from "./assembly/clock";
export { BaseContext } from "./assembly/context/base";
export { hasNoBody, HttpContext } from "./assembly/context/http";
export { register } from "./assembly/context/registry";
export { RootContext } from "./assembly/context/root";
export { TcpContext } from "./assembly/context/tcp";
export { Deadlines, Ticket } from "./assembly/deadlines";
export { durationNanoseconds } from "./assembly/duration";
export { environmentVariable } from "./assembly/environment";
export { ForeignFunction, ForeignResult } from "./assembly/foreign/call";
export { Expression } from "./assembly/foreign/expression";
export { FilterStateLifeSpan, FilterStateOutcome } from "./assembly/foreign/filter-state";
export { ProtoReader, ProtoWriter } from "./assembly/foreign/protobuf";
export { derOfPem } from "./assembly/foreign/pem";
export { SignatureResult, verifySignature } from "./assembly/foreign/signature";
export { compress, uncompress } from "./assembly/foreign/zlib";
export { fuse } from "./assembly/fusion/fuse";
export { GrpcCall, GrpcCallResponse } from "./assembly/grpc/call";
export { GrpcService } from "./assembly/grpc/service";
export { GrpcEnd } from "./assembly/grpc/status";
export { GrpcStream } from "./assembly/grpc/stream";
export { Headers } from "./assembly/headers/headers";
export { HeaderList } from "./assembly/headers/list";
export { HeaderName, isFieldValue } from "./assembly/headers/name";
export { JsonDocument } from "./assembly/json/document";
export { JsonKind } from "./assembly/json/kind";
export { JsonArray, JsonObject } from "./assembly/json/object";
export { log } from "./assembly/log";
export { LogLine } from "./assembly/log-line";
export { StateLog } from "./assembly/log-state";
export { MemoryGauges } from "./assembly/memory/gauges";
export { MemoryStats } from "./assembly/memory/memory";
export { ArenaBuffer } from "./assembly/memory/arena";
export { Counter, Gauge, Histogram } from "./assembly/metrics";
export { CounterFamily, GaugeFamily, HistogramFamily, labelValue, pushLabelValue, pushSizedLabelValue } from "./assembly/metric-family";
export { PropertyPath } from "./assembly/property";
export { SharedData, SharedValue } from "./assembly/shared-data";
export { SharedQueue } from "./assembly/shared-queue";
export { SharedSlots, Slot } from "./assembly/shared-slots";
export { SipHash } from "./assembly/siphash";
