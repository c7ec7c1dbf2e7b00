/** Makes one host call of a callback fail. */
export interface FaultPoint {
  /** The callback in which it happens, for example `proxy_on_request_headers`; undefined: any. */
  callback?: string;
  /** Which host call of that callback, from 1. */
  call: number;
  /** What it answers instead of doing anything. */
  status: number;
  /** Only the n-th time that the callback runs, from 1 [every time]. */
  run?: number;
}

/** Where host calls fail: none, until a test sets one. */
export class FaultPoints {
  private point: FaultPoint | undefined;
  private callback = "";
  private calls = 0;
  private runs = 0;
  private readonly made: string[] = [];

  get active(): boolean {
    return this.point !== undefined;
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

  /** A callback begins. */
  enter(callback: string): void {
    if (this.point === undefined) return;
    this.callback = callback;
    this.calls = 0;
    if (this.point.callback === undefined || this.point.callback === callback) this.runs++;
  }

  /** @returns the status to answer, or -1 */
  next(name: string): number {
    const { point } = this;
    if (!point) return -1;
    this.calls++;
    const here = (point.callback === undefined || point.callback === this.callback) && (point.run === undefined || point.run === this.runs);
    if (!here || this.calls !== point.call) return -1;
    this.made.push(name);
    return point.status;
  }
}
