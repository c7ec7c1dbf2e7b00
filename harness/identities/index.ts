export { createAuthority } from "./authority.ts";
export { type IdentityFiles, writeIdentity } from "./files.ts";
export type { Authority, AuthorityOptions, Identity, IssueOptions, KeyType, Trust, Validity } from "./types.ts";
