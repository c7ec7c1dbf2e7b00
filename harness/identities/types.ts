/** A certificate with its key, and what its owner trusts. All PEM texts end with a line end, so that they can be joined. */
export interface Identity {
  /**
   * `spiffe://cluster.local/ns/default/sa/reviews`; undefined for a certificate that is no X.509-SVID, because it has no URI SAN, several,
   * or one that is no SPIFFE ID.
   */
  readonly spiffeId?: string;
  /** The leaf alone, PEM. */
  readonly certificate: string;
  /** The leaf, then the intermediates up to the root, which is not in it: what a TLS peer presents. PEM. */
  readonly chain: string;
  /** PKCS #8, PEM. */
  readonly privateKey: string;
  /** The roots that the issuer's workloads trust, PEM. */
  readonly trustBundle: string;
  /** As Envoy's `%DOWNSTREAM_PEER_URI_SAN%`, in the certificate's order. */
  readonly uriSans: readonly string[];
  readonly dnsSans: readonly string[];
  /** In the form of RFC 2253, as Envoy's `%DOWNSTREAM_PEER_SUBJECT%`: `CN=reviews,O=shop`, the last part first; empty for an SVID of ours. */
  readonly subject: string;
  /** Lower-case hex. */
  readonly serialNumber: string;
  /** Of the DER form, lower-case hex, as Envoy's `%DOWNSTREAM_PEER_FINGERPRINT_256%`. */
  readonly sha256: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Roots: PEM texts, or whoever has them (an authority, an identity). */
export type Trust = string | { readonly trustBundle: string };

/** The PEM text of the roots. */
export function bundleOf(trust: Trust): string {
  return typeof trust === "string" ? trust : trust.trustBundle;
}

/** [ec-p256, which takes a millisecond to make; rsa-2048 takes some hundred] */
export type KeyType = "ec-p256" | "rsa-2048";

/** When a certificate is valid. X.509 counts whole seconds. */
export interface Validity {
  /** [a minute ago, or an hour before `notAfter` when that is earlier] */
  notBefore?: Date;
  /** [now and `validFor`] */
  notAfter?: Date;
  /** From now on, e.g. `"1h"`; `"-1s"` for a certificate that has expired [1h for leaves, 24h for authorities]. */
  validFor?: string;
}

/** What goes into a leaf. Either `spiffeId` or `serviceAccount` makes it an SVID; with neither, at least one SAN must be given. */
export interface IssueOptions extends Validity {
  /** A whole SPIFFE ID of the authority's trust domain. */
  spiffeId?: string;
  /** The workload as Istio names it: `spiffe://<trust domain>/ns/<namespace>/sa/<serviceAccount>`. */
  serviceAccount?: string;
  /** [default] */
  namespace?: string;
  /** Taken as they are [none]. */
  dnsSans?: readonly string[];
  /** Further URI SANs, after the SPIFFE ID and taken as they are: for leaves that no honest authority would issue [none]. */
  uriSans?: readonly string[];
  /** A distinguished name, e.g. `O=shop, CN=reviews` [empty: an SVID says who it is in its SAN]. */
  subject?: string;
  /** [ec-p256] */
  keyType?: KeyType;
}

export interface AuthorityOptions extends Validity {
  /** [cluster.local, as in Istio] */
  trustDomain?: string;
  /** The common name in its certificate [meshscript test CA]. */
  name?: string;
  /** [ec-p256] */
  keyType?: KeyType;
  /** The clock that validity is counted from [the system's]. */
  now?: () => Date;
}

/** Issues certificates. Its key never leaves the process. */
export interface Authority {
  readonly trustDomain: string;
  /** Its own certificate, PEM. */
  readonly certificate: string;
  /** The roots that its workloads trust, the newest first; PEM. */
  readonly trustBundle: string;
  /**
   * A leaf with a key and a serial number of its own; for the same workload again, a rotated one.
   *
   * @throws MeshscriptError MS0602 for what is no SPIFFE ID of the trust domain, or a leaf that would say nothing; MS0601 for a duration.
   * @example
   * const reviews = await authority.issue({ namespace: "default", serviceAccount: "reviews" });
   * const expired = await authority.issue({ serviceAccount: "reviews", validFor: "-1s" });
   */
  issue(options: IssueOptions): Promise<Identity>;
  /**
   * The authority that takes over: same trust domain, same name, a new key. Its bundle holds the old roots, too, so that old and new leaves
   * verify during the change; hand out the bundle first, then leaves of the new authority.
   *
   * @example
   * const next = await authority.rotate();
   * await envoy.update({ tls: { identity: old, trust: next } });
   */
  rotate(validity?: Validity): Promise<Authority>;
  /**
   * An authority below this one, as Istio's with a plugged-in certificate: its leaves present it in their `chain`, and the root stays what is
   * trusted.
   *
   * @example
   * const leaf = await (await authority.intermediate({ name: "istiod" })).issue({ serviceAccount: "reviews" });
   */
  intermediate(options?: Validity & { name?: string }): Promise<Authority>;
}
