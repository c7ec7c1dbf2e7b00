import type { HostFunction } from "../vm/link.ts";
import { buffers } from "./buffers.ts";
import { callouts } from "./callouts.ts";
import { grpc } from "./grpc.ts";
import { headers } from "./headers.ts";
import { metrics } from "./metrics.ts";
import { properties } from "./properties.ts";
import { shared } from "./shared.ts";
import { streams } from "./streams.ts";
import { system } from "./system.ts";

/** Every function of module `env`, by its ABI name. */
export const hostFunctionTable: Readonly<Record<string, HostFunction>> = {
  ...system,
  ...headers,
  ...buffers,
  ...streams,
  ...callouts,
  ...grpc,
  ...shared,
  ...metrics,
  ...properties,
};
