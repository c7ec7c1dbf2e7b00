/** A random probe as plain data, so that it can be printed, made smaller and run again. */
export interface FuzzCase {
  plugins: readonly FuzzPlugin[];
  request: FuzzRequest;
  /** The same request again, when nothing that the first one left behind can be under way. */
  again: boolean;
  respond: FuzzResponse;
  /** How the upstream answers a callout. */
  side: "answer" | "empty" | "reset" | "broken";
  upstream: "app" | "h2";
}

export interface FuzzPlugin {
  /** Also the name of its variables: a VM has one set of them. */
  label: string;
  vm: string;
  failurePolicy: "FAIL_CLOSED" | "FAIL_OPEN" | "FAIL_RELOAD";
  allowOnHeadersStopIteration: boolean;
  /** Section to steps, in the language of `script.ts`. */
  sections: Readonly<Record<string, readonly string[]>>;
}

export interface FuzzRequest {
  method: string;
  protocol: "http/1.1" | "h2c";
  headers: readonly (readonly [string, string])[];
  /** Each piece but the first waits until the first filter has seen the one before. */
  body: readonly string[];
  trailers: boolean;
}

export interface FuzzResponse {
  status: number;
  body: string;
  length: "content-length" | "chunked" | "none";
  headers: readonly (readonly [string, string])[];
  trailers: boolean;
  reset: "no" | "before-headers" | "mid-body";
}
