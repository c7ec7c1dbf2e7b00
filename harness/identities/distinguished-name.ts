/** A name as a list of its parts, each with one or several attributes. */
export type NameParts = readonly Readonly<Record<string, readonly string[]>>[];

/** The form of RFC 2253, which Envoy reports: the last part first, joined by commas, with special characters escaped. */
export function rfc2253(parts: NameParts): string {
  return [...parts]
    .reverse()
    .map((part) =>
      Object.entries(part)
        .flatMap(([type, values]) => values.map((value) => `${type}=${escaped(value)}`))
        .join("+"),
    )
    .join(",");
}

/** RFC 2253, 2.4. */
function escaped(value: string): string {
  return value.replace(/[,+"\\<>;]/g, "\\$&").replace(/^[ #]| $/g, "\\$&");
}
