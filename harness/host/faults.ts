/** Makes one host call of a callback fail, or several. */
export interface FaultPoint {
  /** The callback in which it happens, for example `proxy_on_request_headers`; undefined: any. */
  callback?: string;
  /** The host function that fails; its calls are then counted alone [any]. */
  name?: string;
  /** Which host call of that callback, from 1. */
  call: number;
  /** Up to which all fail, `Infinity` for every one from `call` on [`call`: only that one]. */
  until?: number;
  /** What it answers instead of doing anything. */
  status: number;
  /** Only the n-th time that the callback runs, from 1 [every time]. */
  run?: number;
}

/** Where host calls fail, and which were made: nothing of both, until a test asks. */
export class FaultPoints {
  private point: FaultPoint | undefined;
  private callback = "";
  private calls = 0;
  private runs = 0;
  private readonly made: string[] = [];
  private recorded: Map<string, string[]> | undefined;
  private current: string[] = [];

  get active(): boolean {
    return this.point !== undefined || this.recorded !== undefined;
  }

  /** The host functions that were made to fail, in order. */
  get hits(): readonly string[] {
    return this.made;
  }

  set(point: FaultPoint | undefined): void {
    this.point = point;
    this.runs = 0;
    this.made.length = 0;
  }

  /** Remembers the calls of each callback, of the run that made most. */
  record(): Map<string, string[]> {
    this.recorded = new Map();
    return this.recorded;
  }

  /** A callback begins. */
  enter(callback: string): void {
    if (!this.active) return;
    this.callback = callback;
    this.calls = 0;
    this.current = [];
    if (this.point && (this.point.callback === undefined || this.point.callback === callback)) this.runs++;
  }

  /** @returns the status to answer, or -1 */
  next(name: string): number {
    const { point } = this;
    if (point?.name === undefined || point.name === name) this.calls++;
    if (this.recorded) {
      this.current.push(name);
      if (this.current.length > (this.recorded.get(this.callback)?.length ?? 0)) this.recorded.set(this.callback, [...this.current]);
    }
    if (!point || (point.name !== undefined && point.name !== name)) return -1;
    const here = (point.callback === undefined || point.callback === this.callback) && (point.run === undefined || point.run === this.runs);
    if (!here || this.calls < point.call || this.calls > (point.until ?? point.call)) return -1;
    this.made.push(name);
    return point.status;
  }
}
