import { proxy_get_buffer_bytes, proxy_set_buffer_bytes } from "./abi/imports";
import { BufferType, Status } from "./abi/enums";
import { clearOut, OUT, OUT_LENGTH, outBytes, setLastStatus } from "./abi/out";
import { Bytes, EMPTY } from "./bytes";
import { activate, epoch } from "./context/callback";
import { HttpContext } from "./context/http";
import { Misuse, refuse } from "./refuse";

/**
 * The part of a body that Envoy holds now: the chunk that came, or everything so far when the last callback answered
 * StopIterationAndBuffer. Valid until the callback ends.
 *
 * An edit that changes the length needs `content-length` removed first, with `headers.remove(HeaderName.CONTENT_LENGTH)` in the
 * headers callback; else it is refused. Without that, an upstream would read the surplus as the start of the next request. The bytes of a
 * TCP connection can be edited freely.
 */
export class Body {
  /** Bytes available. The last callback often has 0. */
  length: i32 = 0;
  private type: u32 = 0;
  private contextId: u32 = 0;
  private stream: HttpContext | null = null;
  private born: u32 = 0;
  /** Of a TCP connection: there is no length to keep to. */
  private free: bool = false;

  /** @internal */
  bind(type: BufferType, contextId: u32, stream: HttpContext | null, length: i32): Body {
    this.type = type;
    this.contextId = contextId;
    this.stream = stream;
    this.length = length;
    this.born = epoch;
    return this;
  }

  /** Bytes in front that are not shown: of a fused stream's body, what a part has let through already. */
  private hidden: i32 = 0;

  /** @internal Shows what is behind so many bytes of all. */
  _window(hidden: i32): void {
    this.length = this._total - hidden;
    this.hidden = hidden;
  }

  /** @internal Bytes that Envoy holds. */
  get _total(): i32 {
    return this.hidden + this.length;
  }

  /** @internal */
  _ofConnection(type: BufferType, contextId: u32, length: i32): Body {
    this.free = true;
    return this.bind(type, contextId, null, length);
  }

  /** `max` bytes from `start`, fewer when there are not as many; null when the host has no such buffer now. Borrowed. */
  bytes(start: i32 = 0, max: i32 = i32.MAX_VALUE): Bytes | null {
    if (start < 0 || max < 0 || !this.ready()) return null;
    if (start >= this.length || max == 0) return EMPTY;
    clearOut();
    const size = min(max, this.length - start);
    if (setLastStatus(proxy_get_buffer_bytes(this.type, this.hidden + start, size, OUT, OUT_LENGTH)) != Status.Ok) return null;
    return outBytes();
  }

  /** Replaces all that is available. */
  replace(bytes: Bytes): Status {
    return this.set(0, max(this.length, 1), bytes, bytes.length);
  }

  prepend(bytes: Bytes): Status {
    return this.set(0, 0, bytes, this.length + bytes.length);
  }

  /** Appends. Envoy sends an append once more if it is made again in the empty last callback: append at `endOfStream` only. */
  append(bytes: Bytes): Status {
    // On an empty buffer start >= length still appends.
    return this.set(this.length, 0, bytes, this.length + bytes.length);
  }

  private set(start: i32, size: i32, bytes: Bytes, length: i32): Status {
    const stream = this.stream;
    if (stream === null && !this.free) return Status.BadArgument; // an answer to a callout is read only
    if (!this.ready()) return Status.BadArgument;
    bytes._fresh();
    const request = this.type == BufferType.RequestBody;
    if (length != this.length && stream !== null && !stream._mayResize(request)) {
      return refuse(
        Misuse.BodyLength,
        (request ? "request" : "response") + " body of another length: remove content-length in the headers callback first",
      );
    }
    const status = setLastStatus(proxy_set_buffer_bytes(this.type, this.hidden + start, size, bytes.ptr, bytes.length));
    if (status == Status.Ok) this.length = length;
    return status;
  }

  private ready(): bool {
    if (this.born != epoch) {
      refuse(Misuse.StaleHeaders, "body of an earlier callback");
      return false;
    }
    return activate(this.contextId) == Status.Ok;
  }
}
