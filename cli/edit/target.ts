import { resolve } from "node:path";
import type { Paths, Target } from "../../mesh/edit/traffic.ts";
import type { Context, Flag } from "../command.ts";
import { usage } from "../parse.ts";
import { resourceFiles } from "../up/files.ts";

/** What `split`, `switch` and `ramp` have in common. */
export const targetFlags = {
  file: { type: "string", short: "f", value: "PATH", multiple: true, description: "file or folder of resources, YAML or JSON" },
  namespace: {
    type: "string",
    short: "n",
    value: "NAME",
    default: "default",
    description: "namespace in which short names are, and whose callers' view counts",
  },
  route: {
    type: "string",
    value: "NAME",
    default: "the route without a match, or the last",
    description: "http route to change, by its `name`",
  },
} as const satisfies Record<string, Flag>;

/** Whose traffic, and in which files. @throws MeshscriptError MS0504 without -f, MS0902 for what cannot be read */
export function targetOf({ flags, io, positionals }: Context, command: string): { target: Target; paths: () => Paths } {
  const given = flags.texts("file");
  if (given.length === 0) {
    throw usage(
      "MS0504",
      `${command} needs -f: a file or folder of resources`,
      `write for example \`meshscript ${command} ... -f istio/\``,
    );
  }
  const target = { service: positionals[0] ?? "", namespace: flags.text("namespace") ?? "default", route: flags.text("route") };
  return { target, paths: () => resourceFiles(given, io.cwd).map((name) => ({ name, path: resolve(io.cwd, name) })) };
}
