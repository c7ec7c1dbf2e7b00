import { setTimeout as delay } from "node:timers/promises";
import { MeshscriptError, diagnostic, exitCodes } from "../../diagnostics/index.ts";
import { labelOf } from "../../mesh/edit/destinations.ts";
import { type RampEnd, type RampEvent, ramp } from "../../mesh/edit/ramp.ts";
import { RampedTraffic } from "../../mesh/edit/ramp-traffic.ts";
import { type Counts, countsOf } from "../../mesh/edit/success-rate.ts";
import { readTraffic } from "../../mesh/edit/traffic.ts";
import type { Weights } from "../../mesh/edit/weights.ts";
import { meshesOn } from "../../mesh/run/taken.ts";
import type { Context } from "../command.ts";
import { usage } from "../parse.ts";
import { inService, saidOf } from "./in-service.ts";
import type { Pace } from "./pace.ts";
import { routeJson, routeLine, weightTable } from "./said.ts";
import { targetOf } from "./target.ts";
import { percent } from "./weights.ts";

export interface Wanted {
  to: string;
  from: string | undefined;
  pace: Pace;
  /** As it was written, and as a rate from 0 to 1. */
  abort: { condition: string; below: number } | undefined;
}

/** Shifts traffic step by step, and says how it goes: the work of `ramp`. */
export async function rampUp(context: Context, { to, from, pace, abort }: Wanted): Promise<number> {
  const { signal, say } = context;
  const { target, paths } = targetOf(context, "ramp");
  const before = readTraffic(paths(), target);
  const { host, route, file } = before;
  const traffic = new RampedTraffic(paths, target, before, { to, from, steps: pace.steps });
  if (abort !== undefined && (await meshesOn(file.path)).length === 0) {
    const help = "start `meshscript up` on these files, or leave --abort-if out";
    throw usage("MS0503", `--abort-if needs a mesh that runs on ${file.name}: nobody counts its requests`, help);
  }
  const { steps, destinations } = traffic;
  const total = steps.length;
  const names = destinations.map((each) => labelOf(each, host));
  const line = (weights: Weights) => names.map((name, i) => `${name} ${weights[i] ?? 0}`).join(", ");
  const original = destinations.map(({ weight }) => weight);
  let current: Weights = original;
  let took = "";
  const put = async (weights: Weights, write: () => Promise<string>) => {
    const written = async () => {
      const content = await write();
      current = weights;
      return content;
    };
    // Not stopped by Ctrl-C: a step is in service before it counts as done.
    took = saidOf(await inService(file.path, written));
  };
  const work = {
    set: (weights: Weights) => put(weights, () => traffic.set(weights)),
    restore: () => put(original, () => traffic.restore()),
    sleep: (milliseconds: number, until: AbortSignal) => delay(milliseconds, undefined, { signal: until }),
  };
  const tell = (event: RampEvent) => {
    if (event.type === "watched") say(watchedLine(event, to));
    else say(`${String(event.step).padStart(String(total).length)}/${total}  ${line(event.weights)}  ${took}`);
  };

  say(routeLine(route));
  for (const other of route.others) say(`stays as it is: ${other}`);
  if (total === 0) say(`nothing to do: ${to} has everything already`);
  const watch = abort && { below: abort.below, counts: () => counted(file.path, host, to) };
  let result: RampEnd;
  try {
    result = await ramp({ steps, each: pace.over / Math.max(total, 1), abort: watch }, work, signal, tell);
  } catch (error) {
    say(`the ramp ends; it has left ${line(current)}`);
    throw error;
  }
  if (result.end === "restored") {
    const message = `${to} answered ${percent(result.rate)} of its requests without a 5xx at step ${result.step} of ${total}: --abort-if ${abort?.condition ?? ""}`;
    throw new MeshscriptError(diagnostic("MS1106", message, { notes: [`the weights are what they were: ${line(current)}; ${took}`] }));
  }
  if (result.end === "stopped") say(`stopped at step ${result.step} of ${total}: ${line(current)}`);
  const rows = names.map((name, i) => ({ name, was: original[i] ?? 0, is: current[i] ?? 0 }));
  const done = result.end === "done";
  if (context.json) context.printJson({ success: done, host, route: routeJson(route), ...result, steps: total, subsets: rows });
  else context.print(weightTable(rows));
  return done ? exitCodes.ok : exitCodes.interrupted;
}

/** @throws MeshscriptError MS1105 when nobody counts any more */
async function counted(file: string, host: string, subset: string): Promise<Counts> {
  const meshes = await meshesOn(file);
  if (meshes.length > 0) return countsOf(meshes, host, subset);
  throw new MeshscriptError(diagnostic("MS1105", `the mesh has ended: nobody counts the requests to ${subset} any more`));
}

function watchedLine({ requests: { completed, failed }, rate }: RampEvent & { type: "watched" }, to: string): string {
  if (rate === undefined) return `${to}: no requests`;
  return `${to}: ${completed} requests, ${failed} of them with 5xx: success rate ${percent(rate)}`;
}
