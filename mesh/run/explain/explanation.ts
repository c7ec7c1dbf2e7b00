import { type SourceLocation, place } from "../../../diagnostics/index.ts";
import type { HttpResponse } from "../../../harness/client/types.ts";

/** Something that somebody wrote, which had a say in where a request went. */
export interface Decided {
  /** `VirtualService default/reviews` */
  readonly resource: string;
  /** In its `spec`: `http[0].match[1]`. */
  readonly part: string;
  readonly location: SourceLocation;
}

/** The verdict of authorization. */
export interface Verdict {
  readonly allowed: boolean;
  /** The rule that decided; those that say ALLOW, where none of them fits; none where no policy applies. */
  readonly by: readonly Decided[];
}

/** What one proxy did with a request. */
export interface Hop {
  /** The workload whose proxy it is: `reviews-v2.default`. */
  readonly proxy: string;
  /** Of its application's calls, of those to its application, or a gateway. */
  readonly direction: "outbound" | "inbound" | "gateway";
  /** As it came: before a rewrite. */
  readonly request: { readonly method: string; readonly authority: string; readonly path: string };
  /** 0 when there was none: the client went away, or was reset. */
  readonly status: number;
  /** Envoy's response code details: `via_upstream`, `fault_filter_abort`, ... https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details */
  readonly details: string;
  /** Envoy's response flags: `UH`, `UT`; empty where there are none. */
  readonly flags: string;
  /** Milliseconds. */
  readonly duration: number;
  /** The SPIFFE id of who called; undefined without mutual TLS. */
  readonly caller?: string;
  /** The rule of a VirtualService or HTTPRoute that it went by; undefined where no such rule speaks of it. */
  readonly rule?: Decided;
  /** The service that it went to. */
  readonly service?: { readonly host: string; readonly port: number; readonly subset?: string };
  /** The subset, or what else DestinationRules say of the service. */
  readonly destinationRule?: Decided;
  /** Of a proxy that has AuthorizationPolicies. */
  readonly verdict?: Verdict;
  /** Who was asked last: a workload of the mesh, or an address; undefined where nobody was. */
  readonly endpoint?: string;
}

/** Where a request went, and who decided it. */
export class Explanation {
  constructor(
    readonly response: HttpResponse,
    /** In the order in which the request came to them. */
    readonly hops: readonly Hop[],
  ) {}

  /** For people: a paragraph for each proxy. */
  toString(): string {
    return this.hops.map(textOf).join("\n\n");
  }
}

function textOf(hop: Hop): string {
  const { request, service } = hop;
  const lines: [string, string][] = [
    ["caller", hop.caller ?? ""],
    ["rule", hop.rule ? decided(hop.rule) : hop.direction === "inbound" ? "" : "none: as the service is"],
    ["service", service ? `${service.host}:${service.port}${service.subset ? `, subset ${service.subset}` : ""}` : ""],
    ["", hop.destinationRule ? decided(hop.destinationRule) : ""],
    ["policy", hop.verdict ? verdictText(hop.verdict) : ""],
    ["endpoint", hop.endpoint ?? ""],
    ["answer", [String(hop.status), hop.details, hop.flags].filter((each) => each !== "").join(" ")],
  ];
  const head = `${hop.proxy}, ${hop.direction}: ${request.method} ${request.authority}${request.path}`;
  return [head, ...lines.filter(([, text]) => text !== "").map(([name, text]) => `  ${name.padEnd(8)}  ${text}`)].join("\n");
}

const decided = ({ resource, part, location }: Decided) => `${resource} ${part} (${place(location).replace(/: $/, "")})`;

function verdictText({ allowed, by }: Verdict): string {
  const rules = by.map(decided).join(", ");
  if (allowed) return by.length === 0 ? "allowed: no policy speaks of it" : `allowed by ${rules}`;
  return by.some(({ part }) => part.startsWith("rules[")) ? `denied by ${rules}` : `denied: no rule allows it of ${rules}`;
}
