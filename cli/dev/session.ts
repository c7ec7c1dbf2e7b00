import { isDeepStrictEqual } from "node:util";
import { type Diagnostic, MeshscriptError, diagnostic, render } from "../../diagnostics/index.ts";
import { type Envoy, openHost } from "../../harness/index.ts";
import type { DebugCompiler, TracedModule } from "../../modules/index.ts";
import type { Context } from "../command.ts";
import { refuseNetworkFilter } from "../modules.ts";
import { checkJson } from "../run/options.ts";
import { explained } from "../run/refusal.ts";
import { FilterCases } from "./cases.ts";
import type { ExtensionConfigs, Served } from "./extension-configs.ts";
import { type DevFilter, textOf } from "./filters.ts";
import { type Failing, type Outcome, changeLine, clock } from "./lines.ts";
import { tracedOnDemand } from "./traced.ts";
import type { Change } from "./watch.ts";

/** How many modules' traps can still be read: streams end on the module on which they began. */
const TRACED = 4;
/** How long a module may take for each callback of its start. */
const CALLBACK_LIMIT = "5s";

/** What `meshscript dev` knows of one filter. */
class Working {
  served: Served | undefined;
  /** When `served` came into service. */
  since = new Date();
  /** The sources of the last compilation, relative to the project. */
  sources = new Set<string>();
  /** The path of the last module that compiled: a configuration goes with it while the sources are broken. */
  module: string | undefined;
  /** What kept the last change from service, as it was shown. */
  shown: readonly Diagnostic[] = [];
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
  unconfigured: boolean;
}

/** What kept a change from service. */
interface Failed {
  failed: Failing;
  findings: readonly Diagnostic[];
  unconfigured: boolean;
}

/** A filter that a change is about. */
interface Touched {
  working: Working;
  /** The files to name. */
  files: readonly string[];
  config: boolean;
  /** Undefined when only its cases changed. */
  renewed?: Renewed | Failed;
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

  /** From now on changes go to this Envoy; without one they wait for the next. */
  serve(envoy: Envoy | undefined): void {
    this.envoy = envoy;
  }

