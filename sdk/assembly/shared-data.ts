import { proxy_get_shared_data, proxy_set_shared_data } from "./abi/imports";
import { Status } from "./abi/enums";
import { clearOut, OUT, OUT_EXTRA, OUT_LENGTH, outBytes, setLastStatus } from "./abi/out";
import { Bytes } from "./bytes";

/** A value of shared data, borrowed, and the number to give to `compareAndSet`. */
export class SharedValue {
  constructor(
    readonly value: Bytes,
    readonly cas: u32,
  ) {}
}

/**
 * Keys and values that all VMs with the same `vm_id` in one Envoy share, workers included. There is no removal and no expiry; data
 * goes when the last plugin of the vm_id goes. Begin keys with the filter's name.
 */
export class SharedData {
  /** The value; null when absent. */
  static get(key: Bytes): SharedValue | null {
    if (SharedData._read(key) != Status.Ok) return null;
    const cas = load<u32>(OUT_EXTRA);
    return new SharedValue(outBytes(), cas);
  }

  /** @internal What it answers lies in `OUT`, its number in `OUT_EXTRA`. */
  static _read(key: Bytes): Status {
    key._fresh();
    clearOut();
    return setLastStatus(proxy_get_shared_data(key.ptr, key.length, OUT, OUT_LENGTH, OUT_EXTRA));
  }

  /** Sets whatever was there. */
  static set(key: Bytes, value: Bytes): Status {
    return SharedData.compareAndSet(key, value, 0);
  }

  /** Sets if nobody has since `get`; else CasMismatch, and nothing changed: read again. */
  static compareAndSet(key: Bytes, value: Bytes, cas: u32): Status {
    key._fresh();
    value._fresh();
    return setLastStatus(proxy_set_shared_data(key.ptr, key.length, value.ptr, value.length, cas));
  }

  /**
   * Sets if the key is absent; else CasMismatch. Atomic: Envoy counts cas numbers up from 1 and takes any number other than 0 for an
   * absent key, and the highest is never reached.
   */
  static create(key: Bytes, value: Bytes): Status {
    return SharedData.compareAndSet(key, value, u32.MAX_VALUE);
  }
}
