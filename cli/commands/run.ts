import { relative } from "node:path";
import { MeshscriptError, exitCodes, render } from "../../diagnostics/index.ts";
import { type Envoy, openEnvoy, openRunDirectory, validateConfig } from "../../harness/index.ts";
import { verifyModule } from "../../modules/index.ts";
import type { Command, Context } from "../command.ts";
import { isFatal, tracedModules } from "../modules.ts";
import { Output } from "../run/output.ts";
import { type RunPlan, planOf } from "../run/plan.ts";
import { checkPorts } from "../run/ports.ts";
import { explained } from "../run/refusal.ts";
import { seconds, shortPath } from "../text.ts";
import { toolsFor } from "../tools.ts";

/** `meshscript run`: an Envoy in the foreground. */
export const run: Command = {
  name: "run",
  summary: "run Envoy with a configuration, or with filters in front of an upstream",
  description: [
    "With --config Envoy gets that file: its ports, its admin, paths relative to the working directory. With --filter meshscript writes the configuration: one listener on 127.0.0.1, the filters in the order given, the upstream. Envoy runs through func-e when there is one.",
    "What the modules log and Envoy's warnings go to stderr. With --filter each request is a line on stdout with what the filters decided; with --config stdout carries what the configuration logs to /dev/stdout. Ctrl-C stops Envoy and everything with it; a second one does not wait.",
    "NAME is a module in build/ (of the working directory, then of meshscript) or a path that ends with .wasm. Its configuration is a JSON file or JSON itself.",
  ],
  rest: "Envoy's flags",
  flags: {
    config: { type: "string", short: "c", value: "FILE", description: "Envoy bootstrap, YAML or JSON" },
    filter: { type: "string", short: "f", value: "NAME[=CONFIG]", multiple: true, description: "wasm filter to run" },
    upstream: {
      type: "string",
      value: "HOST:PORT",
      default: "Envoy answers 200 by itself",
      description: "where requests go, with --filter",
    },
    port: { type: "string", value: "PORT", default: "10000", description: "port on 127.0.0.1, with --filter; 0 takes a free one" },
    "run-dir": {
      type: "string",
      value: "DIR",
      default: "a folder in the cache, removed at the end unless something failed",
      description: "where configuration and logs go; kept",
    },
    validate: { type: "boolean", description: "only ask Envoy whether it takes the configuration; opens no port" },
  },
  examples: [
    { title: "the tracing filter in front of a service", command: "meshscript run --filter tracing --upstream 127.0.0.1:8080" },
    { title: "with a configuration, without any service", command: `meshscript run --filter 'tracing={"response":{"serverTiming":true}}'` },
    {
      title: "two filters, one of them a file",
      command: "meshscript run --filter tracing=tracing.json --filter ./my/filter.wasm --port 0",
    },
    {
      title: "a whole configuration; Envoy's own flags after --",
      command: "meshscript run -c envoy-configs/tracing.yaml -- --log-level debug",
    },
    { title: "would Envoy take it?", command: "meshscript run -c envoy.yaml --validate" },
  ],
  exits: {
    data: "Envoy or a filter refuses the configuration",
    environment: "Envoy is missing, a port is in use, or Envoy did not start",
    interrupted: "Ctrl-C before Envoy was ready, or a second one",
  },
  stopsItself: true,
  async run(context) {
    const plan = await planOf(context);
    checkModules(plan, context);
    const tools = await unlessInterrupted(context.signal, toolsFor(context));
    const known = { sources: plan.sources, traced: tracedModules(plan.modules), cwd: context.io.cwd };
    if (context.flags.on("validate")) {
      await validateConfig(plan.file ?? plan.config, { cwd: context.io.cwd, tools }).catch((error: unknown) => {
        throw explained(error, known);
      });
      if (context.json) context.printJson({ success: true, envoy: tools.envoy });
      else context.say(`√ Envoy ${tools.envoy.version} takes ${plan.file === undefined ? "it" : relative(context.io.cwd, plan.file)}`);
      return exitCodes.ok;
    }
    await checkPorts(plan.config);
    const directory = await openRunDirectory(plan.runDir, { temporary: plan.temporary });
    const output = new Output(context, plan, known.traced);
    const started = performance.now();
    const envoy = await openEnvoy({
      config: plan.file ?? plan.config,
      tools,
      runDir: plan.runDir,
      cwd: context.io.cwd,
      // Modules' own debug lines only on demand: at that level they build every message.
      componentLogLevel: "wasm:info",
      ...plan.envoy,
      signal: context.signal,
    }).catch(async (error: unknown) => {
      await output.stop();
      const shown = explained(error, known);
      // Nobody will look at a folder that the message does not name.
      const unnamed = shown instanceof MeshscriptError && !shown.message.includes(directory.path);
      if (context.signal.aborted || unnamed) await directory.remove();
      throw shown;
    });
    output.ready(envoy, seconds(performance.now() - started));
    await stopped(envoy, context.signal);
    await output.quiet();
    if (!context.signal.aborted) await output.stop();
    await envoy.stop();
    await output.stop();
    await directory.remove();
    context.say("stopped");
    return exitCodes.ok;
  },
};

/** What is wrong with a module, in the verifier's words: Envoy would say "Unable to create Wasm plugin" and no more. */
function checkModules({ modules }: RunPlan, { io, say, color }: Context): void {
  const findings = modules.flatMap((path) => verifyModule(path, { file: shortPath(path, io.cwd) }));
  if (findings.some(isFatal)) throw new MeshscriptError(findings);
  if (findings.length > 0) say(render(findings, { color: color.stderr }).trimEnd());
}

/** Installing tools takes minutes: Ctrl-C does not wait for it. What runs is ended by the reaper, with this process. */
async function unlessInterrupted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const interrupted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  // Whichever loses the race must not count as unhandled.
  interrupted.catch(() => undefined);
  work.catch(() => undefined);
  return Promise.race([work, interrupted]);
}

/** Resolves on the first Ctrl-C, or when Envoy ends by itself. */
function stopped(envoy: Envoy, signal: AbortSignal): Promise<unknown> {
  const aborted = new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", resolve, { once: true });
  });
  return Promise.race([aborted, envoy.ended]);
}
