import { EnvoyCrash } from "../failure.ts";
import { Body } from "./body.ts";
import { DataStatus, HeadersStatus, type HttpFilter, TrailersStatus } from "./filter.ts";
import type { HeaderMap } from "./header-map.ts";

/** Where a filter of one direction stands. */
type Iteration = "continue" | "stopped" | "stopped all, buffering" | "stopped all, watermark";

/** One filter in one direction, as the chain keeps it. */
export abstract class Stage {
  iteration: Iteration = "continue";
  /** Its headers have gone on to the next filter. */
  headersContinued = false;
  /** It has seen the end of the stream; what comes later is not for it. */
  ended = false;
  /** While it continues after a stop of everything: it has not seen what was kept back. */
  fromHere = false;

  constructor(
    readonly name: string,
    readonly index: number,
    protected readonly filter: HttpFilter,
  ) {}

  abstract onHeaders(headers: HeaderMap, end: boolean): number;
  abstract onData(data: Body, end: boolean): number;
  abstract onTrailers(trailers: HeaderMap): number;
}

/** A chain that goes on within its own continuation more often than this does so for ever: what was kept back comes to the same filter again. */
const MAX_DEPTH = 100;

/**
 * One direction of a stream through the chain: who gets what next, who has stopped, what is kept until somebody goes on. These are the
 * rules of Envoy's FilterManager (envoy source/common/http/filter_manager.cc, 2025), which a module meets as the effects of what its
 * callbacks answer.
 */
export abstract class Path {
  stages: Stage[] = [];
  /** What stopped filters keep; one for the whole direction. */
  buffered: Body | undefined;
  /** A local reply or a reset ended the iteration that runs. */
  aborted = false;
  /** Filters of this direction that run right now. */
  protected active = 0;
  /** The filter that saw data last, as far down as it went. */
  protected latest: Stage | undefined;
  private streaming = false;
  /** Continuations within continuations. */
  private depth = 0;

  /** The direction in words: `request` or `response`. */
  protected abstract readonly what: "request" | "response";
  protected abstract get headers(): HeaderMap | undefined;
  protected abstract get trailers(): HeaderMap | undefined;
  /** Everything has arrived from the sender. */
  protected abstract get complete(): boolean;
  protected abstract get canContinue(): boolean;
  /** Behind the last filter. */
  protected abstract finishHeaders(headers: HeaderMap, end: boolean): void;
  protected abstract finishData(data: Body, end: boolean): void;
  protected abstract finishTrailers(trailers: HeaderMap): void;
  /** The buffer outgrew its limit while nobody lets data through. */
  protected abstract tooLarge(): void;
  /** Called when an iteration was aborted. */
  protected abstract onAborted(): void;
  /** Data for this direction is of no use any more. */
  protected abstract get dropData(): boolean;
  protected abstract readonly bufferLimit: number;

  get running(): boolean {
    return this.active > 0;
  }

  /** The first filter that has stopped, for a person to see. */
  get stoppedAt(): string | undefined {
    return this.stages.find((stage) => stage.iteration !== "continue")?.name;
  }

  runHeaders(after: Stage | undefined, headers: HeaderMap, end: boolean): void {
    for (let i = after ? after.index + 1 : 0; i < this.stages.length; i++) {
      const stage = this.stages[i] as Stage;
      stage.ended = end;
      this.active++;
      let status = stage.onHeaders(headers, stage.ended);
      this.active--;
      if (this.aborted) {
        this.onAborted();
        status = HeadersStatus.StopIteration;
      }
      if (!afterHeaders(stage, status)) return;
    }
    this.finishHeaders(headers, end);
    // The router is a filter too: a reply that was prepared meanwhile is due behind it.
    if (this.what === "request" && this.aborted) this.onAborted();
  }

  runData(after: Stage | undefined, data: Body, end: boolean): void {
    if (this.dropData) return;
    const had = this.trailers !== undefined;
    let addedTrailers: Stage | undefined;
    let stopped = false;
    for (let i = this.first(after); i < this.stages.length; i++) {
      const stage = this.stages[i] as Stage;
      if (this.keptBack(stage, data)) return;
      if (stage.ended) return;
      if (this.latest === undefined || this.latest.index === i - 1) this.latest = stage;
      stage.ended = end && this.trailers === undefined;
      this.active++;
      let status = stage.onData(data, stage.ended);
      this.active--;
      if (this.aborted) {
        this.onAborted();
        if (this.what === "request") return;
        status = DataStatus.StopIterationNoBuffer;
      }
      if (!had && this.trailers !== undefined && addedTrailers === undefined) {
        addedTrailers = stage;
      }
      if (!this.afterData(stage, status, data)) {
        // A filter that let go of what it had kept has sent its new trailers along.
        if (status === DataStatus.Continue) addedTrailers = undefined;
        if (this.what === "response") return;
        stopped = true;
        break;
      }
    }
    if (!stopped) this.finishData(data, end && addedTrailers === undefined);
    if (addedTrailers && this.trailers) this.runTrailers(addedTrailers, this.trailers);
  }

