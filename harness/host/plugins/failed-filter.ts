import type { NetworkCallbacks, NetworkFilter } from "../network/stream.ts";
import type { FilterCallbacks, HttpFilter } from "../stream/filter.ts";
import { HeadersStatus } from "../stream/filter.ts";

/** Stands in for a plugin whose VM has failed: 503 for every request (Envoy's FAIL_CLOSED, and FAIL_RELOAD until the reload). */
export class FailedFilter implements HttpFilter {
  private answered = false;

  constructor(private readonly callbacks: FilterCallbacks) {}

  decodeHeaders(): number {
    if (!this.answered) this.callbacks.failStream();
    this.answered = true;
    return HeadersStatus.StopAllIterationAndWatermark;
  }

  decodeData(): number {
    return 0;
  }

  decodeTrailers(): number {
    return 0;
  }

  encodeHeaders(): number {
    return 0;
  }

  encodeData(): number {
    return 0;
  }

  encodeTrailers(): number {
    return 0;
  }

  log(): void {}
  destroy(): void {}
}

/** The same for TCP: the connection is closed before anybody reads from it. */
export function failedConnection(callbacks: NetworkCallbacks): NetworkFilter {
  const refuse = () => {
    callbacks.close();
    return false;
  };
  return { newConnection: refuse, data: refuse, write: refuse, closed: () => undefined };
}
