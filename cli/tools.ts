import { type Provisioned, provision, wantedVersion } from "../harness/index.ts";
import type { Context } from "./command.ts";

/** func-e and the Envoy that the folder asks for, found or installed; what takes long is told on stderr. */
export async function toolsFor({ io: { env, cwd }, say }: Pick<Context, "io" | "say">): Promise<Provisioned> {
  return provision({ env, version: await wantedVersion(cwd), progress: (line) => say(`meshscript: ${line}`) });
}
