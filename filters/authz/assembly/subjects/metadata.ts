import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, claimPath, JWT_METADATA, MetadataKind, MetadataReader } from "../../../../policy";
import { Plurality, Presence, Subject } from "./subject";

const ISSUER: Bytes[] = claimPath(["iss"]);
const TOKEN_SUBJECT: Bytes[] = claimPath(["sub"]);

const reader: MetadataReader = new MetadataReader();

/** A text, or the texts of a list, in the stream's dynamic metadata. Numbers and truths are no texts: no condition holds for them, as in Istio. */
export class MetadataSubject extends Subject {
  constructor(
    name: string,
    private namespace: Bytes,
    private path: Bytes[],
  ) {
    super(name);
  }

  protected read(from: Attributes): Presence {
    const metadata = from.dynamicMetadata();
    if (metadata === null) return from.metadataFailed ? Presence.Unknown : Presence.Absent;
    const kind = reader.find(metadata, this.namespace, this.path);
    this.listed = kind == MetadataKind.List;
    if (kind == MetadataKind.Text) this.values.push(reader.text());
    else if (this.listed) {
      for (let text = reader.nextText(); text !== null; text = reader.nextText()) this.values.push(text);
    }
    return this.values.length == 0 ? Presence.Absent : Presence.Present;
  }
}

/** A claim of the token that Envoy's jwt_authn has verified, with `payload_in_metadata: payload`. */
export function claimSubject(names: string[]): Subject {
  return new MetadataSubject("request.auth.claims[" + names.join("][") + "]", JWT_METADATA, claimPath(names));
}

/** Issuer and subject of the token; there only with both. */
export class RequestPrincipalSubject extends Subject {
  constructor() {
    super("request.auth.principal", Plurality.Pair);
  }

  protected read(from: Attributes): Presence {
    const metadata = from.dynamicMetadata();
    if (metadata === null) return from.metadataFailed ? Presence.Unknown : Presence.Absent;
    if (reader.find(metadata, JWT_METADATA, ISSUER) != MetadataKind.Text) return Presence.Absent;
    this.values.push(reader.text());
    if (reader.find(metadata, JWT_METADATA, TOKEN_SUBJECT) != MetadataKind.Text) return Presence.Absent;
    this.values.push(reader.text());
    return Presence.Present;
  }
}
