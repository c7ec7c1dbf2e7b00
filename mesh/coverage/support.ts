import type { Coverage, Entry, Level } from "./entry.ts";
import type { Field } from "./fields.ts";
import { isAtOrAbove } from "./paths.ts";

/** What becomes of a field. */
export interface Support {
  readonly level: Level | "supported";
  readonly reason: string;
  /** Values that are not supported of one that is. */
  readonly except: readonly Entry[];
}

export function supportOf({ whole, entries = [] }: Coverage, { path }: Field): Support {
  if (whole) return { ...whole, except: [] };
  const own = entries.filter((entry) => isAtOrAbove(entry.path, path));
  const always = own.find(({ when }) => when === undefined);
  if (always) return { level: always.level, reason: always.reason, except: [] };
  // Of an object, for a value of it in all of its fields.
  return { level: "supported", reason: "", except: own };
}
