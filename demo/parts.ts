import { filters } from "./filters.ts";

/** TLS between the proxies, each with a certificate that says who it is. */
export const MTLS = "mtls";

/** What `--without` can leave out of the demo. The tour shows each, and fails without it. */
export const parts: readonly string[] = [...filters.map(({ name }) => name), MTLS];
