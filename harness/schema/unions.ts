import { fieldName } from "../cases/findings.ts";
import type { Path } from "../cases/source.ts";
import { type Mistake, shown, unknownField, wrongValue } from "./mistake.ts";

/**
 * What is wrong with a value that fits none of several forms: the mistakes against the form that the author had in mind. That is the one with
 * the fewest; where several have equally few, what is common to them, or that it is one or the other.
 *
 * @param branches the mistakes against each form; none when the value fits more than one of a `oneOf`
 */
export function combined(path: Path, value: unknown, branches: readonly (readonly Mistake[])[]): readonly Mistake[] {
  if (branches.length === 0) return [wrongValue(path, "fits more than one of the forms that it can have", "")];
  const here = fieldName(path);
  // A form of another kind (text, where an object stands) is not meant, unless all are.
  const cost = (branch: readonly Mistake[]) =>
    branch.length + (branch.some((m) => m.kind === "value" && fieldName(m.path) === here) ? 1000 : 0);
  const least = Math.min(...branches.map(cost));
  const nearest = branches.filter((branch) => cost(branch) === least);
  const [first = []] = nearest;
  if (nearest.length === 1) return first;
  return (
    strangeToAll(nearest) ??
    oneIsMissing(path, nearest) ??
    oneOrTheOther(path, value, nearest) ?? [wrongValue(path, `fits none of the ${branches.length} forms that it can have`, shown(value))]
  );
}

/** A field that none of the forms has; which others it must have depends on what was meant by it. */
function strangeToAll(branches: readonly (readonly Mistake[])[]): Mistake[] | undefined {
  const unknown = branches.map((branch) => branch.filter(({ kind }) => kind === "unknown"));
  const common = (unknown[0] ?? []).filter(({ path }) =>
    unknown.every((branch) => branch.some((other) => fieldName(other.path) === fieldName(path))),
  );
  if (common.length === 0) return undefined;
  return common.map(({ path }) => {
    const same = unknown.flatMap((branch) => branch.filter((other) => fieldName(other.path) === fieldName(path)));
    return unknownField(path, [...new Set(same.flatMap(({ known = [] }) => known))]);
  });
}

function oneIsMissing(path: Path, branches: readonly (readonly Mistake[])[]): Mistake[] | undefined {
  const missing = branches.map((branch) => branch.filter(({ kind }) => kind === "missing"));
  if (!missing.every((branch, i) => branch.length === branches[i]?.length)) return undefined;
  const fields = missing.map((branch) => branch.map(({ what }) => JSON.stringify(what)).join(" and "));
  const where = fieldName(path);
  const message = `${where === "" ? "the configuration" : where} needs ${listed([...new Set(fields)])}`;
  return [{ kind: "missing", path, part: "key", what: "", message }];
}

function oneOrTheOther(path: Path, value: unknown, branches: readonly (readonly Mistake[])[]): Mistake[] | undefined {
  const single = branches.map((branch) => (branch.length === 1 ? branch[0] : undefined));
  const whats = single.map((mistake) =>
    mistake?.kind === "value" && fieldName(mistake.path) === fieldName(path) ? mistake.what : undefined,
  );
  const musts = whats.flatMap((what) => (what?.startsWith("must be ") ? [what.slice("must be ".length)] : []));
  if (musts.length !== branches.length) return undefined;
  return [wrongValue(path, `must be ${listed([...new Set(musts)])}`, shown(value))];
}

function listed(items: readonly string[]): string {
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} or ${last}`;
}
