/** How many connections each client has open. Holds no more clients than there are connections. */
export class Clients {
  private readonly open: Map<string, i32> = new Map<string, i32>();

  /** One more of this client; how many it has now. */
  add(client: string): i32 {
    const count = this.of(client) + 1;
    this.open.set(client, count);
    return count;
  }

  remove(client: string): void {
    const count = this.of(client);
    if (count > 1) this.open.set(client, count - 1);
    else this.open.delete(client);
  }

  of(client: string): i32 {
    return this.open.has(client) ? this.open.get(client) : 0;
  }
}

/** `10.0.0.7:4711` and `[2001:db8::1]:4711` without the port. */
export function withoutPort(address: string): string {
  const colon = address.lastIndexOf(":");
  return colon < 0 ? address : address.substring(0, colon);
}
