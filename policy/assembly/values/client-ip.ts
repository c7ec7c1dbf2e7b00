import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../attributes";
import { IpAddress } from "../ip";
import { Value } from "../value";

/** The client's address in canonical text, or the network that it is in: `10.1.2.3`, `10.1.2.0/24`, `2001:db8::/64`. */
export class ClientIpValue extends Value {
  private readonly text: ArenaBuffer = new ArenaBuffer();
  private readonly network: IpAddress = new IpAddress();

  constructor(
    private maskV4: i32 = 32,
    private maskV6: i32 = 128,
  ) {
    super();
  }

  get asksHost(): bool {
    return true;
  }

  at(from: Attributes, index: i32): Bytes | null {
    const address = index == 0 ? from.clientAddress() : null;
    if (address === null) return null;
    this.network.set(address);
    this.network.mask(this.maskV4, this.maskV6);
    this.text.clear();
    this.network.write(this.text);
    const mask = address.isV4 ? this.maskV4 : this.maskV6;
    if (mask < (address.isV4 ? 32 : 128)) {
      this.text.pushByte(0x2f);
      this.text.pushDecimal(mask);
    }
    return this.text.ok ? this.text.bytes() : null;
  }
}
