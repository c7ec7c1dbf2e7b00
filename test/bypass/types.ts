/** Names and values in wire order, one character per byte. */
export type Pairs = readonly (readonly [name: string, value: string])[];

export type Protocol = "HTTP/1.1" | "HTTP/2";

/** A request as it shall be on the wire, which no client library may clean. Every text is one character per byte. */
export interface Wire {
  /** [GET] */
  method?: string;
  /** `:path`, or what stands in the request line [/]; null: none. */
  target?: string | null;
  /** `:authority`, or the Host header [shop.example.com]; null: none. */
  host?: string | null;
  /** In order. Over HTTP/2 they may be pseudo headers, too: they then stand behind the others. */
  headers?: Pairs;
  body?: string;
  /** Instead of all that, over HTTP/1.1: the bytes, in which `{case}` is the case's own name. All that comes back until the connection ends counts. */
  raw?: string;
  /** Speaks TLS and presents the identity of this name in identities.ts. */
  identity?: string;
  /** The address it connects from [127.0.0.1]. */
  from?: string;
}

/** What the upstream saw. */
export interface Seen {
  method: string;
  target: string;
  headers: Pairs;
  body: string;
}

/** One request that must not get through, and the same in good. */
export interface Case {
  family: number;
  name: string;
  protocol: Protocol;
  /** The name of a listener in policies.ts. */
  policy: string;
  request: Wire;
  /** What of it is a bypass when it reaches the upstream [anything]. */
  forbidden?: (seen: Seen) => boolean;
  /** The same shape with a target that the policy allows: it must reach the upstream. */
  twin?: Wire;
  /** The twin's own listener [policy]. */
  twinPolicy?: string;
  /** What the upstream must see of the twin [anything]. */
  twinSeen?: (seen: Seen) => boolean;
  /** Why there is no twin. */
  noTwin?: string;
}

/** A case over both protocols, as families write it. */
export type Both = Omit<Case, "protocol">;

export function overBoth(one: Both): Case[] {
  return (["HTTP/1.1", "HTTP/2"] as const).map((protocol) => ({ ...one, protocol }));
}

/** All values of a header that the upstream saw. */
export function valuesOf({ headers }: Seen, name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}
