import type { Extension } from "@peculiar/x509";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { rfc2253 } from "./distinguished-name.ts";
import { checkSpiffeId, whyNoSpiffeId } from "./spiffe.ts";
import type { Identity, IssueOptions } from "./types.ts";
import { validity } from "./validity.ts";
import { type Issuer, type Keys, certificatePem, library, newKeys, privateKeyPem, sha256Of, sign } from "./x509.ts";

/** What an authority brings to a leaf. */
export interface LeafIssuer {
  trustDomain: string;
  now: () => Date;
  issuer: Issuer;
  trustBundle: string;
  intermediates: string;
}

/** Issues a leaf: see `Authority.issue`. */
export async function issueLeaf(
  { trustDomain, now, issuer, trustBundle, intermediates }: LeafIssuer,
  options: IssueOptions,
): Promise<Identity> {
  const uriSans = [...idOf(options, trustDomain), ...(options.uriSans ?? [])];
  const dnsSans = [...(options.dnsSans ?? [])];
  const { subject = "" } = options;
  if (uriSans.length + dnsSans.length === 0 && subject === "") {
    throw new MeshscriptError(diagnostic("MS0602", "a leaf without spiffeId, serviceAccount, uriSans, dnsSans and subject says nothing"));
  }
  const valid = validity(options, now(), "1h");
  const { Name } = library();
  const name = new Name(subject);
  const keys = await newKeys(options.keyType ?? "ec-p256");
  const extensions = leafExtensions({ uriSans, dnsSans, keys, critical: subject === "" });
  const signed = await sign({ subject: name.toString(), keys, issuer, ...valid, extensions });
  const certificate = certificatePem(signed);
  const [spiffeId] = uriSans.length === 1 ? uriSans.filter((id) => whyNoSpiffeId(id) === undefined) : [];
  return {
    ...(spiffeId === undefined ? {} : { spiffeId }),
    certificate,
    chain: certificate + intermediates,
    privateKey: privateKeyPem(keys),
    trustBundle,
    uriSans,
    dnsSans,
    subject: rfc2253(name.toJSON()),
    serialNumber: signed.serialNumber,
    sha256: sha256Of(signed),
    ...valid,
  };
}

/** None, or the one that the options name. */
function idOf({ spiffeId, namespace, serviceAccount }: IssueOptions, trustDomain: string): string[] {
  if (spiffeId !== undefined && (namespace !== undefined || serviceAccount !== undefined)) {
    throw new MeshscriptError(diagnostic("MS0602", "`spiffeId` is whole: it cannot be combined with namespace and serviceAccount"));
  }
  if (namespace !== undefined && serviceAccount === undefined) {
    throw new MeshscriptError(diagnostic("MS0602", `a namespace (${JSON.stringify(namespace)}) needs a serviceAccount`));
  }
  const id = serviceAccount === undefined ? spiffeId : `spiffe://${trustDomain}/ns/${namespace ?? "default"}/sa/${serviceAccount}`;
  if (id === undefined) return [];
  checkSpiffeId(id, trustDomain);
  return [id];
}

/** X.509-SVID, 4 and appendix A: the leaf signs, and does nothing that an authority does. */
function leafExtensions(options: { uriSans: string[]; dnsSans: string[]; keys: Keys; critical: boolean }): Extension[] {
  const { uriSans, dnsSans, keys, critical } = options;
  const x509 = library();
  // TLS 1.2 with an RSA key exchange enciphers with it.
  const rsa = keys.type === "rsa-2048" ? x509.KeyUsageFlags.keyEncipherment : 0;
  const names = [
    ...uriSans.map((value) => ({ type: "url" as const, value })),
    ...dnsSans.map((value) => ({ type: "dns" as const, value })),
  ];
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | rsa, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
    // Critical when the subject is empty: RFC 5280, 4.2.1.6.
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names, critical)] : []),
  ];
}
