/** `exportTo`: who may see a resource of a namespace. */
export type Visibility = "everyone" | "nobody" | ReadonlySet<string>;

/**
 * `*` everyone, `.` the own namespace, `~` nobody, else names of namespaces; nothing said is everyone.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/
 */
export function visibilityOf(exportTo: readonly string[] | undefined, namespace: string): Visibility {
  if (exportTo === undefined || exportTo.length === 0 || exportTo.includes("*")) return "everyone";
  if (exportTo.includes("~")) return "nobody";
  return new Set(exportTo.map((each) => (each === "." ? namespace : each)));
}

export function visibleTo(visibility: Visibility, namespace: string): boolean {
  return visibility === "everyone" || (visibility !== "nobody" && visibility.has(namespace));
}

/** Only seen in the own namespace. */
export function isPrivate(visibility: Visibility, namespace: string): boolean {
  return typeof visibility === "object" && visibility.size === 1 && visibility.has(namespace);
}
