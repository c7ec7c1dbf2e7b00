import { type Diagnostic, type DiagnosticCode, type MeshscriptError, diagnostic } from "../../diagnostics/index.ts";

/** How the YAML parser, which calls itself for each level, passes on that there was no room left. */
const NO_ROOM = /call stack/i;

/** Whether a text could not be read for its depth. */
export function isTooDeep({ diagnostics }: MeshscriptError): boolean {
  return diagnostics.some(({ message }) => NO_ROOM.test(message));
}

/** The same in words for its author. */
export function tooDeep({ diagnostics }: MeshscriptError, code: DiagnosticCode): Diagnostic {
  const { location } = diagnostics.find(({ message }) => NO_ROOM.test(message)) ?? {};
  return diagnostic(code, "brackets or lists are nested too deeply: hundreds of levels", {
    // The line is all brackets.
    ...(location ? { location: { file: location.file, ...(location.line === undefined ? {} : { line: location.line }) } } : {}),
    help: "write it with fewer levels",
  });
}