  /** Builds what there is before anything runs. */
  async begin(): Promise<void> {
    for (const working of this.working) {
      const renewed = await this.renew(working, { sources: true });
      if (!("failed" in renewed)) continue;
      this.show(renewed.findings);
      working.shown = renewed.findings;
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

  /**
   * One line for a change of each filter that it is about, and what is wrong below it.
   * @param launch starts an Envoy: called when the change makes all complete and none runs
   */
  async change({ files, saved }: Change, launch: () => Promise<void>): Promise<void> {
    const touched: Touched[] = [];
    for (const working of this.working) {
      const { filter, sources } = working;
      const own = files.filter((file) => file.startsWith(`${filter.assembly}/`) || sources.has(file));
      const config = files.includes(filter.config);
      const ofCases = files.includes(filter.cases);
      if (own.length === 0 && !config && !ofCases) continue;
      const named = [...own, ...(config ? [filter.config] : []), ...(ofCases ? [filter.cases] : [])];
      const renewed = own.length > 0 || config ? await this.renew(working, { sources: own.length > 0 }) : undefined;
      touched.push({ working, files: named, config, ...(renewed ? { renewed } : {}) });
    }
    const first = this.envoy === undefined && this.complete;
    if (first) await launch();
    const now = Date.now();
    for (const { working, files: named, config, renewed } of touched) {
      const unconfigured = config && renewed?.unconfigured === true;
      if (renewed && "failed" in renewed) {
        this.tellFailure(working, named, renewed, unconfigured);
        continue;
      }
      if (renewed) working.shown = [];
      const live = first ? now : renewed?.live;
      const took = renewed?.live === undefined || live === undefined ? undefined : { ...renewed, live: live - saved };
      // A new module can break any case; a new configuration breaks none, since cases bring their own. The first time all run, below.
      const run = first ? undefined : await working.cases.run(this.modules());
      this.say(named, { ...(renewed ? { swap: took ?? "none" } : {}), ...(run ? { cases: run } : {}), unconfigured });
      this.show(run?.findings ?? []);
    }
    if (first) await this.allCases();
  }

  /** What was shown the last time is not shown again: the file behind it was renamed, or something else was saved. */
  private tellFailure(working: Working, files: readonly string[], { failed, findings }: Failed, unconfigured: boolean): void {
    const again = isDeepStrictEqual(findings, working.shown);
    this.say(files, { failed: { what: failed, again, ...(working.served ? { since: working.since } : {}) }, unconfigured });
    if (!again) this.show(findings);
    working.shown = findings;
  }

  private async renew(working: Working, { sources }: { sources: boolean }): Promise<Renewed | Failed> {
    const { filter } = working;
    let failed: Failing = "module";
    let unconfigured = false;
    try {
      const started = performance.now();
      if (sources) working.module = await this.compile(working);
      const { module, served: before } = working;
      const times = sources ? { compiled: performance.now() - started } : {};
      // The sources have not compiled yet: the configuration is read again when they do.
      if (module === undefined) return { ...times, unconfigured };
      failed = "configuration";
      const text = textOf(filter.config, this.context.io.cwd, "MS0101");
      const config = text?.trim() === "" ? undefined : text;
      unconfigured = config === undefined;
      const next: Served = { name: filter.name, wasm: module, ...(config === undefined ? {} : { config }) };
      if (before !== undefined && before.wasm === next.wasm && before.config === next.config) return { ...times, unconfigured };
      if (config !== undefined) checkJson(config, filter.config);
      await this.attempt(next, filter);
      const trying = performance.now();
      const reason = await this.handOver(next);
      if (reason !== undefined) throw new MeshscriptError(diagnostic("MS0403", `Envoy refused ${filter.name}: ${reason}`));
      working.served = next;
      working.since = new Date();
      return { ...times, swapped: performance.now() - trying, live: Date.now(), unconfigured };
    } catch (error) {
      if (!(error instanceof MeshscriptError)) throw error;
      if (error.code === "MS0103" || error.code === "MS0705") failed = "start";
      return { failed, findings: error.diagnostics, unconfigured };
    }
  }

  /** @returns why Envoy refused. One that ends meanwhile refuses nothing: the next finds what was written. */
  private async handOver(next: Served): Promise<string | undefined> {
    const { envoy } = this;
    if (!envoy?.running) return this.configs.write(next);
    try {
      return await this.configs.swap(next, envoy);
    } catch (error) {
      if (envoy.running) throw error;
      return this.configs.write(next);
    }
  }

  /** @returns the path of the module */
  private async compile(working: Working): Promise<string> {
    const { name, entry } = working.filter;
    try {
      const module = await this.compiler.compile(name, entry);
      const path = await this.configs.place(name, module);
      this.show(module.warnings);
      refuseNetworkFilter(name, path);
      this.traced.unshift(tracedOnDemand(path, module));
      this.traced.length = Math.min(this.traced.length, TRACED * this.working.length);
      return path;
    } finally {
      working.sources = new Set([...this.compiler.sources, entry]);
    }
  }

  /** In process first: a module that refuses its configuration, or traps or loops while it starts, never reaches Envoy. */
  private async attempt({ name, wasm, config }: Served, filter: DevFilter): Promise<void> {
    try {
      const plugin = { name, wasm, ...(config === undefined ? {} : { config }) };
      const host = await openHost({ plugins: [plugin], callbackLimit: CALLBACK_LIMIT });
      await host.stop();
    } catch (error) {
      // A host function or an option that only Envoy has is no reason: Envoy decides then.
      if (!(error instanceof MeshscriptError) || (error.code !== "MS0402" && error.code !== "MS0705")) return;
      const sources = new Map(config === undefined ? [] : [[name, { file: filter.config, text: config }]]);
      throw explained(error, { sources, traced: this.traced, cwd: this.context.io.cwd });
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
