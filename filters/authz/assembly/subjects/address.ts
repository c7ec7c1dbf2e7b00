import { Bytes, log, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { absent, Attributes, IpAddress } from "../../../../policy";
import { ADDRESS_LENGTH } from "../core/passes";
import { Presence, Subject } from "./subject";

const CLIENT: PropertyPath = PropertyPath.of("source.address");
const DESTINATION: PropertyPath = PropertyPath.of("destination.address");
/** What Envoy's own filter `set_filter_state` puts there: no wasm filter can see the connection's other end by itself. */
const DIRECT_PEER: string = "meshscript.direct_remote_address";
const DIRECT: PropertyPath = PropertyPath.of("filter_state").then(DIRECT_PEER);

const COLON: u8 = 0x3a;
const OPEN_BRACKET: u8 = 0x5b;

/**
 * An IP address: its family, 4 or 6, and 16 bytes. In Envoy an IPv4-mapped address (`::ffff:10.0.0.1`), which a dual-stack listener may see, is in
 * no network of IPv4.
 */
abstract class AddressSubject extends Subject {
  private readonly address: IpAddress = new IpAddress();
  private readonly bytes: StaticArray<u8> = new StaticArray<u8>(ADDRESS_LENGTH);

  constructor(
    name: string,
    private path: PropertyPath,
  ) {
    super(name);
  }

  protected read(from: Attributes): Presence {
    const text = from.property(this.path);
    if (text === null) return absent() ? this.without() : Presence.Unknown;
    // A Unix socket has an address that is none.
    if (!this.address.parse(text)) return this.unreadable();
    const at = changetype<usize>(this.bytes);
    store<u8>(at, isV6(text) ? 6 : 4);
    memory.copy(at + 1, this.address.ptr, 16);
    this.values.push(Bytes.borrow(at, ADDRESS_LENGTH));
    return Presence.Present;
  }

  protected without(): Presence {
    return Presence.Absent;
  }

  protected unreadable(): Presence {
    return Presence.Absent;
  }
}

/** `[::1]:80`, `::1`; not `1.2.3.4:80`. */
function isV6(text: Bytes): bool {
  return text.at(0) == OPEN_BRACKET || text.indexOf(COLON, text.indexOf(COLON) + 1) > text.indexOf(COLON);
}

/** The client as Envoy trusts it: from `x-forwarded-for` where the listener says so. */
export class RemoteIpSubject extends AddressSubject {
  constructor() {
    super("remote.ip", CLIENT);
  }
}

export class DestinationIpSubject extends AddressSubject {
  constructor() {
    super("destination.ip", DESTINATION);
  }
}

/** The other end of the connection. */
export class DirectIpSubject extends AddressSubject {
  private told: bool = false;

  constructor() {
    super("source.ip", DIRECT);
  }

  protected without(): Presence {
    if (!this.told) {
      this.told = true;
      log.error(
        "[authz] ipBlocks and source.ip need the filter state " +
          DIRECT_PEER +
          ", which set_filter_state has to set in front of this filter (filters/authz/README.md): until then DENY rules that ask for them match, ALLOW rules do not",
      );
    }
    return Presence.Unknown;
  }

  /** Envoy writes `-` for what it does not know. */
  protected unreadable(): Presence {
    return this.without();
  }
}
