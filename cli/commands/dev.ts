import { join, resolve } from "node:path";
import { exitCodes } from "../../diagnostics/index.ts";
import { cacheDirectory, newRunDirectory, openRunDirectory } from "../../harness/index.ts";
import { DebugCompiler } from "../../modules/index.ts";
import type { Command, Context } from "../command.ts";
import { ExtensionConfigs } from "../dev/extension-configs.ts";
import { type DevFilter, devFilters } from "../dev/filters.ts";
import { Serving } from "../dev/serving.ts";
import { Session } from "../dev/session.ts";
import { type Change, Watch } from "../dev/watch.ts";
import { usage } from "../parse.ts";
import { filterBootstrap } from "../run/bootstrap.ts";
import { type EnvoyFlags, envoyFlags } from "../run/envoy-flags.ts";
import { portNumber, upstreamAddress } from "../run/options.ts";
import type { RunPlan } from "../run/plan.ts";
import { checkPorts } from "../run/ports.ts";
import { toolsFor } from "../tools.ts";

/** `meshscript dev`: an Envoy that has every change a moment after it was saved. */
export const dev: Command = {
  name: "dev",
  summary: "run Envoy with the filters of the project and put every change into service as it is saved",
  description: [
    "One listener on 127.0.0.1 with the project's filters (config.json beside each is its configuration) in front of an upstream. A change of the sources is compiled with assertions, tried in process, and handed to the running Envoy by extension config discovery (ECDS): no request is lost, requests under way end on the old module, shared data and metrics stay. A change of config.json is handed over alone.",
    "Then the cases of cases.yaml that it may affect run on the in-process host. Each change is one line with the time from the save until every worker serves it. What does not compile, refuses its configuration, or traps or loops while it starts, is shown with its place, and the old module goes on serving.",
    "Traps in Envoy's log are shown with file:line:column. An Envoy that ends by itself is told and started again, on the same port, unless it had just begun. Ctrl-C stops Envoy and everything with it.",
  ],
  rest: "Envoy's flags",
  flags: {
    filter: {
      type: "string",
      short: "f",
      value: "NAME",
      multiple: true,
      description: "filter to work on, in the order of the chain",
      default: "the only one of the project",
    },
    upstream: { type: "string", value: "HOST:PORT", default: "Envoy answers 200 by itself", description: "where requests go" },
    port: { type: "string", value: "PORT", default: "10000", description: "port on 127.0.0.1; 0 takes a free one" },
    "run-dir": {
      type: "string",
      value: "DIR",
      default: "a folder in the cache, removed at the end unless something failed",
      description: "where modules, configuration and logs go; kept",
    },
  },
  examples: [
    { title: "in the folder of a filter", command: "meshscript dev" },
    { title: "in front of a service", command: "meshscript dev --upstream 127.0.0.1:8080" },
    { title: "one of several filters; Envoy's own flags after --", command: "meshscript dev --filter tracing --port 0 -- --concurrency 2" },
  ],
  exits: {
    environment: "Envoy or the SDK is missing, a port is in use, or Envoy did not start or ended a moment later",
    interrupted: "Ctrl-C before Envoy was ready, or a second one",
  },
  stopsItself: true,
  async run(context) {
    const { io, say, flags, rest, signal } = context;
    const { config: _, ...envoyOptions } = envoyFlags(rest);
    if (_ !== undefined) throw usage("MS0504", "dev writes Envoy's configuration itself", "`meshscript run -c FILE` runs one");
    const filters = await devFilters(flags.texts("filter"), io.cwd);
    const kept = flags.text("run-dir");
    const runDir = kept === undefined ? newRunDirectory(cacheDirectory(io.env)) : resolve(io.cwd, kept);
    const configs = new ExtensionConfigs(runDir);
    const planWith = (port?: number) => planOf(context, { filters, runDir, temporary: kept === undefined, configs, envoyOptions, port });
    const plan = planWith();
    await checkPorts(plan.config);
    const directory = await openRunDirectory(runDir, { temporary: plan.temporary });
    const compiler = new DebugCompiler(io.cwd);
    const session = new Session(context, filters, compiler, configs);
    const watch = new Watch(
      io.cwd,
      filters.flatMap(({ assembly, config, cases }) => [assembly, config, cases]),
    );
    signal.addEventListener("abort", () => void watch.close(), { once: true });
    // Ctrl-C may have come while the ports were looked at.
    if (signal.aborted) await watch.close();
    const tools = toolsFor(context);
    tools.catch(() => undefined);
    const serving = new Serving(context, planWith, session, tools);
    try {
      await watch.ready;
      let asOf = Date.now();
      watch.know(session.files(), asOf);
      await session.begin();
      if (!session.complete) say("waiting for a change");
      else if (!signal.aborted) {
        await serving.start();
        await session.allCases();
      }
      let next: Promise<Change | undefined> | undefined;
      for (;;) {
        watch.know(session.files(), asOf);
        next ??= watch.next();
        const event = await Promise.race([next, serving.ended()]);
        if (event === undefined || signal.aborted) break;
        if (event === "ended") {
          // Somebody will want to look.
          directory.keep();
          await serving.startAgain();
          continue;
        }
        next = undefined;
        asOf = Date.now();
        await session.change(event, () => serving.start());
      }
      await serving.quiet();
    } finally {
      await watch.close();
      await compiler.close();
      await serving.stop();
      await directory.remove();
    }
    if (!serving.began) return exitCodes.interrupted;
    say("stopped");
    return exitCodes.ok;
  },
};

interface Parts {
  filters: readonly DevFilter[];
  runDir: string;
  temporary: boolean;
  configs: ExtensionConfigs;
  envoyOptions: Omit<EnvoyFlags, "config">;
  port: number | undefined;
}

function planOf({ flags }: Context, { filters, runDir, temporary, configs, envoyOptions, port }: Parts): RunPlan {
  const upstream = flags.text("upstream");
  const names = filters.map(({ name }) => name);
  const config = filterBootstrap({
    filters: names.map((name) => ({ name, entry: configs.entry(name) })),
    port: port ?? portNumber(flags.text("port") ?? "10000"),
    accessLog: join(runDir, "access.log"),
    ...(upstream === undefined ? {} : { upstream: upstreamAddress(upstream) }),
  });
  const more = upstream === undefined ? {} : { upstream };
  return { config, filters: names, modules: [], sources: new Map(), runDir, temporary, envoy: envoyOptions, ...more };
}
