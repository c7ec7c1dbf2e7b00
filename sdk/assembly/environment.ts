import { environ_get, environ_sizes_get } from "./abi/imports";
import { OUT, OUT_LENGTH } from "./abi/out";
import { Bytes } from "./bytes";

/**
 * A variable of the VM's environment (`vm_config.environment_variables`), the place for secrets: unlike a configuration it is not in
 * config dumps when set with `host_env_keys`. Null when it is not set.
 */
export function environmentVariable(name: string): Bytes | null {
  if (environ_sizes_get(OUT, OUT_LENGTH) != 0) return null;
  const count = load<u32>(OUT);
  const size = load<u32>(OUT_LENGTH);
  if (count == 0 || count > 4096 || size > 1 << 20) return null;
  const pointers = new StaticArray<usize>(count);
  const text = new ArrayBuffer(size);
  if (environ_get(changetype<usize>(pointers), changetype<usize>(text)) != 0) return null;
  const wanted = Bytes.of(name + "=");
  const end = changetype<usize>(text) + <usize>size;
  for (let i: u32 = 0; i < count; i++) {
    const at = pointers[i];
    if (at < changetype<usize>(text) || at >= end) continue;
    let length = 0;
    while (at + <usize>length < end && load<u8>(at + <usize>length) != 0) length++;
    if (length >= wanted.length && memory.compare(at, wanted.ptr, wanted.length) == 0) {
      return Bytes.borrow(at + <usize>wanted.length, length - wanted.length).copy();
    }
  }
  return null;
}
