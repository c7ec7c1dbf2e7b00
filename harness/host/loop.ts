/** The event loop of one thread, as a queue: what is posted runs in order, after what runs now has returned. */
export class EventLoop {
  private queue: (() => void)[] = [];
  private running = false;

  /** Something runs right now. */
  get busy(): boolean {
    return this.running;
  }

  post(task: () => void): void {
    this.queue.push(task);
  }

  /** Runs until nothing is left. A call from within does nothing: the outer one goes on. */
  run(): void {
    if (this.running) return;
    this.running = true;
    try {
      for (let i = 0; i < this.queue.length; i++) this.queue[i]?.();
    } finally {
      // What an exception left behind belongs to a host that is over.
      this.queue = [];
      this.running = false;
    }
  }
}
