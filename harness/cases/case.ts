import type { SourceLocation } from "../../diagnostics/index.ts";
import type { IssueOptions } from "../identities/types.ts";
import type { HeadersInput, UpstreamResponse } from "../upstreams/types.ts";
import type { Expectation, HostName, LogExpectation } from "./schema.ts";
import type { Path } from "./source.ts";

/** A plugin of a case's chain. */
export interface CasePlugin {
  /** [the module's file name] */
  filter?: string;
  /** The module as the chain names it, absolute. */
  wasm?: string;
  config?: unknown;
  rootId?: string;
  failurePolicy?: "FAIL_CLOSED" | "FAIL_OPEN" | "FAIL_RELOAD";
  /** Where its configuration is in the file. */
  path: Path;
}

/** A request of a case, with its shorthands taken apart. */
export interface CaseRequest {
  method: string;
  path: string;
  headers: HeadersInput;
  body?: string;
  protocol: "http/1.1" | "h2c";
  identity?: Pick<IssueOptions, "serviceAccount" | "namespace">;
  times: number;
  /** Milliseconds since the case began. */
  at: number;
  expect: Expectation;
  /** Where it is in the file. */
  place: Path;
}

/** One case, complete: what it does not say itself is taken from the file. */
export interface Case {
  name: string;
  index: number;
  chain: readonly CasePlugin[];
  /** How the upstreams answer, by name; all of the file's, in its order. */
  upstreams: Readonly<Record<string, UpstreamResponse>>;
  /** What filters in front have set for each request: dynamic metadata by namespace, and filter state by key. */
  metadata: Readonly<Record<string, Record<string, unknown>>>;
  filterState: Readonly<Record<string, string>>;
  /** The modules' variables. */
  environment: Readonly<Record<string, string>>;
  /** None in a case with `refused`. */
  requests: readonly CaseRequest[];
  /** What the module says when it refuses the configuration, as the case wants it. */
  refused?: string;
  stats: Readonly<Record<string, number>>;
  log: readonly LogExpectation[];
  /** Why it does not run on a host. */
  skip: Readonly<Partial<Record<HostName, string>>>;
  /** Where it is in the file. */
  place: Path;
}

/** A cases file. */
export interface Cases {
  /** Absolute. */
  readonly file: string;
  /** The module as the file names it, absolute. */
  readonly wasm?: string;
  readonly cases: readonly Case[];
  /** What each upstream speaks, by name; the first gets what no filter answers. */
  readonly upstreams: Readonly<Record<string, { protocol: "http/1.1" | "h2c" }>>;
  /** Further fields of the access log: name to Envoy format string. */
  readonly accessLog: Readonly<Record<string, string>>;
  /** The place of something in the file. */
  locate(path: Path, part?: "value" | "key"): SourceLocation;
}
