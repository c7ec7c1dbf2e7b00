import { KeyObject, createHash, webcrypto } from "node:crypto";
// Under another name: who bundles us for ESM often adds an import of this name of his own.
import { createRequire as requireFrom } from "node:module";
import type { Extension, X509Certificate } from "@peculiar/x509";
import type { KeyType } from "./types.ts";

const load = requireFrom(import.meta.url);

/**
 * The library, loaded when the first authority is made: loading takes 60 ms and patches the global Reflect (which its parts need), and
 * neither is for those who import the harness without wanting a certificate. By require, because both are CommonJS, and `import` parses
 * their hundreds of files a second time for the names that they export (90 ms).
 */
export function library() {
  load("reflect-metadata");
  return load("@peculiar/x509") as typeof import("@peculiar/x509");
}

const SIGNATURE = {
  "ec-p256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "rsa-2048": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2_048, publicExponent: new Uint8Array([1, 0, 1]) },
} as const;

/** A key pair and how it signs. */
export interface Keys {
  type: KeyType;
  pair: webcrypto.CryptoKeyPair;
}

export async function newKeys(type: KeyType): Promise<Keys> {
  return { type, pair: await webcrypto.subtle.generateKey(SIGNATURE[type], true, ["sign", "verify"]) };
}

/** PKCS #8. */
export function privateKeyPem({ pair }: Keys): string {
  return KeyObject.from(pair.privateKey).export({ type: "pkcs8", format: "pem" }).toString();
}

/** Who signs: its name as it is in its certificate, and its keys. */
export interface Issuer {
  subject: string;
  keys: Keys;
}

export interface CertificateContent {
  subject: string;
  keys: Keys;
  issuer: Issuer;
  notBefore: Date;
  notAfter: Date;
  extensions: Extension[];
}

/** Signs a certificate. The key identifiers tell authorities of one name apart, which is what a rotated one is. */
export async function sign(content: CertificateContent): Promise<X509Certificate> {
  const { X509CertificateGenerator, SubjectKeyIdentifierExtension, AuthorityKeyIdentifierExtension } = library();
  const { subject, keys, issuer, notBefore, notAfter, extensions } = content;
  return X509CertificateGenerator.create({
    subject,
    issuer: issuer.subject,
    notBefore,
    notAfter,
    publicKey: keys.pair.publicKey,
    signingKey: issuer.keys.pair.privateKey,
    signingAlgorithm: SIGNATURE[issuer.keys.type],
    extensions: [
      ...extensions,
      await SubjectKeyIdentifierExtension.create(keys.pair.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.keys.pair.publicKey),
    ],
  });
}

/** PEM with a line end, so that certificates can be joined. */
export function certificatePem(certificate: X509Certificate): string {
  return `${certificate.toString("pem").trim()}\n`;
}

/** The digest of the DER form, lower-case hex. */
export function sha256Of(certificate: X509Certificate): string {
  return createHash("sha256").update(new Uint8Array(certificate.rawData)).digest("hex");
}
