import type { HeaderPairs } from "../../upstreams/types.ts";

/** Which message a map belongs to: it decides which repeated headers Envoy joins. */
export type MapKind = "request" | "response" | "request trailers" | "response trailers";

/**
 * Headers that Envoy keeps in one slot each ("inline" or O(1) headers): a further value is appended to the first one. Any other header
 * stays repeated. The lists are what Envoy 1.40 prints at its start ("HTTP header map info").
 */
const inline: Record<MapKind, ReadonlySet<string>> = {
  request: new Set(
    `:authority :method :path :protocol :scheme accept accept-encoding access-control-request-headers access-control-request-method
    access-control-request-private-network authentication authorization cache-control cdn-loop connection content-encoding content-length
    content-type expect grpc-accept-encoding grpc-timeout if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive
    origin pragma proxy-connection proxy-status referer te transfer-encoding upgrade user-agent via x-client-trace-id x-envoy-attempt-count
    x-envoy-decorator-operation x-envoy-downstream-service-cluster x-envoy-downstream-service-node x-envoy-expected-rq-timeout-ms
    x-envoy-external-address x-envoy-force-trace x-envoy-hedge-on-per-try-timeout x-envoy-internal x-envoy-ip-tags x-envoy-is-timeout-retry
    x-envoy-max-retries x-envoy-original-host x-envoy-original-path x-envoy-original-url x-envoy-retriable-header-names
    x-envoy-retriable-status-codes x-envoy-retry-grpc-on x-envoy-retry-on x-envoy-upstream-alt-stat-name
    x-envoy-upstream-rq-per-try-timeout-ms x-envoy-upstream-rq-timeout-alt-response x-envoy-upstream-rq-timeout-ms
    x-envoy-upstream-stream-duration-ms x-forwarded-client-cert x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto
    x-request-id`.split(/\s+/),
  ),
  response: new Set(
    `:status access-control-allow-credentials access-control-allow-headers access-control-allow-methods access-control-allow-origin
    access-control-allow-private-network access-control-expose-headers access-control-max-age age cache-control connection content-encoding
    content-length content-type date etag expires grpc-message grpc-status keep-alive last-modified location proxy-connection proxy-status
    server transfer-encoding upgrade vary via x-envoy-attempt-count x-envoy-decorator-operation x-envoy-degraded
    x-envoy-immediate-health-check-fail x-envoy-ratelimited x-envoy-upstream-canary x-envoy-upstream-healthchecked-cluster
    x-envoy-upstream-service-time x-request-id`.split(/\s+/),
  ),
  "request trailers": new Set(),
  "response trailers": new Set(["grpc-message", "grpc-status"]),
};

/**
 * A block of headers as Envoy holds it: names in lower case, pseudo headers first, values one character per byte (latin1).
 * `host` is another name of `:authority`.
 */
export class HeaderMap {
  private readonly names: string[] = [];
  private readonly values: string[] = [];
  private pseudo = 0;

  constructor(
    readonly kind: MapKind,
    pairs: Iterable<readonly [string, string]> = [],
  ) {
    for (const [name, value] of pairs) this.add(name, value);
  }

  get size(): number {
    return this.names.length;
  }

  /** Bytes of all names and values. */
  get byteSize(): number {
    let sum = 0;
    for (let i = 0; i < this.names.length; i++) sum += (this.names[i] as string).length + (this.values[i] as string).length;
    return sum;
  }

  /** The first value. */
  get(name: string): string | undefined {
    const at = this.names.indexOf(this.key(name));
    return at < 0 ? undefined : this.values[at];
  }

  has(name: string): boolean {
    return this.names.includes(this.key(name));
  }

  /** All values of a name joined with a comma, as Envoy's matchers and `request.headers` see them. */
  joined(name: string): string | undefined {
    const key = this.key(name);
    const found = this.values.filter((_, i) => this.names[i] === key);
    return found.length === 0 ? undefined : found.join(",");
  }

  /** Appends a pair; a header with a slot of its own gets the value appended to what it has. */
  add(name: string, value: string): void {
    const key = this.key(name);
    if (inline[this.kind].has(key)) {
      const at = this.names.indexOf(key);
      if (at >= 0) {
        const old = this.values[at] as string;
        // Envoy leaves out the separator next to an empty value.
        this.values[at] = old === "" || value === "" ? old + value : `${old},${value}`;
        return;
      }
    }
    this.insert(key, value);
  }

  /** Takes every value away and puts one at the end. */
  replace(name: string, value: string): void {
    const key = this.key(name);
    this.delete(key);
    this.insert(key, value);
  }

  /** Puts a value in the place of the one that is there, or at the end: how Envoy itself sets its own headers. */
  set(name: string, value: string): void {
    const at = this.names.indexOf(this.key(name));
    if (at >= 0) this.values[at] = value;
    else this.add(name, value);
  }

  /** Takes every value away; tells how many there were. */
  remove(name: string): number {
    return this.delete(this.key(name));
  }

  clear(): void {
    this.names.length = 0;
    this.values.length = 0;
    this.pseudo = 0;
  }

  /** Name and value of the pair at a place. */
  nameAt(i: number): string {
    return this.names[i] as string;
  }

  valueAt(i: number): string {
    return this.values[i] as string;
  }

  pairs(): HeaderPairs {
    return this.names.map((name, i) => [name, this.values[i] as string]);
  }

  copy(): HeaderMap {
    return new HeaderMap(this.kind, this.pairs());
  }

  private key(name: string): string {
    const lower = lowerCase(name);
    return lower === "host" && this.kind === "request" ? ":authority" : lower;
  }

  private insert(key: string, value: string): void {
    const isPseudo = key.charCodeAt(0) === 58; // :
    if (isPseudo && this.pseudo < this.names.length) {
      this.names.splice(this.pseudo, 0, key);
      this.values.splice(this.pseudo, 0, value);
      this.pseudo++;
    } else {
      this.names.push(key);
      this.values.push(value);
      if (isPseudo) this.pseudo++;
    }
  }

  private delete(key: string): number {
    let removed = 0;
    for (let i = this.names.indexOf(key); i >= 0; i = this.names.indexOf(key, i)) {
      this.names.splice(i, 1);
      this.values.splice(i, 1);
      if (i < this.pseudo) this.pseudo--;
      removed++;
    }
    return removed;
  }
}

/** ASCII only: bytes above 0x7f stay what they are, unlike with `toLowerCase`. Most names are in lower case already. */
export function lowerCase(name: string): string {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code >= 65 && code <= 90) return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  }
  return name;
}
