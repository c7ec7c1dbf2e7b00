import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { issueLeaf } from "./leaf.ts";
import { checkTrustDomain } from "./spiffe.ts";
import type { Authority, AuthorityOptions, Validity } from "./types.ts";
import { validity } from "./validity.ts";
import { type Issuer, certificatePem, library, newKeys, sign } from "./x509.ts";

/**
 * A certificate authority for tests: everything that it issues is real X.509 and worth nothing outside of this process.
 *
 * Two authorities of one trust domain and name differ in nothing but their key: a leaf of one is what the other must refuse.
 * Source: X.509-SVID (https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md).
 *
 * @throws MeshscriptError MS0602 for a trust domain that SPIFFE does not allow, MS0601 for a duration.
 * @example
 * const authority = await createAuthority({ trustDomain: "cluster.local" });
 * const productpage = await authority.issue({ namespace: "default", serviceAccount: "productpage" });
 * await using envoy = await openEnvoy({ tls: { identity: productpage, clientCertificate: "required" } });
 * await envoy.request({ identity: await authority.issue({ serviceAccount: "ingress" }) });
 */
export async function createAuthority(options: AuthorityOptions = {}): Promise<Authority> {
  const { trustDomain = "cluster.local", name = "meshscript test CA", keyType = "ec-p256", now = () => new Date() } = options;
  checkTrustDomain(trustDomain);
  return root({ trustDomain, name, keyType, now }, options, "");
}

type Settings = Required<Pick<AuthorityOptions, "trustDomain" | "name" | "keyType" | "now">>;

/** @param older the roots that are still trusted. */
async function root(settings: Settings, valid: Validity, older: string): Promise<Authority> {
  const keys = await newKeys(settings.keyType);
  const issuer: Issuer = { subject: distinguishedName(settings), keys };
  const certificate = await certify(settings, issuer, issuer, valid, 1);
  return authority(settings, { issuer, certificate, trustBundle: certificate + older, intermediates: "" });
}

interface State {
  issuer: Issuer;
  certificate: string;
  trustBundle: string;
  /** The chain of its leaves, without leaf and root. */
  intermediates: string;
}

function authority(settings: Settings, { issuer, certificate, trustBundle, intermediates }: State): Authority {
  return {
    trustDomain: settings.trustDomain,
    certificate,
    trustBundle,
    issue: (options) => issueLeaf({ ...settings, issuer, trustBundle, intermediates }, options),
    rotate: async (valid = {}) => {
      if (intermediates === "") return root(settings, valid, trustBundle);
      throw new MeshscriptError(diagnostic("MS0602", "an intermediate is rotated by taking a new one from its root"));
    },
    intermediate: async ({ name = "meshscript test intermediate", ...valid } = {}) => {
      if (intermediates !== "") throw new MeshscriptError(diagnostic("MS0602", "an intermediate cannot have another one below it"));
      const own = { ...settings, name };
      const below: Issuer = { subject: distinguishedName(own), keys: await newKeys(settings.keyType) };
      const certified = await certify(own, below, issuer, valid, 0);
      return authority(own, { issuer: below, certificate: certified, trustBundle, intermediates: certified });
    },
  };
}

function distinguishedName({ trustDomain, name }: Settings): string {
  const { Name } = library();
  // Not written as text: the name may have a comma in it.
  return new Name([{ O: [trustDomain] }, { CN: [name] }]).toString();
}

/** The certificate of an authority: X.509-SVID 4.1 to 4.3. */
async function certify({ trustDomain, now }: Settings, own: Issuer, by: Issuer, valid: Validity, below: number): Promise<string> {
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, SubjectAlternativeNameExtension } = library();
  const certificate = await sign({
    subject: own.subject,
    keys: own.keys,
    issuer: by,
    ...validity(valid, now(), "24h"),
    extensions: [
      new BasicConstraintsExtension(true, below, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      // A signing certificate's ID is the trust domain's, without a path.
      new SubjectAlternativeNameExtension([{ type: "url", value: `spiffe://${trustDomain}` }]),
    ],
  });
  return certificatePem(certificate);
}
