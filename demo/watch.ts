import type { HttpRequest, HttpResponse } from "../harness/index.ts";
import { filters } from "./filters.ts";
import type { Mesh } from "./mesh.ts";
import { type Hop, readHop, settledLog } from "./recorder.ts";
import type { Sighting } from "./services/app.ts";

/** One request to the ingress and all that it caused: what proxies logged and services received, in the order of time. */
export interface Exchange {
  request: HttpRequest;
  response: HttpResponse;
  hops: Hop[];
  sightings: Sighting[];
}

/**
 * Sends a request to the ingress and gathers what happened meanwhile, by time and not by trace: so a hop that lost the trace shows. Only
 * for a mesh with no other traffic.
 */
export async function watch(mesh: Mesh, request: HttpRequest): Promise<Exchange> {
  const marks = new Map([...mesh.envoys].map(([name, envoy]) => [name, envoy.accessLog().length]));
  const mark = mesh.recorder.mark;
  const response = await mesh.ingress.request(request);
  const hops = await gather(mesh, marks);
  return { request, response, hops, sightings: mesh.recorder.since(mark) };
}

/** All hops that are logged, from a number of entries on for each proxy. */
export async function gather(mesh: Mesh, marks: ReadonlyMap<string, number> = new Map()): Promise<Hop[]> {
  const names = filters.map(({ name }) => name);
  const logs = await Promise.all(
    [...mesh.envoys].map(async ([name, envoy]) =>
      (await settledLog(envoy)).slice(marks.get(name) ?? 0).map((line) => readHop(line, names)),
    ),
  );
  return logs
    .flat()
    .filter((hop) => hop !== undefined)
    .sort((a, b) => a.start - b.start || a.name.localeCompare(b.name));
}
