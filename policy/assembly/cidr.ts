import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { IpAddress } from "./ip";

/** A network: an address and the number of its bits that count, of 128. */
export class Cidr {
  constructor(
    readonly address: IpAddress,
    readonly bits: i32,
  ) {}

  /** `10.0.0.0/8`, `2001:db8::/32` or a bare address, which is a network of one; null when this is none. */
  static parse(text: Bytes): Cidr | null {
    const slash = text.indexOf(0x2f);
    const address = new IpAddress();
    const host = slash < 0 ? text : text.slice(0, slash);
    if (!address.parse(host, false)) return null;
    // As it is written: `::ffff:10.0.0.0/104` counts of 128.
    const short = host.indexOf(0x3a) < 0;
    if (slash < 0) return new Cidr(address, 128);
    const length = text.slice(slash + 1);
    if (length.length > 3 || (length.length > 1 && length.at(0) == 0x30)) return null;
    const prefix = <i32>length.toU64(999);
    if (prefix > (short ? 32 : 128)) return null;
    return new Cidr(address, short ? prefix + 96 : prefix);
  }

  contains(address: IpAddress): bool {
    return this.address.shares(address, this.bits);
  }

  /** The network without bits beyond the prefix: the same unless a mistake was made. */
  network(): IpAddress {
    const network = new IpAddress();
    network.set(this.address);
    network.keep(this.bits);
    return network;
  }
}
