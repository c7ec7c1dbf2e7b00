import { join, relative } from "node:path";
import type { ConfigObject, Envoy } from "../../harness/index.ts";
import { Backtraces, type TracedModule } from "../../modules/index.ts";
import type { Context } from "../command.ts";
import { shortPath } from "../text.ts";
import { Follower } from "./follow.ts";
import { logLine, requestLine } from "./log-lines.ts";
import type { RunPlan } from "./plan.ts";

/** func-e's own lines on the stdout that it shares with Envoy; the second comes on a busy machine, when Envoy's admin is not there yet. */
const OF_FUNC_E = /^(?:starting: |error Envoy admin URL )/;

/** What `meshscript run` shows while Envoy runs: the banner, log lines on stderr, requests on stdout. */
export class Output {
  private readonly traces: Backtraces;
  private readonly followers: Follower[];
  /** Lines before Envoy is ready: shown after the banner, or dropped when the start fails, since the error carries them. */
  private early: string[] | undefined = [];
  private stopping = false;

  constructor(
    private readonly context: Context,
    private readonly plan: RunPlan,
    /** Modules whose traps are shown with their places in the source; may grow. */
    traced: readonly TracedModule[] = [],
  ) {
    this.traces = new Backtraces(traced);
    const { color, json } = context;
    const verbose = plan.envoy.logLevel !== undefined;
    const inDir = (name: string) => join(plan.runDir, name);
    this.followers = [
      new Follower(inDir("envoy.log"), (line) => {
        const shown = logLine(this.traces.line(line), { color: color.stderr, verbose });
        if (shown === undefined || (this.stopping && !shown.startsWith("wasm "))) return;
        if (this.early) this.early.push(shown);
        else context.say(shown);
      }),
    ];
    // With --json stdout holds one object and nothing else.
    if (json) return;
    if (plan.file === undefined)
      this.followers.push(new Follower(inDir("access.log"), (line) => context.print(requestLine(line, plan.filters))));
    else this.followers.push(new Follower(inDir("stdout.log"), (line) => OF_FUNC_E.test(line) || context.print(line)));
  }

  /** @param took how long the start took, in words. */
  ready(envoy: Envoy, took: string): void {
    const { context, plan } = this;
    const { io, say } = context;
    const { funcE, envoy: binary, notes } = envoy.provisioned;
    const listeners = this.listeners(envoy);
    if (context.json) {
      context.printJson({ success: true, listeners, admin: envoy.adminUrl, runDir: envoy.runDir, pid: envoy.pid, envoy: binary, notes });
    }
    const what = plan.file === undefined ? `with ${plan.filters.join(", ")}` : `with ${relative(io.cwd, plan.file) || plan.file}`;
    say(`√ Envoy ${binary.version} is ready after ${took}, ${what}${funcE ? "" : " (without func-e)"}`);
    for (const { name, url } of listeners) say(`  ${name.padEnd(8)} ${url}${plan.upstream === undefined ? "" : ` -> ${plan.upstream}`}`);
    say(`  admin    ${envoy.adminUrl}`);
    say(`  logs     ${shortPath(envoy.runDir, io.cwd)}`);
    const [first] = listeners;
    if (first) say(`  try      curl -i ${first.url}/`);
    say("  Ctrl-C stops it");
    for (const line of this.early ?? []) say(line);
    this.early = undefined;
  }

  /** Shows what there is; of what comes now only the modules' lines: what Envoy and func-e say when they are told to stop is known. */
  async quiet(): Promise<void> {
    await Promise.all(this.followers.map((follower) => follower.flush()));
    this.stopping = true;
  }

  async stop(): Promise<void> {
    await Promise.all(this.followers.splice(0).map((follower) => follower.stop()));
  }

  /** Static listeners by name; those that come by xDS are in the admin. */
  private listeners(envoy: Envoy): { name: string; url: string }[] {
    const resources = this.plan.config["static_resources"] as ConfigObject | undefined;
    const list = (resources?.["listeners"] as ConfigObject[] | undefined) ?? [];
    return list.flatMap(({ name }) => {
      if (typeof name !== "string") return [];
      try {
        const { host, port } = envoy.address(name);
        return [{ name, url: `http://${host}:${port}` }];
      } catch {
        // Without a socket of its own: an internal listener.
        return [];
      }
    });
  }
}
