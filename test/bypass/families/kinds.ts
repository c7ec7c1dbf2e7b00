import { readings } from "../readings.ts";
import { type Both, type Case, type Seen, overBoth } from "../types.ts";

/** A listener, and what its policies forbid. */
export interface Kind {
  policy: string;
  /** A beginning that the policy lets pass. */
  cover: string;
  /** What is forbidden. */
  target: string;
  /** What stands in its place in the twin. */
  other: string;
  /** An ALLOW rule for some paths only: it must hold for the path as it is, too. */
  narrow: boolean;
  /** The same by a negative list: tried with one tail only. */
  negative?: true;
}

/** DENY /admin*, ALLOW only /public*, and both by the negative list. */
export const KINDS: readonly Kind[] = [
  { policy: "deny-admin", cover: "info", target: "admin", other: "pages", narrow: false },
  { policy: "allow-not-admin", cover: "info", target: "admin", other: "pages", narrow: false, negative: true },
  { policy: "allow-public", cover: "public", target: "admin", other: "public", narrow: true },
  { policy: "deny-not-public", cover: "public", target: "admin", other: "public", narrow: true, negative: true },
];

/** The path that a client writes to get to `target`. */
export type Shape = (cover: string, target: string) => string;

export interface ShapeOptions {
  /** Why the shape has no twin at all. */
  noTwin?: string;
  /** It does not begin with what it covers itself with: nothing that begins so is in /public*. */
  bare?: boolean;
  tails?: readonly string[];
  /** [all] */
  kinds?: readonly Kind[];
}

const BARE = "an ALLOW rule, and a DENY rule for all but some paths, must hold for the path as it is, too, and that begins otherwise";

/**
 * What Envoy does not resolve, and some server does: `..` or a slash that is escaped twice, `..` with a parameter of which one is escaped. (It does
 * resolve `..;`, since CVE-2026-73551, and makes that of `%2e%2e;`, too late.)
 */
const HIDDEN = /%(25)+2e%(25)+2e|%252e\.|\.%252e|%(25)+(2f|5c)|\.\.%(25)*3b|(%2e%2e|\.%2e|%2e\.);/i;
const CLIMBS = "a path that climbs, or has a slash, for some servers only is refused whatever it leads to: nobody honest writes one";

/** A shape of path against each kind of policy, over both protocols, with something behind it or not. */
export function pathCases(
  family: number,
  shape: Shape,
  { noTwin, bare = false, tails = ["", "/x?a=/public"], kinds = KINDS }: ShapeOptions = {},
): Case[] {
  return kinds.flatMap((kind) =>
    tails.slice(0, kind.negative ? 1 : tails.length).flatMap((tail) => {
      const path = (target: string) => `${shape(kind.cover, target)}${tail}`;
      const hidden = HIDDEN.test(path(kind.other)) ? CLIMBS : undefined;
      const why = noTwin ?? hidden ?? (bare && kind.narrow ? BARE : undefined);
      const one: Both = {
        family,
        name: path("admin"),
        policy: kind.policy,
        request: { target: path(kind.target) },
        forbidden: isForbidden(kind),
      };
      return overBoth(why === undefined ? { ...one, twin: { target: path(kind.other) } } : { ...one, noTwin: why });
    }),
  );
}

/** Some server takes what reached the upstream for what the policy forbids. */
function isForbidden({ narrow }: Kind): (seen: Seen) => boolean {
  const forbids = (path: string) => (narrow ? !path.startsWith("/public") : path.startsWith("/admin"));
  return ({ target }) => [...readings(target)].some(forbids);
}

export function pathsOf(family: number, shapes: readonly Shape[], options?: ShapeOptions): Case[] {
  return shapes.flatMap((shape) => pathCases(family, shape, options));
}
