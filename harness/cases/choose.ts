import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { type HostName, hostNames } from "./schema.ts";

/**
 * Which hosts run: what the caller asks for, as far as MESHSCRIPT_HOSTS allows it.
 * @throws MeshscriptError MS0806 for a name that is no host.
 */
export function chooseHosts(wanted: readonly HostName[] = hostNames, environment = process.env["MESHSCRIPT_HOSTS"]): HostName[] {
  if (environment === undefined || environment.trim() === "") return [...wanted];
  const allowed = environment.split(",").map((name) => name.trim());
  const unknown = allowed.filter((name) => !hostNames.some((host) => host === name));
  if (unknown.length > 0) {
    throw new MeshscriptError(
      diagnostic(
        "MS0806",
        `MESHSCRIPT_HOSTS names ${unknown.map((name) => JSON.stringify(name)).join(", ")}; the hosts are: ${hostNames.join(", ")}`,
      ),
    );
  }
  return wanted.filter((host) => allowed.includes(host));
}
