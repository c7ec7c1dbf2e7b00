import { isDeepStrictEqual } from "node:util";
import { type Authority, type HttpRequest, type HttpResponse, IncompleteResponse, toPairs } from "../../harness/index.ts";
import type { Mesh } from "../mesh.ts";
import { settledLog } from "../recorder.ts";
import type { TraceTree } from "../trace-tree.ts";
import { type Exchange, watch } from "../watch.ts";

/** A stop of the tour: it shows one thing about one part of the demo. */
export interface TourStep {
  /** The filter that it shows, or `mtls`: without it this step must fail. */
  part: string;
  /** What a reader should believe afterwards, in one line. */
  claim: string;
  run: (step: StepRun) => Promise<void>;
}

/** A step of a filter that tells proxies apart by their certificates: skipped in a mesh whose proxies have none, where the filter is in no chain. */
export function stepWithIdentities(part: string, claim: string, run: (step: StepRun, authority: Authority) => Promise<void>): TourStep {
  return {
    part,
    claim,
    run: async (step) => {
      const { authority } = step.mesh;
      if (authority === undefined) return step.skip("the proxies speak plain HTTP: nobody can be told apart, so the filter is in no chain");
      await run(step, authority);
    },
  };
}

export interface Check {
  what: string;
  ok: boolean;
  /** What was wanted and what came, when it is not ok. */
  detail?: string;
}

/** Something that was seen: a line, or a whole trace. */
export type Seen = { text: string } | { trace: TraceTree };

export interface StepResult {
  part: string;
  claim: string;
  ok: boolean;
  /** Why this demo cannot show it, where that is so. */
  skipped?: string;
  sent: string[];
  seen: Seen[];
  checks: Check[];
}

/** What a step works with: it sends, tells what it saw, and checks. */
export class StepRun {
  readonly sent: string[] = [];
  readonly seen: Seen[] = [];
  readonly checks: Check[] = [];
  /** Why there is nothing to show. */
  skipped: string | undefined;

  constructor(readonly mesh: Mesh) {}

  /** Sends a request to the ingress and gathers all that it caused. */
  async send(request: HttpRequest): Promise<Exchange> {
    this.tell(request);
    return watch(this.mesh, request);
  }

  /** Sends a request past the ingress, straight to the inbound listener of a workload's sidecar; gives its answer, or why there is none. */
  async sendTo(workload: string, request: HttpRequest): Promise<HttpResponse | IncompleteResponse> {
    this.tell(request, `, to the sidecar of ${workload}`);
    const sidecar = this.mesh.envoy(workload);
    try {
      const response = await sidecar.request({ ...request, listener: "inbound" });
      // The next exchange must not find this request in the log.
      await settledLog(sidecar);
      return response;
    } catch (error) {
      if (error instanceof IncompleteResponse) return error;
      throw error;
    }
  }

  private tell({ method = "GET", path = "/", headers }: HttpRequest, to = ""): void {
    const lines = toPairs(headers).map(([name, value]) => `${name}: ${value}`);
    this.sent.push([`${method} ${path}${to}`, ...lines].join("\n"));
  }

  saw(text: string): void {
    this.seen.push({ text });
  }

  sawTrace(trace: TraceTree): void {
    this.seen.push({ trace });
  }

  /** For a step that needs another part of the demo, which is left out: then that part's own steps fail, and this one has nothing to show. */
  skip(why: string): void {
    this.skipped = why;
  }

  /** @param detail Told when it is not ok. */
  check(what: string, ok: boolean, detail?: string): void {
    this.checks.push({ what, ok, ...(ok || detail === undefined ? {} : { detail }) });
  }

  same(what: string, actual: unknown, expected: unknown): void {
    this.check(what, isDeepStrictEqual(actual, expected), `expected ${show(expected)}, got ${show(actual)}`);
  }
}

/** Runs a step. An exception is a failed check like any other; so is a step that checks nothing. */
export async function runStep(step: TourStep, mesh: Mesh): Promise<StepResult> {
  const run = new StepRun(mesh);
  try {
    await step.run(run);
    if (run.checks.length === 0 && run.skipped === undefined) run.check("something is checked", false, "this step has no checks");
  } catch (error) {
    run.check("the step runs to its end", false, error instanceof Error ? error.message : String(error));
  }
  const { sent, seen, checks, skipped } = run;
  const ok = checks.every((check) => check.ok);
  return { part: step.part, claim: step.claim, ok, ...(skipped === undefined ? {} : { skipped }), sent, seen, checks };
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
