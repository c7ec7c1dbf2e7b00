import { Status } from "../abi/enums";
import { Bytes } from "../bytes";
import { ForeignFunction } from "./call";
import { ProtoWriter } from "./protobuf";

/** How long an entry of the filter state lives. */
export enum FilterStateLifeSpan {
  /** As long as the filter chain: gone after an internal redirect. */
  FilterChain = 0,
  /** As long as the request, internal redirects included. */
  DownstreamRequest = 1,
  /** As long as the client's connection: later requests see it. */
  DownstreamConnection = 2,
}

/** How setting an entry of the filter state ended. */
export enum FilterStateOutcome {
  Set = 0,
  /** The proxy has no `set_envoy_filter_state`. */
  Unsupported = 1,
  /** The key belongs to no object factory of this Envoy, or its factory did not take the value. */
  UnknownKey = 2,
  /** The stream is over, or out of memory. */
  Failed = 3,
}

const SET = new ForeignFunction("set_envoy_filter_state");
/** No protobuf: a function that is there says BadArgument to it. */
const NONSENSE: Bytes = Bytes.of("\xff");

/** @internal See `HttpContext.setEnvoyFilterState`. */
export function setFilterState(key: Bytes, value: Bytes, lifeSpan: FilterStateLifeSpan): FilterStateOutcome {
  const argument = new ProtoWriter().bytes(1, key).bytes(2, value).number(3, lifeSpan);
  if (!argument.ok) return FilterStateOutcome.Failed;
  const status = SET.call(argument.message()).status;
  if (status == Status.Ok) return FilterStateOutcome.Set;
  if (status != Status.NotFound) return FilterStateOutcome.Failed;
  // An unknown key and an unknown function have the same status.
  return SET.call(NONSENSE).status == Status.NotFound ? FilterStateOutcome.Unsupported : FilterStateOutcome.UnknownKey;
}