  runTrailers(after: Stage | undefined, trailers: HeaderMap): void {
    if (this.dropData) return;
    for (let i = this.first(after); i < this.stages.length; i++) {
      const stage = this.stages[i] as Stage;
      if (stoppedAll(stage)) return;
      this.active++;
      let status = stage.onTrailers(trailers);
      this.active--;
      stage.ended = true;
      if (this.aborted) {
        this.onAborted();
        status = TrailersStatus.StopIteration;
      }
      if (status === TrailersStatus.Continue) {
        if (stage.iteration === "stopped") {
          this.continueFrom(stage, "its trailers callback");
          return;
        }
      } else {
        if (stage.iteration === "continue") stage.iteration = "stopped";
        return;
      }
    }
    this.finishTrailers(trailers);
  }

  /** A filter goes on: what was kept is delivered to those behind it, and to itself what it has not seen. */
  continueFrom(stage: Stage, phase: string): void {
    if (!this.canContinue) return;
    if (this.depth >= MAX_DEPTH) {
      const what = `proxy_continue_stream for the ${this.what} in the callback that it brings: Envoy 1.40 calls it thousands of times`;
      throw new EnvoyCrash(`${what}, until the stack is full`, `${stage.name}, ${phase}`);
    }
    this.depth++;
    this.proceed(stage, phase);
    this.depth--;
  }

  private proceed(stage: Stage, phase: string): void {
    const { headers } = this;
    if (!stage.headersContinued && headers === undefined) {
      throw new EnvoyCrash(
        `proxy_continue_stream for the ${this.what} before its headers were there: Envoy 1.40 ends with SIGSEGV`,
        `${stage.name}, ${phase}`,
      );
    }
    if (stoppedAll(stage)) stage.fromHere = true;
    stage.iteration = "continue";
    if (!stage.headersContinued && headers) {
      stage.headersContinued = true;
      this.runHeaders(stage, headers, this.complete && !this.buffered && this.trailers === undefined);
    }
    const hadTrailers = this.trailers !== undefined;
    if (this.buffered) this.runData(stage, this.buffered, this.complete && !hadTrailers);
    if (hadTrailers && this.trailers) this.runTrailers(stage, this.trailers);
    stage.fromHere = false;
  }

  /** A filter adds to the buffer while it runs. */
  buffer(data: Body, streaming: boolean): void {
    this.streaming = streaming;
    this.keep(data);
  }

  /** The buffer for the filter that runs, to edit; only what was buffered can be. */
  editable(stage: Stage): Body {
    if (!this.buffered) {
      throw new EnvoyCrash(`the ${this.what} body is read when none is buffered: Envoy 1.40 ends with SIGSEGV`, stage.name);
    }
    return this.buffered;
  }

  private first(after: Stage | undefined): number {
    if (!after) return 0;
    return after.fromHere ? after.index : after.index + 1;
  }

  private keptBack(stage: Stage, data: Body): boolean {
    if (!stoppedAll(stage)) return false;
    this.streaming = stage.iteration === "stopped all, watermark";
    this.keep(data);
    return true;
  }

  /** @returns whether the next filter gets the data */
  private afterData(stage: Stage, status: number, data: Body): boolean {
    if (status === DataStatus.Continue) {
      if (stage.iteration !== "stopped") return true;
      this.keep(data);
      this.continueFrom(stage, "its body callback");
      return false;
    }
    stage.iteration = "stopped";
    if (status === DataStatus.StopIterationAndBuffer || status === DataStatus.StopIterationAndWatermark) {
      this.streaming = status === DataStatus.StopIterationAndWatermark;
      this.keep(data);
    } else if (this.complete && this.trailers === undefined && !this.buffered) {
      // So that there is an end to deliver when the filter goes on.
      this.buffered = new Body();
    }
    return false;
  }

  private keep(data: Body): void {
    if (data === this.buffered) return;
    this.buffered ??= new Body();
    this.buffered.moveFrom(data);
    if (!this.streaming && this.buffered.length > this.bufferLimit) this.tooLarge();
  }
}

function stoppedAll(stage: Stage): boolean {
  return stage.iteration === "stopped all, buffering" || stage.iteration === "stopped all, watermark";
}

function afterHeaders(stage: Stage, status: number): boolean {
  if (status === HeadersStatus.Continue) stage.headersContinued = true;
  else if (status === HeadersStatus.StopIteration) stage.iteration = "stopped";
  else stage.iteration = status === HeadersStatus.StopAllIterationAndBuffer ? "stopped all, buffering" : "stopped all, watermark";
  return !stoppedAll(stage) && status !== HeadersStatus.StopIteration;
}
