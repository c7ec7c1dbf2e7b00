import { Status } from "../abi/enums";
import { Bytes, EMPTY } from "../bytes";
import { ForeignFunction } from "./call";
import { derOfPem } from "./pem";
import { ProtoReader, ProtoWriter } from "./protobuf";

const VERIFY = new ForeignFunction("verify_signature");

/** Whether a signature is that of a text. */
export class SignatureResult {
  constructor(
    /** True only for a signature that verified. */
    readonly valid: bool,
    /** Ok when the function ran, whatever it found; NotFound: this proxy has none; BadArgument: no key. Treat all like an invalid signature. */
    readonly status: Status,
    /** Why not, in Envoy's words; borrowed. */
    readonly error: Bytes,
  ) {}
}

/**
 * Verifies a signature in the proxy's own crypto library, RSA-2048 in some 20 microseconds: RSA PKCS#1 v1.5, or ECDSA with the signature in
 * DER (that of a JWT, r and s in one row, is not: it has to be converted).
 *
 * @param hash `sha1`, `sha224`, `sha256`, `sha384` or `sha512`
 * @param publicKey SubjectPublicKeyInfo, in DER or, when it begins with `-----`, in PEM; a key that is used again is best kept as `derOfPem`
 *   gives it
 */
export function verifySignature(hash: string, publicKey: Bytes, signature: Bytes, text: Bytes): SignatureResult {
  // Envoy before 1.37 knows no PEM, and reading it for each signature would cost more than the rest.
  const der = publicKey.startsWith(PEM) ? derOfPem(publicKey) : publicKey;
  if (der === null) return new SignatureResult(false, Status.BadArgument, NO_PEM);
  const argument = new ProtoWriter().bytes(1, Bytes.of(hash)).bytes(2, der).bytes(3, signature).bytes(4, text);
  if (!argument.ok) return new SignatureResult(false, Status.InvalidMemoryAccess, EMPTY);
  const answer = VERIFY.call(argument.message());
  let valid = false;
  let error = EMPTY;
  const fields = new ProtoReader(answer.bytes);
  while (fields.next()) {
    const bytes = fields.bytes;
    if (fields.field == 1 && bytes === null) valid = fields.number == 1;
    else if (fields.field == 2 && bytes !== null) error = bytes;
  }
  return new SignatureResult(valid, answer.status, error);
}

const PEM: Bytes = Bytes.of("-----");
const NO_PEM: Bytes = Bytes.of("the public key is no PEM");
