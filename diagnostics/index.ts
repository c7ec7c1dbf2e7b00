export type { CodeEntry } from "./code-entry.ts";
export { type ColorTarget, wantsColor } from "./color.ts";
export { type Diagnostic, MeshscriptError, type SourceLocation, diagnostic, exitCodes, place } from "./diagnostic.ts";
export { reasonOfErrno } from "./errno.ts";
export { makeFolder, unwritable } from "./folder.ts";
export { errorIndex, errorPage } from "./pages.ts";
export { type DiagnosticCode, registry } from "./registry.ts";
export { type RenderOptions, render, renderJson } from "./render.ts";
export { spanIn } from "./span.ts";
