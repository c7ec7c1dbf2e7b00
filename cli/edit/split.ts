import { exitCodes } from "../../diagnostics/index.ts";
import { checkSubsets, labelOf, split } from "../../mesh/edit/destinations.ts";
import { described, placeOf } from "../../mesh/edit/route.ts";
import { readTraffic, writeTraffic } from "../../mesh/edit/traffic.ts";
import type { Context } from "../command.ts";
import { columns } from "../text.ts";
import { inService, saidOf } from "./in-service.ts";
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
  const place = placeOf(route);
  if (!context.json) {
    context.print(`${place}: ${described(route)}: ${route.why}`);
    context.print(columns([["SUBSET", "WAS", "IS"], ...rows.map(({ name, was, is }) => [name, String(was), String(is)])]));
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
      route: { place, name: described(route), why: route.why, others: route.others },
      subsets: rows,
      written: meshes !== undefined,
      meshes: (meshes ?? []).map(({ mesh: { pid }, milliseconds }) => ({ pid, milliseconds })),
    });
  }
  return exitCodes.ok;
}
