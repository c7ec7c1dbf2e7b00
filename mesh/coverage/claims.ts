import type { Path } from "../../harness/cases/source.ts";
import type { Resource } from "../resources/resource.ts";
import type { VirtualService } from "../resources/types/index.ts";
import { claimOf } from "../routes/claims.ts";

/** Where a VirtualService matches by a claim of a token: the field is one for headers, and only the name tells. */
export function matchedClaims({ kind, spec }: Resource): Path[] {
  if (kind !== "VirtualService") return [];
  return ((spec as VirtualService).http ?? []).flatMap(({ match }, r) =>
    (match ?? []).flatMap((each, m) =>
      (["headers", "withoutHeaders"] as const).flatMap((field) =>
        Object.keys(each[field] ?? {})
          .filter((name) => claimOf(name) !== undefined)
          .map((name) => ["spec", "http", r, "match", m, field, name]),
      ),
    ),
  );
}
