import {
  proxy_dequeue_shared_queue,
  proxy_enqueue_shared_queue,
  proxy_register_shared_queue,
  proxy_resolve_shared_queue,
} from "./abi/imports";
import { Status } from "./abi/enums";
import { clearOut, OUT, OUT_EXTRA, OUT_LENGTH, outBytes, setLastStatus } from "./abi/out";
import { Bytes, EMPTY } from "./bytes";

/**
 * A queue of bytes in this Envoy's memory, first in, first out, known by the vm_id that registered it and a name. Every VM that has it can
 * put in and take out, workers and other plugins included; each item is taken once. It has no bound: somebody must take out what
 * comes in. It goes, with what is in it, when the last plugin of the vm_id goes.
 */
export class SharedQueue {
  private constructor(
    /** Envoy's number of the queue, the same in every VM. */
    readonly token: u32,
  ) {}

  /**
   * The queue that another VM has registered; null when there is none (yet: filters load in no order that one could rely on, so ask
   * again when it is needed).
   * @param vmId the other's vm_id; empty: this VM's own
   */
  static resolve(name: Bytes, vmId: Bytes = EMPTY): SharedQueue | null {
    name._fresh();
    vmId._fresh();
    clearOut();
    const status = setLastStatus(proxy_resolve_shared_queue(vmId.ptr, vmId.length, name.ptr, name.length, OUT_EXTRA));
    return status == Status.Ok ? new SharedQueue(load<u32>(OUT_EXTRA)) : null;
  }

  /** @internal See `RootContext.registerQueue`. */
  static _register(name: Bytes): SharedQueue | null {
    name._fresh();
    clearOut();
    const status = setLastStatus(proxy_register_shared_queue(name.ptr, name.length, OUT_EXTRA));
    return status == Status.Ok ? new SharedQueue(load<u32>(OUT_EXTRA)) : null;
  }

  /** @internal */
  static _of(token: u32): SharedQueue {
    return new SharedQueue(token);
  }

  /** Puts an item at the end; an empty one is an item, too. NotFound when the queue is gone. */
  enqueue(item: Bytes): Status {
    item._fresh();
    return setLastStatus(proxy_enqueue_shared_queue(this.token, item.ptr, item.length));
  }

  /** Takes the first item, borrowed; null when there is none (`lastStatus` Empty) or the queue is gone (NotFound). */
  dequeue(): Bytes | null {
    clearOut();
    return setLastStatus(proxy_dequeue_shared_queue(this.token, OUT, OUT_LENGTH)) == Status.Ok ? outBytes() : null;
  }
}
