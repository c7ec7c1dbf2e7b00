import type { Command } from "../command.ts";
import { abortBelow, paceOf } from "../edit/pace.ts";
import { rampUp } from "../edit/ramp.ts";
import { targetFlags } from "../edit/target.ts";
import { usage } from "../parse.ts";
import { editExits } from "./split.ts";

/** `meshscript ramp`: a canary that grows. */
export const ramp: Command = {
  name: "ramp",
  summary: "shift a service's traffic to a subset step by step, and back when its requests fail",
  arguments: { usage: "SERVICE", min: 1, max: 1 },
  description: [
    "Raises the weight of --to from what it is to 100, in equal steps over a time; the others shrink in proportion, or --from alone. Each step is an edit as `meshscript split` makes it, in the route that its help describes, and takes as long as the others; the weights are whole numbers that sum to 100.",
    "With --abort-if 'success_rate < 99%' every step is watched, the last one too. When of the requests that sidecars and gateways sent to the subset during a step so few were answered without a 5xx, the file gets back the weights that it had before the ramp, and the command ends with 1. A step without requests says nothing. It needs a mesh that runs on the file.",
    "Ctrl-C stops where it is: the weights stay as the last step left them.",
  ],
  flags: {
    to: { type: "string", value: "SUBSET", description: "subset whose weight grows" },
    from: { type: "string", value: "SUBSET", default: "all others, in proportion", description: "only subset whose weight shrinks" },
    over: { type: "string", value: "DURATION", description: "how long it takes: 90s, 10m, 1h30m" },
    steps: { type: "string", value: "N", default: "10", description: "number of steps, at most one for each point of 100" },
    every: { type: "string", value: "DURATION", description: "how long a step takes, instead of --steps" },
    "abort-if": { type: "string", value: "CONDITION", description: "take all back when it holds: success_rate < 99%" },
    ...targetFlags,
  },
  examples: [
    { title: "a tenth every minute", command: "meshscript ramp reviews --to v3 --over 10m -f istio/" },
    {
      title: "and back when more than one of a hundred requests fails",
      command: "meshscript ramp reviews --to v3 --over 10m --every 30s --abort-if 'success_rate < 99%' -f istio/",
    },
  ],
  exits: {
    ...editExits,
    test: "the condition of --abort-if held: the weights are what they were before",
    interrupted: "Ctrl-C: the weights are those of the last step",
  },
  stopsItself: true,
  async run(context) {
    const { flags } = context;
    const to = flags.text("to");
    if (to === undefined) throw usage("MS0504", "ramp needs --to: the subset whose weight grows", "write for example --to v3");
    const condition = flags.text("abort-if");
    const abort = condition === undefined ? undefined : { condition, below: abortBelow(condition) };
    return rampUp(context, { to, from: flags.text("from"), pace: paceOf(flags), abort });
  },
};
