import type { KeyObject } from "node:crypto";
import { createPrivateKey, createPublicKey, createSign, createVerify, getHashes } from "node:crypto";
import { field, readFields } from "./properties/protobuf.ts";
import { Status } from "./status.ts";

/** What Envoy's `verify_signature` and `sign` answer: Ok and a message with a result or an error. */
interface SignatureAnswer {
  status: number;
  result?: Buffer;
}

/** VerifySignatureArguments { 1 hash_function, 2 public_key (DER), 3 signature, 4 text, 5 public_key_pem } */
export function verifySignature(argument: Buffer): SignatureAnswer {
  const fields = readFields(argument);
  if (!fields || argument.length === 0) return { status: Status.BadArgument };
  const key = read(() => publicKey(fields.get(2), fields.get(5)));
  if (!key) return error(2, "Failed to initialize digest verify.");
  const hash = hashOf(fields.get(1));
  if (hash === undefined) return error(2, `${fields.get(1)?.toString() ?? ""} is not supported.`);
  if (key.asymmetricKeyType === "ed25519") return error(2, "Failed to initialize digest verify.");
  const verified = read(() =>
    createVerify(hash)
      .update(fields.get(4) ?? "")
      .verify(key, fields.get(3) ?? Buffer.alloc(0)),
  );
  return verified ? { status: Status.Ok, result: Buffer.from([1 << 3, 1]) } : error(2, "Failed to verify digest. Error code: 0");
}

/** SignArguments { 1 hash_function, 2 private_key (PKCS#8 DER), 3 text, 4 private_key_pem } */
export function sign(argument: Buffer): SignatureAnswer {
  const fields = readFields(argument);
  if (!fields || argument.length === 0) return { status: Status.BadArgument };
  const key = read(() => privateKey(fields.get(2), fields.get(4)));
  if (!key) return error(3, "Invalid key type: private key required for signing operation.");
  const hash = hashOf(fields.get(1));
  if (hash === undefined) return error(3, `${fields.get(1)?.toString() ?? ""} is not supported.`);
  const signature = createSign(hash)
    .update(fields.get(3) ?? "")
    .sign(key);
  return { status: Status.Ok, result: Buffer.concat([Buffer.from([1 << 3, 1]), field(2, signature)]) };
}

function error(number: number, text: string): SignatureAnswer {
  return { status: Status.Ok, result: field(number, Buffer.from(text)) };
}

function publicKey(der: Buffer | undefined, pem: Buffer | undefined): KeyObject {
  return pem?.length ? createPublicKey(pem) : createPublicKey({ key: der ?? Buffer.alloc(0), format: "der", type: "spki" });
}

function privateKey(der: Buffer | undefined, pem: Buffer | undefined): KeyObject {
  return pem?.length ? createPrivateKey(pem) : createPrivateKey({ key: der ?? Buffer.alloc(0), format: "der", type: "pkcs8" });
}

function hashOf(name: Buffer | undefined): string | undefined {
  const wanted = name?.toString().toLowerCase() ?? "";
  return /^sha(1|224|256|384|512)$/.test(wanted) && getHashes().includes(wanted) ? wanted : undefined;
}

/** Node throws for a key or a signature that is malformed. */
function read<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}
