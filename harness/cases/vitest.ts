import { afterAll, beforeAll, describe, test } from "vitest";
import { type Diagnostic, MeshscriptError, render } from "../../diagnostics/index.ts";
import type { Cases } from "./case.ts";
import { chooseHosts } from "./choose.ts";
import { type RuleCoverage, idleRules, ruleCoverage } from "./coverage.ts";
import { loadCases } from "./load.ts";
import { type ModulePaths, withModules } from "./modules.ts";
import { EnvoyForCases } from "./on-envoy.ts";
import { openHostTarget } from "./on-host.ts";
import { outcomeOf } from "./outcome.ts";
import type { HostName } from "./schema.ts";
import type { RunnableCase, Target } from "./target.ts";

export interface RunCasesOptions {
  /** The module, or the modules by the name in `filter`; relative to the working directory [what the file says in `wasm`]. */
  wasm?: ModulePaths;
  /** Where the cases run; the environment variable MESHSCRIPT_HOSTS (`host`, `envoy`, or both with a comma) restricts it further [both]. */
  hosts?: readonly HostName[];
  /** Each case as it is run in place of the file's: with other filters around, for example [as the file has it]. */
  change?: (one: RunnableCase) => RunnableCase;
  /** A rule that decides in no case is a failure [false: a warning at the end]. */
  requireCoverage?: boolean;
}

export interface RunCases {
  readonly cases: Cases;
  /** Which rule of the configurations decides in which case. Computed once, on the in-process host. */
  coverage(): Promise<readonly RuleCoverage[]>;
}

/**
 * Makes each case of a file a test on the in-process host and one on Envoy. To be called at the top level of a vitest file.
 *
 * @throws Error with every mistake in the file, each with its place and line.
 * @example
 * runCases(new URL("../cases.yaml", import.meta.url), { wasm: "build/ratelimit.wasm", requireCoverage: true });
 */
export function runCases(file: string | URL, options: RunCasesOptions = {}): RunCases {
  const { cases, runnable, hosts } = rendered(() => {
    const loaded = loadCases(file);
    const { change = (one: RunnableCase) => one } = options;
    return { cases: loaded, runnable: withModules(loaded, options.wasm).map(change), hosts: chooseHosts(options.hosts) };
  });
  let computed: Promise<RuleCoverage[]> | undefined;
  const coverage = () => {
    computed ??= ruleCoverage(cases, runnable);
    return computed;
  };
  if (hosts.includes("host")) {
    describe("on the in-process host", () => {
      register("host", cases, runnable, (one) => openHostTarget(cases, one));
    });
  }
  if (hosts.includes("envoy")) {
    // Not at the same time, whatever the project says: the cases share the upstreams.
    describe.sequential("on Envoy", () => {
      const runs = runnable.filter(({ skip }) => skip.envoy === undefined);
      const envoy = new EnvoyForCases(cases, runs);
      beforeAll(() => envoy.start(), 60_000 + 1_000 * runs.length);
      afterAll(() => envoy.stop());
      register("envoy", cases, runnable, (one) => envoy.open(one));
    });
  }
  if (hosts.includes("host")) registerCoverage(coverage, options.requireCoverage ?? false);
  return { cases, coverage };
}

function register(host: HostName, cases: Cases, runnable: readonly RunnableCase[], open: (one: RunnableCase) => Promise<Target>): void {
  for (const one of runnable) {
    const reason = one.skip[host];
    if (reason !== undefined) {
      test.skip(`${one.name} (skipped: ${reason})`);
      continue;
    }
    const last = Math.max(0, ...one.requests.map(({ at }) => at));
    const limit = 30_000 + (host === "envoy" ? last : 0);
    test(one.name, async () => fail(await outcomeOf(cases, one, () => open(one))), limit);
  }
}

function registerCoverage(coverage: () => Promise<readonly RuleCoverage[]>, required: boolean): void {
  if (required) {
    test("each rule of the configurations decides in some case", async () => fail(idleRules(await coverage())), 60_000);
    return;
  }
  afterAll(async () => {
    const idle = idleRules(await coverage());
    if (idle.length > 0) process.stderr.write(`\n${render(idle)}\n`);
  }, 60_000);
}

/** Findings as the failure of a test: as on the command line, and with the place where a stack would point. */
function fail(findings: readonly Diagnostic[]): void {
  if (findings.length > 0) throw failure(findings);
}

function failure(findings: readonly Diagnostic[]): Error {
  const error = new Error(`\n${render(findings, { color: false }).trimEnd()}`);
  error.name = "Case";
  const [at] = findings.map(({ location }) => location);
  error.stack = `${error.name}: ${error.message}\n    at ${at?.file}:${at?.line}:${at?.column}`;
  return error;
}

function rendered<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    throw error instanceof MeshscriptError ? failure(error.diagnostics) : error;
  }
}
