export type Labels = Readonly<Record<string, string>>;

/** Whether all labels of a selector are there; an empty selector selects everything. */
export function selects(selector: Labels | undefined, labels: Labels): boolean {
  return Object.entries(selector ?? {}).every(([name, value]) => labels[name] === value);
}
