import type { Command } from "../command.ts";
import { splitTraffic } from "../edit/split.ts";
import { targetFlags } from "../edit/target.ts";
import { editExits } from "./split.ts";

/** `meshscript switch`: blue and green. */
export const switchCommand: Command = {
  name: "switch",
  summary: "send all of a service's traffic to one of its subsets: blue/green",
  arguments: { usage: "SERVICE SUBSET", min: 2, max: 2 },
  description: [
    "The same as `meshscript split SERVICE SUBSET=100`: the others of the route get 0 and stay, so that the way back is a switch to another. `meshscript split --help` says which route that is.",
  ],
  flags: targetFlags,
  examples: [
    { title: "all to v3", command: "meshscript switch reviews v3 -f istio/" },
    { title: "and back", command: "meshscript switch reviews v2 -f istio/" },
  ],
  exits: editExits,
  run: (context) => splitTraffic(context, "switch", new Map([[context.positionals[1] ?? "", 100]])),
};
