import { type Diagnostic, MeshscriptError, diagnostic, render } from "../../diagnostics/index.ts";
import { type Envoy, openHost } from "../../harness/index.ts";
import { type DebugCompiler, type TracedModule, openTraced } from "../../modules/index.ts";
import type { Context } from "../command.ts";
import { explained } from "../run/refusal.ts";
import { FilterCases } from "./cases.ts";
import type { ExtensionConfigs, Served } from "./extension-configs.ts";
import { type DevFilter, textOf } from "./filters.ts";
import { type Outcome, changeLine, clock } from "./lines.ts";
import type { Change } from "./watch.ts";

/** How many modules' traps can still be read: streams end on the module on which they began. */
const TRACED = 4;

/** What `meshscript dev` knows of one filter. */
class Working {
  served: Served | undefined;
  /** When `served` came into service. */
  since = new Date();
  /** The sources of the last compilation, relative to the project. */
  sources = new Set<string>();
  /** The path of the last module that compiled: a configuration goes with it while the sources are broken. */
  module: string | undefined;
  readonly cases: FilterCases;

  constructor(
    readonly filter: DevFilter,
    cwd: string,
  ) {
    this.cases = new FilterCases(filter, cwd);
  }
}

/** What a renewal did, in milliseconds. */
interface Renewed {
  compiled?: number;
  swapped?: number;
  /** The time of day when every worker had it; absent when there was nothing to hand over. */
  live?: number;
}

/** What kept a change from service. */
interface Failed {
  failed: "module" | "configuration";
  findings: readonly Diagnostic[];
}

/** From changed files to a running Envoy: compile, try in process, hand over, run the cases. */
export class Session {
  /** For the log: the modules that may still trap. */
  readonly traced: TracedModule[] = [];
  private readonly working: Working[];
  private envoy: Envoy | undefined;

  constructor(
    private readonly context: Context,
    filters: readonly DevFilter[],
    private readonly compiler: DebugCompiler,
    private readonly configs: ExtensionConfigs,
  ) {
    this.working = filters.map((filter) => new Working(filter, context.io.cwd));
  }

  /** Every file that matters so far. */
  *files(): Iterable<string> {
    for (const { filter, sources } of this.working) yield* [filter.config, filter.cases, ...sources];
  }

  /** Whether each filter has a module and a configuration that can run. */
  get complete(): boolean {
    return this.working.every(({ served }) => served !== undefined);
  }

  /** From now on changes go to this Envoy. */
  serve(envoy: Envoy): void {
    this.envoy = envoy;
  }

  /** Builds what there is before anything runs. */
  async begin(): Promise<void> {
    for (const working of this.working) {
      const renewed = await this.renew(working, { sources: true });
      if ("failed" in renewed) this.show(renewed.findings);
    }
  }

  /** The cases of every filter, all of them; one line each. */
  async allCases(): Promise<void> {
    for (const { filter, cases } of this.working) {
      const run = await cases.run(this.modules());
      if (run === undefined) continue;
      this.say([filter.cases], { cases: run });
      this.show(run.findings);
    }
  }

  /** One line for a change, and what is wrong below it. */
  async change({ files, saved }: Change): Promise<void> {
    for (const working of this.working) {
      const { filter, sources } = working;
      const own = files.filter((file) => file.startsWith(`${filter.assembly}/`) || sources.has(file));
      const config = files.includes(filter.config);
      const ofCases = files.includes(filter.cases);
      if (own.length === 0 && !config && !ofCases) continue;
      const named = [...own, ...(config ? [filter.config] : []), ...(ofCases ? [filter.cases] : [])];
      const renewed = own.length > 0 || config ? await this.renew(working, { sources: own.length > 0 }) : undefined;
      if (renewed && "failed" in renewed) {
        this.say(named, { failed: { what: renewed.failed, ...(working.served ? { since: working.since } : {}) } });
        this.show(renewed.findings);
        continue;
      }
      const took = renewed?.live === undefined ? undefined : { ...renewed, live: renewed.live - saved };
      // A new module can break any case; a new configuration breaks none, since cases bring their own.
      const run = await working.cases.run(this.modules());
      this.say(named, { ...(renewed ? { swap: took ?? "none" } : {}), ...(run ? { cases: run } : {}) });
      this.show(run?.findings ?? []);
    }
  }

  private async renew(working: Working, { sources }: { sources: boolean }): Promise<Renewed | Failed> {
    const { filter } = working;
    let failed: Failed["failed"] = "module";
    try {
      const started = performance.now();
      if (sources) working.module = await this.compile(working);
      const { module, served: before } = working;
      const times = sources ? { compiled: performance.now() - started } : {};
      // The sources have not compiled yet: the configuration is read again when they do.
      if (module === undefined) return times;
      failed = "configuration";
      const config = textOf(filter.config, this.context.io.cwd, "MS0101");
      const next: Served = { name: filter.name, wasm: module, ...(config === undefined ? {} : { config }) };
      if (before !== undefined && before.wasm === next.wasm && before.config === next.config) return times;
      await this.attempt(next, filter);
      const trying = performance.now();
      const reason = this.envoy ? await this.configs.swap(next, this.envoy) : await this.configs.write(next);
      if (reason !== undefined) throw new MeshscriptError(diagnostic("MS0403", `Envoy refused ${filter.name}: ${reason}`));
      working.served = next;
      working.since = new Date();
      return { ...times, swapped: performance.now() - trying, live: Date.now() };
    } catch (error) {
      if (!(error instanceof MeshscriptError)) throw error;
      return { failed, findings: error.diagnostics };
    }
  }

  /** @returns the path of the module */
  private async compile(working: Working): Promise<string> {
    const { name, entry } = working.filter;
    try {
      const module = await this.compiler.compile(name, entry);
      const path = await this.configs.place(name, module);
      this.show(module.warnings);
      this.traced.unshift(openTraced(path));
      this.traced.length = Math.min(this.traced.length, TRACED * this.working.length);
      return path;
    } finally {
      working.sources = new Set([...this.compiler.sources, entry]);
    }
  }

  /** In process first: a module that refuses its configuration, or traps while it starts, never reaches Envoy. */
  private async attempt({ name, wasm, config }: Served, filter: DevFilter): Promise<void> {
    try {
      const host = await openHost({ plugins: [{ name, wasm, ...(config === undefined ? {} : { config }) }] });
      await host.stop();
    } catch (error) {
      // A host function or an option that only Envoy has is no reason: Envoy decides then.
      if (!(error instanceof MeshscriptError) || error.code !== "MS0402") return;
      throw explained(error, new Map(config === undefined ? [] : [[name, { file: filter.config, text: config }]]));
    }
  }

  private modules(): Map<string, string> {
    return new Map(this.working.flatMap(({ filter, served }) => (served === undefined ? [] : [[filter.name, served.wasm] as const])));
  }

  private say(files: readonly string[], outcome: Outcome): void {
    this.context.say(`${clock(new Date())}  ${changeLine(files, outcome, this.context.color.stderr)}`);
  }

  private show(findings: readonly Diagnostic[]): void {
    if (findings.length > 0) this.context.say(render(findings, { color: this.context.color.stderr }).trimEnd());
  }
}
