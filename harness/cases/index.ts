export type { Case, CasePlugin, CaseRequest, Cases } from "./case.ts";
export type { RuleCoverage } from "./coverage.ts";
export { loadCases, parseCases } from "./load.ts";
export type { ModulePaths } from "./modules.ts";
export type { Expectation, HeaderExpectation, HostName } from "./schema.ts";
export { type RunCases, type RunCasesOptions, runCases } from "./vitest.ts";
