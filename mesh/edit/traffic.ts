import { realpath, stat } from "node:fs/promises";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { writeAtomically } from "../../harness/provision/cache.ts";
import { Mesh } from "../model/mesh.ts";
import { delegatesOf } from "../model/virtual-services.ts";
import { type Resource, byAge } from "../resources/resource.ts";
import type { VirtualService } from "../resources/types/index.ts";
import { type Wanted, type WeightedDestination, destinationsOf } from "./destinations.ts";
import { type ResourceFile, readResourceFile } from "./resource-file.ts";
import { rewritten } from "./rewrite.ts";
import { type ChosenRoute, routeTo } from "./route.ts";
import { hostMeant } from "./service-name.ts";

/** Whose traffic, as a user says it. */
export interface Target {
  /** `reviews`, `reviews.default`, the whole name, or a host of a ServiceEntry. */
  readonly service: string;
  /** In which short names are, and whose view of rules counts. */
  readonly namespace: string;
  /** `http[].name` [the route without a match, or the last] */
  readonly route?: string | undefined;
}

/** Where resources are: absolute paths, and as the user would write them. */
export type Paths = readonly { readonly path: string; readonly name: string }[];

/** A service's route as it is written now. */
export interface Traffic {
  readonly host: string;
  readonly route: ChosenRoute;
  readonly file: ResourceFile;
  readonly destinations: readonly WeightedDestination[];
  readonly mesh: Mesh;
}

/** Reads the files and finds the route. @throws MeshscriptError for what cannot be read, and MS1102 without a route */
export function readTraffic(paths: Paths, { service, namespace, route }: Target): Traffic {
  const files = paths.map(({ path, name }) => readResourceFile(path, name));
  const resources = files.flatMap((file) => file.resources);
  const mesh = new Mesh(resources);
  const host = hostMeant(service, namespace, mesh);
  const found = routeTo(host, { namespace, mesh, delegates: delegatesOf(virtualServicesIn(resources)), route });
  const file = files.find(({ documents }) => documents.includes(found.resource.source));
  if (file === undefined) throw new Error("a resource that is in none of the files");
  return { host, route: found, file, destinations: destinationsOf(found), mesh };
}

function virtualServicesIn(resources: readonly Resource[]): Resource<VirtualService>[] {
  const all = resources.filter(({ kind, group }) => kind === "VirtualService" && group === "networking.istio.io");
  return (all as unknown as Resource<VirtualService>[]).sort(byAge);
}

/**
 * Writes other weights into the file.
 * @returns its whole content, or undefined when it has them already: nothing was written then
 * @throws MeshscriptError MS1102 where it cannot be done, MS1104 when somebody has saved the file meanwhile
 */
export async function writeTraffic(
  { file, route, host }: Pick<Traffic, "file" | "route" | "host">,
  wanted: Wanted,
): Promise<string | undefined> {
  const text = rewritten(file, route, host, wanted);
  if (text === file.text) return undefined;
  await replace(file, file.mark + text);
  return file.mark + text;
}

/** Puts a new content in the place of the one that was read, as one step, with its mode; through a link into the file that it leads to. */
export async function replace(file: Pick<ResourceFile, "path" | "name" | "mark" | "text">, content: string): Promise<void> {
  const { path, name } = file;
  const now = readResourceFile(path, name);
  if (now.mark + now.text !== file.mark + file.text) {
    throw new MeshscriptError(
      diagnostic("MS1104", "somebody has saved the file meanwhile: nothing was written", { location: { file: name } }),
    );
  }
  const real = await realpath(path);
  const { mode } = await stat(real);
  await writeAtomically(real, content, mode);
}
