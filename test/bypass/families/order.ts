// Families 32 and 33: nothing beside the filter gives out the upstream's data, and policies without rules mean what Istio says.
import { type Case, type Seen, overBoth } from "../types.ts";

const isAdmin = ({ target }: Seen) => target.startsWith("/admin");

/** Filters and routes that answer by themselves, ask again, or ask elsewhere. */
function order(): Case[] {
  const answersItself = "what stands behind the filter answers each request that it lets through";
  const forbidden = ["/admin", "/admin/x?y=/public", "//admin", "/info/..;/admin", "/%61dmin"];
  return [
    ...["rate limit", "fault"].flatMap((policy) =>
      forbidden.flatMap((target) =>
        overBoth({ family: 32, name: `${policy}: ${target}`, policy, request: { target }, noTwin: answersItself }),
      ),
    ),
    ...["direct response", "redirect", "internal redirect"].flatMap((policy) =>
      forbidden.flatMap((target) =>
        overBoth({
          family: 32,
          name: `${policy}: ${target}`,
          policy,
          request: { target },
          twin: { target: target.replace(/admin|%61dmin/, "pages") },
        }),
      ),
    ),
    ...["/admin", "/private", "/public/..;/admin"].flatMap((target) =>
      ["retry", "mirror"].flatMap((policy) =>
        overBoth({
          family: 32,
          name: `${policy}: ${target}`,
          policy,
          request: { target },
          twin: { target: policy === "retry" ? "/public/fails" : "/public" },
        }),
      ),
    ),
    // The upstream sends Envoy to /admin, and Envoy has to ask the policies again.
    ...overBoth({
      family: 32,
      name: "an internal redirect of the upstream's",
      policy: "internal redirect",
      request: { target: "/public/moved" },
      forbidden: isAdmin,
      twin: { target: "/public/moved" },
      twinSeen: ({ target }) => target === "/public/moved",
    }),
    ...overBoth({
      family: 32,
      name: "a redirect by the route",
      policy: "redirect",
      request: { target: "/old" },
      forbidden: isAdmin,
      twin: { target: "/pages" },
    }),
  ];
}

/** An ALLOW policy without rules allows nothing, a DENY policy without rules refuses nothing; a rule without conditions holds for all. */
function emptyRules(): Case[] {
  return ["/", "/public", "/admin", "/%61"].flatMap((target) => [
    ...overBoth({
      family: 33,
      name: "ALLOW without rules",
      policy: "allow-nothing",
      request: { target },
      twin: { target },
      twinPolicy: "deny-nothing",
    }),
    ...overBoth({
      family: 33,
      name: "ALLOW with an empty list",
      policy: "allow-empty-rules",
      request: { target },
      twin: { target },
      twinPolicy: "allow-all",
    }),
    ...overBoth({ family: 33, name: "DENY with {}", policy: "deny-all", request: { target }, twin: { target }, twinPolicy: "allow-all" }),
  ]);
}

export function orderFamilies(): Case[] {
  return [...order(), ...emptyRules()];
}
