/** How long a promise of the test gets in real time before virtual time moves past it. */
const GRACE_MS = 100;

/**
 * What the test itself does while the host runs: answers that a responder is still making, bodies that a generator still gives. Each gets a
 * moment of real time; one that takes longer, such as a promise that is never settled, is what hangs in the test, and virtual time goes on.
 */
export class Outside {
  private readonly work = new Set<{ since: number }>();

  /** @returns to be called when it is done */
  begin(): () => void {
    const one = { since: performance.now() };
    this.work.add(one);
    return () => this.work.delete(one);
  }

  /** How many are under way. */
  get size(): number {
    return this.work.size;
  }

  /** One of them may still be quick. */
  get fresh(): boolean {
    const now = performance.now();
    for (const { since } of this.work) if (now - since < GRACE_MS) return true;
    return false;
  }
}
