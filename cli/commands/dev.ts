import { join, resolve } from "node:path";
import { exitCodes } from "../../diagnostics/index.ts";
import { type Envoy, cacheDirectory, newRunDirectory, openEnvoy, openRunDirectory, provision, wantedVersion } from "../../harness/index.ts";
import { DebugCompiler } from "../../modules/index.ts";
import type { Command, Context } from "../command.ts";
import { ExtensionConfigs } from "../dev/extension-configs.ts";
import { type DevFilter, devFilters } from "../dev/filters.ts";
import { Session } from "../dev/session.ts";
import { Watch } from "../dev/watch.ts";
import { usage } from "../parse.ts";
import { filterBootstrap } from "../run/bootstrap.ts";
import { type EnvoyFlags, envoyFlags } from "../run/envoy-flags.ts";
import { portNumber, upstreamAddress } from "../run/options.ts";
import { Output } from "../run/output.ts";
import type { RunPlan } from "../run/plan.ts";
import { checkPorts } from "../run/ports.ts";
import { seconds } from "../text.ts";

/** `meshscript dev`: an Envoy that has every change a moment after it was saved. */
export const dev: Command = {
  name: "dev",
  summary: "run Envoy with the filters of the project and put every change into service as it is saved",
  description: [
    "One listener on 127.0.0.1 with the project's filters (config.json beside each is its configuration) in front of an upstream. A change of the sources is compiled with assertions, tried in process, and handed to the running Envoy by extension config discovery (ECDS): no request is lost, requests under way end on the old module, shared data and metrics stay. A change of config.json is handed over alone.",
    "Then the cases of cases.yaml that it may affect run on the in-process host. Each change is one line with the time from the save until every worker serves it. What does not compile, or refuses its configuration, is shown with its place, and the old module goes on serving.",
    "Traps in Envoy's log are shown with file:line:column. Ctrl-C stops Envoy and everything with it.",
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
    environment: "Envoy or the SDK is missing, a port is in use, or Envoy did not start",
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
    const plan = planOf(context, { filters, runDir, temporary: kept === undefined, configs, envoyOptions });
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
    let running: Running | undefined;
    try {
      const tools = provision({ env: io.env, version: await wantedVersion(io.cwd), progress: (line) => say(`meshscript: ${line}`) });
      tools.catch(() => undefined);
      await watch.ready;
      let asOf = Date.now();
      watch.know(session.files(), asOf);
      await session.begin();
      if (!session.complete) say("waiting for a change");
      for (;;) {
        watch.know(session.files(), asOf);
        if (running === undefined && session.complete && !signal.aborted) {
          running = await start(context, plan, session, await tools);
          await session.allCases();
          // Envoy that ends by itself ends this, too.
          void running.envoy.ended.then(() => watch.close());
        }
        const change = await watch.next();
        if (change === undefined) break;
        asOf = Date.now();
        await session.change(change);
      }
      await running?.output.quiet();
    } finally {
      await watch.close();
      await compiler.close();
      if (!signal.aborted) await running?.output.stop();
      await running?.envoy.stop();
      await running?.output.stop();
      await directory.remove();
    }
    if (running === undefined) return exitCodes.interrupted;
    say("stopped");
    return exitCodes.ok;
  },
};

interface Running {
  envoy: Envoy;
  output: Output;
}

interface Parts {
  filters: readonly DevFilter[];
  runDir: string;
  temporary: boolean;
  configs: ExtensionConfigs;
  envoyOptions: Omit<EnvoyFlags, "config">;
}

function planOf({ flags }: Context, { filters, runDir, temporary, configs, envoyOptions }: Parts): RunPlan {
  const upstream = flags.text("upstream");
  const names = filters.map(({ name }) => name);
  const config = filterBootstrap({
    filters: names.map((name) => ({ ...configs.entry(name), name })),
    port: portNumber(flags.text("port") ?? "10000"),
    accessLog: join(runDir, "access.log"),
    ...(upstream === undefined ? {} : { upstream: upstreamAddress(upstream) }),
  });
  const more = upstream === undefined ? {} : { upstream };
  return { config, filters: names, modules: [], sources: new Map(), runDir, temporary, envoy: envoyOptions, ...more };
}

async function start(context: Context, plan: RunPlan, session: Session, tools: Awaited<ReturnType<typeof provision>>): Promise<Running> {
  const output = new Output(context, plan, session.traced);
  const started = performance.now();
  try {
    const envoy = await openEnvoy({
      config: plan.config,
      tools,
      runDir: plan.runDir,
      cwd: context.io.cwd,
      componentLogLevel: "wasm:info",
      ...plan.envoy,
      signal: context.signal,
    });
    session.serve(envoy);
    output.ready(envoy, seconds(performance.now() - started));
    return { envoy, output };
  } catch (error) {
    await output.stop();
    throw error;
  }
}
