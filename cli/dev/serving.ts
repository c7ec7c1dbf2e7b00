import { type Diagnostic, MeshscriptError, render } from "../../diagnostics/index.ts";
import { type Envoy, type Provisioned, openEnvoy } from "../../harness/index.ts";
import type { Context } from "../command.ts";
import { Output } from "../run/output.ts";
import type { RunPlan } from "../run/plan.ts";
import { seconds } from "../text.ts";
import { endedByItself } from "./ended.ts";
import type { Session } from "./session.ts";

/** An Envoy that ends sooner than this would do so again and again. */
const SHORT_MS = 5_000;

interface Running {
  envoy: Envoy;
  output: Output;
  since: number;
}

/** The Envoy of `meshscript dev`, and the next one when it ends by itself. */
export class Serving {
  private running: Running | undefined;
  private starts = 0;
  private port: number | undefined;

  constructor(
    private readonly context: Context,
    /** The plan with this port [as the user asked]. */
    private readonly planWith: (port?: number) => RunPlan,
    private readonly session: Session,
    private readonly tools: Promise<Provisioned>,
  ) {}

  /** Whether there has been one. */
  get began(): boolean {
    return this.starts > 0;
  }

  /** Starts an Envoy with the modules that are there, on the port of the one before. */
  async start(): Promise<void> {
    const { context, session } = this;
    const plan = this.planWith(this.port);
    const tools = await this.tools;
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
      this.starts++;
      this.port = envoy.address().port;
      this.running = { envoy, output, since: performance.now() };
      session.serve(envoy);
      output.ready(envoy, seconds(performance.now() - started));
    } catch (error) {
      await output.stop();
      throw error;
    }
  }

  /** Resolves when Envoy has ended; never while there is none. */
  async ended(): Promise<"ended"> {
    await (this.running?.envoy.ended ?? new Promise(() => undefined));
    return "ended";
  }

  /** Says how Envoy ended, and starts the next. @throws MeshscriptError MS0405 when it was there for a moment only */
  async startAgain(): Promise<void> {
    const { running, context, session } = this;
    if (running === undefined) return;
    const lasted = performance.now() - running.since;
    session.serve(undefined);
    this.running = undefined;
    await running.output.stop();
    const finding: Diagnostic = await endedByItself(running.envoy, this.starts);
    // It tells the same once more, as an error.
    await running.envoy.stop().catch(() => undefined);
    if (lasted < SHORT_MS) throw new MeshscriptError(finding);
    context.say(`${render([finding], { color: context.color.stderr })}starting Envoy again`);
    await this.start();
  }

  /** Shows what there is; of what comes now only the modules' lines. */
  async quiet(): Promise<void> {
    await this.running?.output.quiet();
  }

  async stop(): Promise<void> {
    if (!this.context.signal.aborted) await this.running?.output.stop();
    await this.running?.envoy.stop();
    await this.running?.output.stop();
  }
}
