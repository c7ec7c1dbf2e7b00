import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { type Wanted, type WeightedDestination, checkSubsets } from "./destinations.ts";
import { type Paths, type Target, type Traffic, readTraffic, replace, writeTraffic } from "./traffic.ts";
import { type Weights, rampSteps } from "./weights.ts";

export interface RampOptions {
  /** The subset whose share grows. */
  to: string;
  /** The only subset whose share shrinks [all others]. */
  from?: string | undefined;
  steps: number;
}

/** A route whose weights change step by step. Between the steps the files are nobody's: each step reads them again. */
export class RampedTraffic {
  /** Those of the route, and the one that comes. */
  readonly destinations: readonly WeightedDestination[];
  readonly steps: readonly Weights[];
  private written: string | undefined;
  private last: Weights;

  /** @throws MeshscriptError for what `readTraffic` and `checkSubsets` find, and MS1103 for a `from` that the route does not have */
  constructor(
    private readonly paths: () => Paths,
    private readonly target: Target,
    readonly before: Traffic,
    { to, from, steps }: RampOptions,
  ) {
    const { host, route, mesh } = before;
    checkSubsets([to, ...(from === undefined ? [] : [from])], host, mesh, target.namespace);
    const index = (subset: string) => before.destinations.findIndex((each) => each.host === host && each.subset === subset);
    const there = index(to) >= 0;
    this.destinations = there ? before.destinations : [...before.destinations, { host, subset: to, weight: 0 }];
    if (from !== undefined && index(from) < 0) {
      const location = route.resource.at([...route.path, "route"], "key");
      const help = `there are: ${before.destinations.map(({ subset }) => subset || "one without a subset").join(", ")}`;
      throw new MeshscriptError(
        diagnostic("MS1103", `the route has no destination with the subset ${JSON.stringify(from)}`, { location, help }),
      );
    }
    this.last = this.destinations.map(({ weight }) => weight);
    const toIndex = there ? index(to) : before.destinations.length;
    this.steps = rampSteps(this.last, { to: toIndex, from: from === undefined ? undefined : index(from), steps });
  }

  /**
   * Writes the weights of a step.
   * @returns the file's content
   * @throws MeshscriptError MS1104 when somebody has changed the route meanwhile
   */
  async set(weights: Weights): Promise<string> {
    const now = this.read();
    const content = (await writeTraffic(now, this.wanted(weights, now))) ?? now.file.mark + now.file.text;
    this.written = content;
    this.last = weights;
    return content;
  }

  /** Writes what was there before the first step: the same bytes, unless somebody has changed the file since. @returns the file's content */
  async restore(): Promise<string> {
    const { file } = this.before;
    const now = this.read();
    const was = file.mark + file.text;
    if (now.file.mark + now.file.text !== this.written) {
      return this.set(this.destinations.map(({ weight }) => weight));
    }
    await replace(now.file, was);
    return was;
  }

  /** The route as it is written now, and as it was left. */
  private read(): Traffic {
    const now = readTraffic(this.paths(), this.target);
    const same = (each: WeightedDestination, i: number) => {
      const ours = this.destinations[i];
      return each.host === ours?.host && each.subset === ours.subset && each.weight === this.last[i];
    };
    // The one that comes may not have come yet.
    const all = now.destinations.length >= (this.written === undefined ? this.before.destinations.length : this.destinations.length);
    if (all && now.destinations.every(same) && now.file.path === this.before.file.path) return now;
    const location = now.route.resource.at([...now.route.path, "route"], "key");
    const help = "the ramp ends here; begin another one from what is written now";
    throw new MeshscriptError(diagnostic("MS1104", "somebody has changed the route meanwhile", { location, help }));
  }

  private wanted(weights: Weights, now: Traffic): Wanted {
    const destinations = this.destinations.map((each, i) => ({ ...each, weight: weights[i] ?? 0 }));
    return { destinations, present: now.destinations.length };
  }
}
