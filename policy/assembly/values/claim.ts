import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../attributes";
import { MetadataKind, MetadataReader } from "../metadata";
import { Walked } from "../value";

/** The namespace of dynamic metadata in which Envoy's jwt_authn puts the tokens that it has verified. */
export const JWT_METADATA: Bytes = Bytes.of("envoy.filters.http.jwt_authn");
const PAYLOAD: Bytes = Bytes.of("payload");
const TRUE: Bytes = Bytes.of("true");
const FALSE: Bytes = Bytes.of("false");
/** Whole numbers up to here are exact. */
const MOST_EXACT: f64 = 9_007_199_254_740_992;

/**
 * A claim of the token that Envoy's jwt_authn has verified (`payload_in_metadata: payload`). The texts of a list are occurrences; a number is
 * written as JSON writes it, a truth as `true` or `false`. Objects are no value.
 */
export class ClaimValue extends Walked {
  private readonly path: Bytes[];
  private readonly reader: MetadataReader = new MetadataReader();
  private readonly text: ArenaBuffer = new ArenaBuffer();
  private begun: bool = false;

  /** @param names of the nested objects and the claim; dots in them are kept */
  constructor(names: string[]) {
    super();
    this.path = claimPath(names);
  }

  rewind(): void {
    this.begun = false;
  }

  get asksHost(): bool {
    return true;
  }

  advance(from: Attributes): Bytes | null {
    if (this.begun) return this.reader.nextText();
    this.begun = true;
    const metadata = from.dynamicMetadata();
    if (metadata === null) return null;
    const kind = this.reader.find(metadata, JWT_METADATA, this.path);
    if (kind == MetadataKind.Text) return this.reader.text();
    if (kind == MetadataKind.Number) return this.decimal(this.reader.number());
    if (kind == MetadataKind.Boolean) return this.reader.boolean() ? TRUE : FALSE;
    return this.reader.nextText();
  }

  private decimal(value: f64): Bytes | null {
    // A whole number has no decimals in JSON, and no string in between.
    if (Math.trunc(value) != value || Math.abs(value) > MOST_EXACT) return Bytes.of(value.toString());
    this.text.clear();
    if (value < 0) this.text.pushByte(0x2d);
    this.text.pushDecimal(<u64>Math.abs(value));
    return this.text.ok ? this.text.bytes() : null;
  }
}

/** For `MetadataReader`: where a claim is in that namespace, with `payload_in_metadata: payload`. @param names of the nested objects and the claim */
export function claimPath(names: string[]): Bytes[] {
  const path: Bytes[] = [PAYLOAD];
  for (let i = 0; i < names.length; i++) path.push(Bytes.of(names[i]));
  return path;
}

/** A claim's name is a part of a property's path, in which control characters have a meaning of their own. */
export function isClaimName(name: string): bool {
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (unit < 0x20 || (unit > 0x7e && unit < 0xa0)) return false;
  }
  return name.length > 0;
}
