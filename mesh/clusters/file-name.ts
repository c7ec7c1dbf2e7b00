/** A name of Envoy's as a file: `outbound|9080|v1|reviews...` has characters that shells and file systems do not like. */
export const fileName = (name: string) =>
  name
    .replaceAll("|", "_")
    .replaceAll("*", "any")
    .replaceAll(/[/:\\]/g, "-");
