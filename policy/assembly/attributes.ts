import { BaseContext, Bytes, Headers, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { IpAddress } from "./ip";

const SOURCE_ADDRESS: PropertyPath = PropertyPath.of("source.address");

enum Known {
  Unread = 0,
  None = 1,
  Some = 2,
}

/**
 * What values are read from: a stream's headers and Envoy's attributes. A root has one and ties it to each request with `of`, so that
 * requests allocate none.
 */
export class Attributes {
  headers: Headers = new Headers();
  context: BaseContext | null = null;
  /** Another one for each `of`: what was found under an older one is out of date. Never 0. */
  round: u32 = 0;
  private readonly client: IpAddress = new IpAddress();
  private clientKnown: Known = Known.Unread;

  /** Ties this to a request, in the callback that asks; forgets what was known of the one before. */
  of(headers: Headers, context: BaseContext): Attributes {
    this.headers = headers;
    this.context = context;
    if (++this.round == 0) this.round = 1;
    this.clientKnown = Known.Unread;
    return this;
  }

  /** An attribute of Envoy, raw and borrowed; null when absent. */
  property(path: PropertyPath): Bytes | null {
    const context = this.context;
    return context === null ? null : context.property(path);
  }

  /**
   * The client's address as Envoy sees it (its trusted hop: `use_remote_address`, `xff_num_trusted_hops`); null when there is none, as for a
   * Unix socket. Parsed once a request, and not to be changed: copy it with `set`.
   */
  clientAddress(): IpAddress | null {
    if (this.clientKnown == Known.Unread) {
      const text = this.property(SOURCE_ADDRESS);
      this.clientKnown = text !== null && this.client.parse(text) ? Known.Some : Known.None;
    }
    return this.clientKnown == Known.Some ? this.client : null;
  }
}
