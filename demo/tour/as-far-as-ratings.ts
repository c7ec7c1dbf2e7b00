import type { HttpRequest } from "../../harness/index.ts";
import { inbound, workloadsOf } from "../topology.ts";
import type { Exchange } from "../watch.ts";
import type { StepRun } from "./step.ts";

/** Sends a request until one comes as far as ratings' sidecar: the versions of reviews take turns, and not all ask for ratings. */
export async function sendAsFarAsRatings(step: StepRun, request: HttpRequest): Promise<Exchange> {
  for (let n = 0; n < workloadsOf("reviews").length; n++) {
    const exchange = await step.send(request);
    if (exchange.hops.some(({ name }) => name === inbound("ratings"))) return exchange;
  }
  throw new Error("no version of reviews asked for ratings");
}
