interface Queue {
  items: Buffer[];
  /** Tells the root that registered last that one item has come. */
  notify: () => void;
}

/** Queues between VMs, by vm_id and name. Whoever registered last is told of each item; anybody with the id may take it. */
export class SharedQueues {
  private readonly ids = new Map<string, number>();
  private readonly queues = new Map<number, Queue>();
  private nextId = 1;

  register(vmId: string, name: string, notify: (id: number) => void): number {
    const key = `${vmId}\0${name}`;
    const id = this.ids.get(key) ?? this.nextId++;
    this.ids.set(key, id);
    this.queues.set(id, { items: this.queues.get(id)?.items ?? [], notify: () => notify(id) });
    return id;
  }

  resolve(vmId: string, name: string): number | undefined {
    return this.ids.get(`${vmId}\0${name}`);
  }

  /** @returns false for an unknown queue */
  enqueue(id: number, value: Buffer): boolean {
    const queue = this.queues.get(id);
    queue?.items.push(value);
    queue?.notify();
    return queue !== undefined;
  }

  /** undefined for an unknown queue, null for an empty one. */
  dequeue(id: number): Buffer | null | undefined {
    const queue = this.queues.get(id);
    return queue ? (queue.items.shift() ?? null) : undefined;
  }

  /** The last VM of a vm_id is gone. */
  drop(vmId: string): void {
    for (const [key, id] of this.ids) {
      if (!key.startsWith(`${vmId}\0`)) continue;
      this.ids.delete(key);
      this.queues.delete(id);
    }
  }
}
