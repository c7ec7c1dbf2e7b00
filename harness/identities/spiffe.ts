import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";

/** Bytes that a SPIFFE ID and its trust domain may have (SPIFFE-ID, 2.3): all are ASCII, so characters are bytes. */
const LONGEST_ID = 2_048;
const LONGEST_TRUST_DOMAIN = 255;

/** What makes a text no trust domain (SPIFFE-ID, 2.1); undefined for a good one. */
function whyNoTrustDomain(text: string): string | undefined {
  if (text === "") return "the trust domain is empty";
  if (text.length > LONGEST_TRUST_DOMAIN) return `the trust domain is longer than ${LONGEST_TRUST_DOMAIN} characters`;
  return /^[a-z0-9._-]+$/.test(text) ? undefined : "a trust domain has only a-z, 0-9, dot, dash and underscore";
}

/**
 * What makes a text no SPIFFE ID of a workload; undefined for a good one. A workload's ID has a path, a trust domain's own has none.
 * Source: SPIFFE-ID, 2 (https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md).
 */
export function whyNoSpiffeId(text: string): string | undefined {
  const [, trustDomain, path] = /^spiffe:\/\/([^/]*)(.*)$/s.exec(text) ?? [];
  if (trustDomain === undefined || path === undefined) return "it does not begin with spiffe://";
  if (text.length > LONGEST_ID) return `it is longer than ${LONGEST_ID} characters`;
  const reason = whyNoTrustDomain(trustDomain);
  if (reason !== undefined) return reason;
  if (path === "") return "a workload's ID has a path";
  for (const segment of path.slice(1).split("/")) {
    if (segment === "") return "a path has no empty segments and does not end with a slash";
    if (segment === "." || segment === "..") return "a path has no segments . and ..";
    if (!/^[a-zA-Z0-9._-]+$/.test(segment)) return "a path has only letters, digits, dot, dash and underscore";
  }
  return undefined;
}

/** @throws MeshscriptError MS0602 */
export function checkTrustDomain(trustDomain: string): void {
  const reason = whyNoTrustDomain(trustDomain);
  if (reason !== undefined) throw new MeshscriptError(diagnostic("MS0602", `${reason}, got ${JSON.stringify(trustDomain)}`));
}

/** @throws MeshscriptError MS0602 when it is no ID of a workload of this trust domain. */
export function checkSpiffeId(id: string, trustDomain: string): void {
  const foreign = id.startsWith(`spiffe://${trustDomain}/`) ? undefined : `it is not of the trust domain ${trustDomain}`;
  const reason = whyNoSpiffeId(id) ?? foreign;
  if (reason === undefined) return;
  throw new MeshscriptError(diagnostic("MS0602", `no SPIFFE ID to issue: ${reason}, got ${JSON.stringify(id)}`));
}
