import { exitCodes } from "../../diagnostics/index.ts";
import { checkSubsets, labelOf, split } from "../../mesh/edit/destinations.ts";
import { readTraffic, writeTraffic } from "../../mesh/edit/traffic.ts";
import type { Context } from "../command.ts";
import { inService, saidOf } from "./in-service.ts";
import { routeJson, routeLine, weightTable } from "./said.ts";
import { targetOf } from "./target.ts";
import { sharesOf } from "./weights.ts";

/** Gives the subsets of a service these weights: the work of `split` and of `switch`. */
export async function splitTraffic(context: Context, command: string, weights: ReadonlyMap<string, number>): Promise<number> {
  const { target, paths } = targetOf(context, command);
  const traffic = readTraffic(paths(), target);
  const { host, route, file, mesh, destinations } = traffic;
  checkSubsets(weights.keys(), host, mesh, target.namespace);
  const wanted = split(route, host, weights);
  const rows = wanted.destinations.map((each, i) => ({ name: labelOf(each, host), was: destinations[i]?.weight ?? 0, is: each.weight }));
  if (!context.json) {
    context.print(routeLine(route));
    context.print(weightTable(rows));
  }
  for (const other of route.others) context.say(`stays as it is: ${other}`);
  const shares = sharesOf(rows.map(({ name, is }) => ({ name, weight: is })));
  if (shares !== undefined) context.say(shares);
  const meshes = await inService(file.path, () => writeTraffic(traffic, wanted), context.signal);
  context.say(saidOf(meshes));
  if (context.json) {
    context.printJson({
      success: true,
      host,
      route: routeJson(route),
      subsets: rows,
      written: meshes !== undefined,
      meshes: (meshes ?? []).map(({ mesh: { pid }, milliseconds }) => ({ pid, milliseconds })),
    });
  }
  return exitCodes.ok;
}
