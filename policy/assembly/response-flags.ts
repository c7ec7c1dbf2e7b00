import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";

/** Envoy's response flags as access logs write them, each at its bit (envoy/stream_info/stream_info.h, CoreResponseFlag). */
const NAMES: string = "LH UH UT LR UR UF UC UO NR DI FI RL UAEX RLSE DC URX SI IH DPE UMSDR RFCF NFCF DT UPE NC OM DF DO DR UDO";
const FLAGS: Bytes[] = NAMES.split(" ").map<Bytes>((name) => Bytes.of(name));

/** The flags of the property `response.flags`: `UF,URX`; empty when none is set. A bit that a later Envoy may have is left out. */
export function flagNames(flags: u64, into: ArenaBuffer): Bytes {
  into.clear();
  for (let i = 0; i < FLAGS.length; i++) {
    if (((flags >> i) & 1) == 0) continue;
    if (into.length > 0) into.pushByte(0x2c);
    into.pushBytes(FLAGS[i]);
  }
  return into.bytes();
}
