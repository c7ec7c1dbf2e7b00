import type { Address } from "../../harness/envoy/builders.ts";
import type { Application } from "./application.ts";

/** A port that is served already. */
export class Served implements Application {
  readonly down = false;

  constructor(private readonly port: number) {}

  async open(): Promise<Address> {
    return this.address();
  }

  address(): Address {
    return { host: "127.0.0.1", port: this.port };
  }

  async start(): Promise<void> {}

  upstream(): undefined {
    return undefined;
  }

  async stop(): Promise<void> {}
}
