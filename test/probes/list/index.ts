import type { Topic } from "../types.ts";
import { accessLoggers } from "./access-loggers.ts";
import { bodies } from "./bodies.ts";
import { callouts } from "./callouts.ts";
import { capabilities } from "./capabilities.ts";
import { chains } from "./chains.ts";
import { endings } from "./fatal.ts";
import { foreign } from "./foreign.ts";
import { found } from "./found.ts";
import { grpc } from "./grpc.ts";
import { headers } from "./headers.ts";
import { lifecycle } from "./lifecycle.ts";
import { metrics } from "./metrics.ts";
import { phaseTopics } from "./phases.ts";
import { properties } from "./properties.ts";
import { queues } from "./queues.ts";
import { replies } from "./replies.ts";
import { routing } from "./routing.ts";
import { sharedData } from "./shared-data.ts";
import { stopIteration } from "./stop-iteration.ts";
import { streams } from "./streams.ts";
import { tcp } from "./tcp.ts";
import { timers } from "./timers.ts";
import { traps } from "./traps.ts";

/** All probes that end well. */
export const topics: readonly Topic[] = [
  headers,
  sharedData,
  queues,
  metrics,
  timers,
  bodies,
  streams,
  replies,
  endings,
  chains,
  callouts,
  grpc,
  tcp,
  properties,
  foreign,
  lifecycle,
  traps,
  stopIteration,
  routing,
  capabilities,
  accessLoggers,
  found,
  ...phaseTopics,
];
