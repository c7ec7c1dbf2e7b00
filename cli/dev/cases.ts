import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Diagnostic, MeshscriptError } from "../../diagnostics/index.ts";
import type { Case, Cases } from "../../harness/cases/case.ts";
import { parseCases } from "../../harness/cases/load.ts";
import { withModules } from "../../harness/cases/modules.ts";
import { openHostTarget } from "../../harness/cases/on-host.ts";
import { outcomeOf } from "../../harness/cases/outcome.ts";
import type { RunnableCase } from "../../harness/cases/target.ts";
import { isTooDeep, tooDeep } from "../check/too-deep.ts";
import { shortPath } from "../text.ts";
import { type DevFilter, textOf } from "./filters.ts";

export interface CasesRun {
  passed: number;
  failed: number;
  /** Of those that failed, how many did so in the same words the last time. */
  repeated: number;
  /** Of what failed otherwise. */
  findings: Diagnostic[];
}

/** The cases of a filter on the in-process host: milliseconds, and Envoy goes on serving meanwhile. */
export class FilterCases {
  /** What the last run saw: the cases, and what was wrong with them. */
  private last: { one: Case; upstreams: Cases["upstreams"]; said: string[] }[] = [];
  private modules: ReadonlyMap<string, string> = new Map();

  constructor(
    private readonly filter: DevFilter,
    private readonly cwd: string,
  ) {}

  /**
   * Runs all of them with modules that it has not seen the last time; otherwise those that are new, changed, or failed.
   * @param modules the path of each filter's module, by the filter's name
   * @returns undefined when there are none to run
   */
  async run(modules: ReadonlyMap<string, string>): Promise<CasesRun | undefined> {
    const all = !isDeepStrictEqual(modules, this.modules);
    this.modules = modules;
    let cases: Cases;
    let runnable: RunnableCase[];
    try {
      const text = textOf(this.filter.cases, this.cwd, "MS0801");
      if (text === undefined) return undefined;
      cases = parseCases(text, join(this.cwd, this.filter.cases));
      // A file that names no module gets its filter's.
      runnable = withModules(cases, cases.wasm === undefined ? modules.get(this.filter.name) : undefined);
    } catch (error) {
      if (!(error instanceof MeshscriptError)) throw error;
      const findings = isTooDeep(error) ? [tooDeep(error, "MS0801")] : error.diagnostics;
      return { passed: 0, failed: 0, repeated: 0, findings: findings.map((finding) => this.shown(finding)) };
    }
    const run: CasesRun = { passed: 0, failed: 0, repeated: 0, findings: [] };
    const seen: typeof this.last = [];
    for (const [index, one] of runnable.entries()) {
      if (one.skip.host !== undefined) continue;
      const source = cases.cases[index] as Case;
      const before = this.last.find((entry) => entry.one.name === source.name);
      const same =
        before !== undefined &&
        isDeepStrictEqual(placeless(before.one), placeless(source)) &&
        isDeepStrictEqual(before.upstreams, cases.upstreams);
      if (!all && same && before.said.length === 0) {
        seen.push({ ...before, one: source });
        continue;
      }
      const findings = await this.one(cases, {
        ...one,
        chain: one.chain.map((plugin) => ({ ...plugin, wasm: this.current(plugin.wasm, modules) })),
      });
      const said = findings.map(({ message }) => message);
      seen.push({ one: source, upstreams: cases.upstreams, said });
      if (findings.length === 0) {
        run.passed++;
        continue;
      }
      run.failed++;
      if (before !== undefined && isDeepStrictEqual(before.said, said)) run.repeated++;
      else run.findings.push(...findings.map((finding) => this.shown(finding)));
    }
    this.last = seen;
    return run.passed + run.failed === 0 ? undefined : run;
  }

  /** As the user names the file. */
  private shown(finding: Diagnostic): Diagnostic {
    const { location } = finding;
    return location === undefined ? finding : { ...finding, location: { ...location, file: shortPath(location.file, this.cwd) } };
  }

  /** What is wrong: also what cannot be run at all, in the words of the error. */
  private one(cases: Cases, one: RunnableCase): Promise<Diagnostic[]> {
    return outcomeOf(cases, one, () => openHostTarget(cases, one));
  }

  /** `build/NAME.wasm` of a filter that is worked on stands for what was just compiled. */
  private current(wasm: string, modules: ReadonlyMap<string, string>): string {
    for (const [name, path] of modules) {
      if (wasm === join(this.cwd, "build", `${name}.wasm`) || wasm === join(this.cwd, this.filter.folder, "build", `${name}.wasm`))
        return path;
    }
    return wasm;
  }
}

/** A case without where it stands: lines above it move it, and change nothing. */
function placeless(one: Case): unknown {
  const { index: _, place: __, ...rest } = one;
  return JSON.parse(
    JSON.stringify(rest, (key, value: unknown) => (key === "place" || (key === "path" && Array.isArray(value)) ? undefined : value)),
  );
}
