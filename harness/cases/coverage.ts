import { type Diagnostic, MeshscriptError, type SourceLocation, diagnostic } from "../../diagnostics/index.ts";
import type { Cases } from "./case.ts";
import { fieldName } from "./findings.ts";
import { openHostTarget } from "./on-host.ts";
import { type Rule, rulesOf, without } from "./rules.ts";
import { runCase } from "./run.ts";
import type { Path } from "./source.ts";
import type { RunnableCase, RunnablePlugin } from "./target.ts";

/** What the cases know of one rule of a configuration. */
export interface RuleCoverage {
  /** `sampling.rules[1]` */
  rule: string;
  /** Its name in the configuration, if it has one. */
  name?: string;
  location: SourceLocation;
  /** The first case that fails without it; undefined when there is none. */
  decidesIn?: string;
  /** Why nobody can tell: the module refuses the configuration without it, or cases of the configuration fail as it is. */
  unknown?: "refused" | "failing";
}

/** One configuration as it stands in the file, and the plugins that have it. */
interface Site {
  path: Path;
  config: object;
  users: Map<RunnableCase, Set<RunnablePlugin>>;
}

/**
 * Which rule decides in which case. Each rule is taken out in turn, and the cases of its configuration run again on the in-process host,
 * where time is virtual and chance has a seed: what differs then is the rule's doing. The module need not take part in it.
 *
 * Cases that do not run on the host count for nothing.
 */
export async function ruleCoverage(cases: Cases, all: readonly RunnableCase[]): Promise<RuleCoverage[]> {
  const passing = new Set<RunnableCase>();
  for (const one of all) if (one.skip.host === undefined && one.refused === undefined && (await passes(cases, one))) passing.add(one);
  const found: RuleCoverage[] = [];
  // A configuration that is to be refused decides nothing.
  for (const site of sitesOf(all.filter((one) => one.refused === undefined))) {
    for (const rule of rulesOf(site.config)) found.push(await cover(cases, site, rule, passing));
  }
  return found;
}

/** Cases without a configuration of their own share the file's; aliases in YAML share an object, too. */
function sitesOf(all: readonly RunnableCase[]): Site[] {
  const sites = new Map<object, Site>();
  for (const one of all) {
    for (const plugin of one.chain) {
      const { config } = plugin;
      if (typeof config !== "object" || config === null) continue;
      const site = sites.get(config) ?? { path: plugin.path, config, users: new Map() };
      sites.set(config, site);
      site.users.set(one, (site.users.get(one) ?? new Set()).add(plugin));
    }
  }
  return [...sites.values()];
}

async function cover(cases: Cases, { path, config, users }: Site, rule: Rule, passing: ReadonlySet<RunnableCase>): Promise<RuleCoverage> {
  const base = {
    rule: fieldName(rule.path),
    ...(rule.name === undefined ? {} : { name: rule.name }),
    location: cases.locate([...path, ...rule.path]),
  };
  const changed = without(config, rule);
  for (const [one, plugins] of users) {
    if (!passing.has(one)) continue;
    const chain = one.chain.map((plugin) => (plugins.has(plugin) ? { ...plugin, config: changed } : plugin));
    const verdict = await passes(cases, { ...one, chain });
    if (verdict === undefined) return { ...base, unknown: "refused" };
    if (!verdict) return { ...base, decidesIn: one.name };
  }
  const failing = [...users.keys()].some((one) => one.skip.host === undefined && !passing.has(one));
  return failing ? { ...base, unknown: "failing" } : base;
}

/** undefined when the module refuses its configuration. */
async function passes(cases: Cases, one: RunnableCase): Promise<boolean | undefined> {
  const target = await openHostTarget(cases, one).catch((error: unknown) => {
    if (error instanceof MeshscriptError) return undefined;
    throw error;
  });
  if (!target) return undefined;
  try {
    return (await runCase(cases, one, target)).length === 0;
  } finally {
    await target.close().catch(() => undefined);
  }
}

/** The rules that decide in no case, as findings. */
export function idleRules(coverage: readonly RuleCoverage[]): Diagnostic[] {
  return coverage
    .filter(({ decidesIn, unknown }) => decidesIn === undefined && unknown === undefined)
    .map(({ rule, name, location }) => {
      const called = name === undefined ? "" : ` (${JSON.stringify(name)})`;
      return diagnostic("MS0804", `${rule}${called} decides in no case: without it they all pass`, { location });
    });
}
