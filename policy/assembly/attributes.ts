import { BaseContext, Bytes, Headers, lastStatus, PropertyPath, Status } from "proxy-wasm-assemblyscript-sdk";
import { IpAddress } from "./ip";

const SOURCE_ADDRESS: PropertyPath = PropertyPath.of("source.address");
const METADATA: PropertyPath = PropertyPath.of("metadata");

enum Known {
  Unread = 0,
  None = 1,
  Some = 2,
  Failed = 3,
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
  private metadata: Bytes | null = null;
  private metadataKnown: Known = Known.Unread;

  /** Ties this to a request, in the callback that asks; forgets what was known of the one before. */
  of(headers: Headers, context: BaseContext): Attributes {
    this.headers = headers;
    this.context = context;
    if (++this.round == 0) this.round = 1;
    this.clientKnown = Known.Unread;
    this.metadata = null;
    this.metadataKnown = Known.Unread;
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

  /** The stream's dynamic metadata for `MetadataReader`, read once a request; null when there is none. */
  dynamicMetadata(): Bytes | null {
    if (this.metadataKnown == Known.Unread) {
      this.metadata = this.property(METADATA);
      this.metadataKnown = this.metadata !== null ? Known.Some : absent() ? Known.None : Known.Failed;
    }
    return this.metadata;
  }

  /** The host did not say what the metadata is: null then is not "none". */
  get metadataFailed(): bool {
    return this.metadataKnown == Known.Failed;
  }
}

/** After a property that is null: whether the host said that there is none. */
export function absent(): bool {
  return lastStatus == Status.NotFound;
}
