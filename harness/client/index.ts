export { toPairs, valuesOf } from "./headers.ts";
export { type RawOptions, raw } from "./raw.ts";
export { IncompleteResponse } from "./response.ts";
export { send } from "./send.ts";
export type { HttpRequest, HttpResponse, PendingResponse, TlsSession } from "./types.ts";
