import { ArenaBuffer, Bytes, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { absent, Attributes } from "../../../../policy";
import { Presence, Subject } from "./subject";

const URI_SAN: PropertyPath = PropertyPath.of("connection.uri_san_peer_certificate");
const DNS_SAN: PropertyPath = PropertyPath.of("connection.dns_san_peer_certificate");
const SUBJECT: PropertyPath = PropertyPath.of("connection.subject_peer_certificate");
const SNI: PropertyPath = PropertyPath.of("connection.requested_server_name");
const PORT: PropertyPath = PropertyPath.of("destination.port");
const SPIFFE: Bytes = Bytes.of("spiffe://");
/** Stands for a peer whose certificate names it otherwise: `*` is true of it, and no other principal. */
const OTHER: Bytes = Bytes.of("-");

/** The peer's SPIFFE id, from the certificate that Envoy has verified. */
export class IdentitySubject extends Subject {
  /** Some rule asks for `*`: any peer with a certificate that names it, by a SPIFFE id or not. */
  asksForAny: bool = false;

  constructor() {
    super("identity");
  }

  protected read(from: Attributes): Presence {
    const uri = from.property(URI_SAN);
    if (uri === null && !absent()) return Presence.Unknown;
    // No SPIFFE id has such bytes. An authority that lets them through may have read another name than ours (CVE-2025-66220).
    if (uri !== null && !isVisible(uri)) return Presence.Unknown;
    if (uri !== null && uri.startsWith(SPIFFE)) {
      this.values.push(uri);
      return Presence.Present;
    }
    if (!this.asksForAny) return Presence.Absent;
    if (uri === null || uri.length == 0) {
      const dns = from.property(DNS_SAN);
      if (dns === null && !absent()) return Presence.Unknown;
      if (dns === null || dns.length == 0) {
        const subject = from.property(SUBJECT);
        if (subject === null && !absent()) return Presence.Unknown;
        if (subject === null || subject.length == 0) return Presence.Absent;
      }
    }
    this.values.push(OTHER);
    return Presence.Present;
  }
}

function isVisible(id: Bytes): bool {
  for (let i = 0; i < id.length; i++) if (id.at(i) <= 0x20 || id.at(i) >= 0x7f) return false;
  return true;
}

/** The server name that the client asked for; absent without TLS, and without the listener filter `tls_inspector`. */
export class SniSubject extends Subject {
  constructor() {
    super("connection.sni");
  }

  protected read(from: Attributes): Presence {
    const name = from.property(SNI);
    if (name === null) return absent() ? Presence.Absent : Presence.Unknown;
    // Envoy says nothing where there is none.
    if (name.length == 0) return Presence.Absent;
    this.values.push(name);
    return Presence.Present;
  }
}

/** The port that the client connected to, in decimal. */
export class PortSubject extends Subject {
  private readonly text: ArenaBuffer = new ArenaBuffer();

  constructor() {
    super("destination.port");
  }

  protected read(from: Attributes): Presence {
    const raw = from.property(PORT);
    if (raw === null) return absent() ? Presence.Absent : Presence.Unknown;
    if (raw.length != 8) return Presence.Unknown;
    this.text.clear();
    this.text.pushDecimal(load<u64>(raw.ptr));
    if (!this.text.ok) return Presence.Unknown;
    this.values.push(this.text.bytes());
    return Presence.Present;
  }
}
