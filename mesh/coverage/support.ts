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

export function supportOf({ whole, entries = [] }: Coverage, { path, leaf }: Field): Support {
  if (whole) return { ...whole, except: [] };
  const own = entries.filter((entry) => isAtOrAbove(entry.path, path));
  // What is said of some values of an object is said of all that is in it.
  const said = own.find((entry) => entry.when === undefined || !leaf || bare(entry.path) !== bare(path));
  if (said === undefined) return { level: "supported", reason: "", except: own };
  return { level: said.level, reason: said.values ? `${said.reason}; only ${said.values}` : said.reason, except: [] };
}

const bare = (path: string) => path.replace(/(\[\]|\{\})+$/, "");
