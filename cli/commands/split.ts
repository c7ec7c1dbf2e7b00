import type { Command } from "../command.ts";
import { splitTraffic } from "../edit/split.ts";
import { targetFlags } from "../edit/target.ts";
import { weightsOf } from "../edit/weights.ts";

/** What commands that change weights end with. */
export const editExits = {
  data: "a file cannot be read, no route or subset fits, or it cannot be changed in place",
  environment: "a mesh that runs on the file did not take the change in time",
  findings: "a mesh that runs on the file refused the change, and goes on as it was",
} as const;

/** `meshscript split`: weights in YAML. */
export const split: Command = {
  name: "split",
  summary: "split a service's traffic between its subsets, in the YAML of its VirtualService",
  arguments: { usage: "SERVICE SUBSET=WEIGHT...", min: 2, max: 64 },
  description: [
    "Changes the weights of the VirtualService's http route that leads to the service, where they stand in the file: nothing else in it changes, comments and quotes included. A subset that the route does not have yet is added with the host and port of the others; whoever is not named gets 0 and stays. Weights are whole numbers; Istio divides by their sum.",
    "SERVICE is a name as in a VirtualService: reviews, reviews.default or the whole name. The VirtualService is the one that callers in the namespace -n heed. Of several routes to the service it is the one without a match, or the last; --route names another.",
    "Meshes that run on the file (`meshscript up`) take the change; the command waits until they have it.",
  ],
  flags: targetFlags,
  examples: [
    { title: "one of ten requests to v3", command: "meshscript split reviews v2=90 v3=10 -f istio/" },
    { title: "the route of testers", command: "meshscript split reviews v3=100 --route testers -f istio/" },
  ],
  exits: editExits,
  run: (context) => splitTraffic(context, "split", weightsOf(context.positionals.slice(1))),
};
