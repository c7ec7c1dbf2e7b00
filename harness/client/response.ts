import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import type { HeaderPairs } from "../upstreams/types.ts";
import { valuesOf } from "./headers.ts";
import type { HttpResponse, TlsSession } from "./types.ts";

/** What has come so far of an answer. */
export interface ResponseParts {
  status: number;
  reason: string;
  httpVersion: string;
  headers: HeaderPairs;
  body: Buffer;
  trailers: HeaderPairs;
  informational: number[];
  tls?: TlsSession;
}

/** The parts with the readers around them. */
export function toResponse(parts: ResponseParts): HttpResponse {
  return {
    ...parts,
    header: (name) => valuesOf(parts.headers, name)[0],
    headerValues: (name) => valuesOf(parts.headers, name),
    text: () => parts.body.toString("utf8"),
    json: () => JSON.parse(parts.body.toString("utf8")) as unknown,
  };
}

/** The connection ended, or the time was over, before the answer was complete. */
export class IncompleteResponse extends MeshscriptError {
  /** What came until then: undefined when not even a status line. */
  readonly partial: HttpResponse | undefined;

  // Hidden from test runners, which print every field of an error.
  readonly #given: [code: "MS0408" | "MS0409", reason: string, parts: ResponseParts | undefined];

  constructor(code: "MS0408" | "MS0409", reason: string, parts: ResponseParts | undefined, help?: string) {
    const came =
      parts === undefined
        ? "before any header"
        : `after status ${parts.status}, ${parts.headers.length} headers and ${parts.body.length} bytes of body`;
    super(diagnostic(code, `${reason} ${came}`, help === undefined ? {} : { help }));
    this.#given = [code, reason, parts];
    this.partial = parts === undefined ? undefined : toResponse(parts);
  }

  /** The same, with help that fits the case. */
  withHelp(help: string): IncompleteResponse {
    return new IncompleteResponse(...this.#given, help);
  }
}
