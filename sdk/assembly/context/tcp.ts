import { proxy_close_stream, proxy_continue_stream } from "../abi/imports";
import { BufferType, CloseType, FilterStatus, Status, StreamType } from "../abi/enums";
import { setLastStatus } from "../abi/out";
import { Body } from "../body";
import { Misuse, refuse } from "../refuse";
import { BaseContext } from "./base";
import { activate } from "./callback";

/**
 * One TCP connection, for a module that runs as a network filter (`envoy.filters.network.wasm`), for example in front of `tcp_proxy`. Override
 * the callbacks that are needed. Bytes of the client come as `onDownstreamData`, those of the upstream as `onUpstreamData`.
 *
 * `tcp_proxy` reads from the client only when its upstream is connected: who decides before that does so in `onNewConnection`, when the
 * client's certificate is not known yet.
 */
export abstract class TcpContext extends BaseContext {
  private over: bool = false;

  /** Before anything is read. StopIteration: later filters, and with them the upstream's connection, wait for `continueDownstream`. */
  onNewConnection(): FilterStatus {
    return FilterStatus.Continue;
  }

  /**
   * What the client has sent and no later filter has taken. StopIteration keeps it: it comes again, with what follows, at the next bytes, or
   * goes on with `continueDownstream`.
   */
  onDownstreamData(data: Body, endOfStream: bool): FilterStatus {
    return FilterStatus.Continue;
  }

  /** What the upstream has sent. StopIteration keeps it until the next bytes: nothing but those lets it go on, and the end loses it. */
  onUpstreamData(data: Body, endOfStream: bool): FilterStatus {
    return FilterStatus.Continue;
  }

  /** The connection is over. Remote: the client ended it; Local: Envoy did, for the upstream or for a filter. */
  onDownstreamClose(by: CloseType): void {}

  /** The upstream has sent its last byte. Envoy tells no more of its connection, and nothing when the client ends first. */
  onUpstreamClose(by: CloseType): void {}

  /** After `onDownstreamClose`; unlike for HTTP, before `onLog`. */
  onDone(): void {}

  onLog(): void {}

  /** The last callback of a connection. */
  onDelete(): void {}

  /** What `onDownstreamData` holds, outside of it: in a timer or an answer. */
  downstreamData(): Body {
    return new Body()._ofConnection(BufferType.DownstreamData, this._id, i32.MAX_VALUE);
  }

  /** Lets what a callback has stopped go on. Ok and without effect when nothing is held. */
  continueDownstream(): Status {
    const status = this._act("continueDownstream");
    return status == Status.Ok ? setLastStatus(proxy_continue_stream(StreamType.Downstream)) : status;
  }

  /** Ends the connection, on both sides. What was written to the client before still reaches it. */
  closeConnection(): Status {
    const status = this._act("closeConnection");
    return status == Status.Ok ? setLastStatus(proxy_close_stream(StreamType.Downstream)) : status;
  }

  private _act(what: string): Status {
    const status = this.over ? Status.BadArgument : activate(this._id);
    return status == Status.Ok ? status : refuse(Misuse.WrongContext, what + ": the connection is over", status);
  }

  /** @internal */
  _over(): void {
    this.over = true;
  }
}
