import type { CodeEntry } from "../code-entry.ts";

/** MS06xx: identities for tests, and the values that they are described with. */
export const identities = {
  MS0601: {
    level: "error",
    title: "a duration that cannot be read",
    help: 'write a number with its unit, for example "250ms", "1.5s" or "1h30m"',
    kind: "usage",
  },
  MS0602: {
    level: "error",
    title: "an identity that cannot be issued",
    help: 'give a `serviceAccount` (and `namespace`), or a whole `spiffeId` such as "spiffe://cluster.local/ns/default/sa/reviews"',
    kind: "usage",
    details:
      "What a SPIFFE ID may look like is in the SPIFFE-ID specification: a trust domain of lower-case letters, digits, `.`, `-` and `_`, and a path of non-empty segments. For a certificate that is meant to be wrong, `uriSans` and `dnsSans` are taken as they are.",
  },
} as const satisfies Record<string, CodeEntry>;
