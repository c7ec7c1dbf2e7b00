// Families 1, 3, 4, 5, 6, 7, 8 and 10: one path, written so that policy and upstream read two.
import { type Case, overBoth } from "../types.ts";
import { pathCases, pathsOf } from "./kinds.ts";

const FRAGMENT = "Envoy answers 400 to each fragment, whatever it stands behind";

/** CVE-2019-9901: dot segments. */
function dotSegments(): Case[] {
  return pathsOf(1, [
    (c, t) => `/${c}/../${t}`,
    (c, t) => `/${c}/..%2f${t}`,
    (c, t) => `/${c}/..%2F${t}`,
    (c, t) => `/${c}/%2e%2e/${t}`,
    (c, t) => `/${c}/%2E%2E/${t}`,
    (c, t) => `/${c}/.%2e/${t}`,
    (c, t) => `/${c}/%2e./${t}`,
    (c, t) => `/${c}/./../${t}`,
    (c, t) => `/./${c}/../${t}`,
    (c, t) => `/${c}/x/../../${t}`,
    (c, t) => `/${c}/x/y/../../../${t}`,
    (c, t) => `/${c}/../../../../${t}`,
    (c, t) => `/${c}/.././${t}`,
    (c, t) => `/${c}/%2e/%2e%2e/${t}`,
    (c, t) => `/${c}/%2e%2e%2f${t}`,
    (_, t) => `/../${t}`,
    (_, t) => `/%2e%2e/${t}`,
    (_, t) => `/./${t}`,
  ]);
}

/** CVE-2021-29492: escaped slashes, of either kind and of either case, and escaped once more. */
function escapedSlashes(): Case[] {
  const slashes = ["%2F", "%2f", "%5C", "%5c"];
  return [
    ...slashes.flatMap((slash) =>
      pathsOf(3, [
        (c, t) => `/${c}${slash}..${slash}${t}`,
        (c, t) => `/${c}${slash}..${slash}${slash}${t}`,
        (c, t) => `/${c}${slash}%2e%2e${slash}${t}`,
        (c, t) => `/${c}/..${slash}${t}`,
        (c, t) => `/${c}${slash}../${t}`,
        (_, t) => `/${slash}${t}`,
        (c, t) => `/${c}${slash}x/..${slash}../${t}`,
      ]),
    ),
    ...["%252f", "%252F", "%255c", "%255C"].flatMap((slash) =>
      pathsOf(3, [
        (c, t) => `/${c}${slash}..${slash}${t}`,
        (c, t) => `/${c}/..${slash}${t}`,
        (c, t) => `/${c}/%252e%252e${slash}${t}`,
        (c, t) => `/${c}/%252e%252e/${t}`,
      ]),
    ),
    ...pathsOf(3, [(_, t) => `/%252f${t}`, (_, t) => `/%255c${t}`], { bare: true }),
  ];
}

/** CVE-2021-31920: slashes that are too many, or the other way round. */
function slashes(): Case[] {
  const deep = [
    "/app//admin",
    "/app///admin",
    "//app/admin",
    "/app/%2Fadmin",
    "/app/\\admin",
    "/app\\admin",
    "/app/\\/\\/\\admin",
    "/app/;/admin",
  ];
  return [
    ...pathsOf(4, [
      (_, t) => `//${t}`,
      (_, t) => `///${t}`,
      (_, t) => `/%2F${t}`,
      (_, t) => `/%2F%2F${t}`,
      (_, t) => `//%2F/${t}`,
      (_, t) => `/\\${t}`,
      (_, t) => `/\\/\\/\\${t}`,
      (c, t) => `/${c}//..//${t}`,
      (c, t) => `/${c}//../..//${t}`,
      (c, t) => `/${c}\\..\\${t}`,
      (c, t) => `/${c}/..\\${t}`,
      (c, t) => `/${c}/\\/\\/..\\..\\..\\${t}`,
    ]),
    ...pathsOf(4, [(_, t) => `\\${t}`, (_, t) => t], { noTwin: "Envoy answers 400 to what does not begin with a slash" }),
    ...deep.flatMap((target) =>
      overBoth({
        family: 4,
        name: target,
        policy: "deny-deep",
        request: { target },
        twin: { target: target.replace("admin", "pages") },
      }),
    ),
  ];
}

/** CVE-2021-32779 and 39156: fragments, and what is one once it is decoded. */
function fragments(): Case[] {
  return [
    ...pathsOf(5, [(_, t) => `/${t}#foo`, (_, t) => `/${t}#/../public`, (c, t) => `/${c}#/../${t}`, (_, t) => `/#/${t}`], {
      noTwin: FRAGMENT,
      tails: ["", "?a=b"],
    }),
    ...pathsOf(5, [
      (_, t) => `/${t}%23foo`,
      (c, t) => `/${c}%23/../${t}`,
      (c, t) => `/${c}%23/..%2f${t}`,
      // A `#` that is decoded ends no path: what stands behind it goes on.
      (c, t) => `/${c}%23/..;/${t}`,
      (c, t) => `/${c}%23x/..;y/${t}`,
      (c, t) => `/${c}%23/%252e%252e/${t}`,
      (c, t) => `/${c}%23/%2e%2e;/${t}`,
      (c, t) => `/${c}%3f/%2e%2e;/${t}`,
      (c, t) => `/${c}%253f/.%2e;x/${t}`,
      (c, t) => `/${c}%3f/..;/${t}`,
      (c, t) => `/${c}%3Fx/..;y/${t}`,
      (c, t) => `/${c}%3f/%252e%252e/${t}`,
      (c, t) => `/${c}%2523/..;/${t}`,
      (c, t) => `/${c}%253f/..;/${t}`,
    ]),
  ];
}

/** CVE-2026-73551: dot segments behind which a parameter hides. */
function dotParameters(): Case[] {
  return [
    ...pathsOf(6, [
      (c, t) => `/${c}/..;foo=bar/${t}`,
      (c, t) => `/${c}/..;/${t}`,
      (c, t) => `/${c}/..;a;b/${t}`,
      (c, t) => `/${c}/..;a=b;c=/${t}`,
      (c, t) => `/${c}/.;x/..;y/${t}`,
      (c, t) => `/${c}/%2e%2e;/${t}`,
      (c, t) => `/${c}/.%2e;x=1/${t}`,
      (c, t) => `/${c}/..%3b/${t}`,
      (c, t) => `/${c}/..%3Bx/${t}`,
      (c, t) => `/${c}/..%253b/${t}`,
      (c, t) => `/${c};p/..;/${t}`,
      (c, t) => `/${c}/x/..;/..;/${t}`,
      (c, t) => `/${c}/..;%2f${t}`,
      (c, t) => `/${c}/..;/./${t}`,
      (c, t) => `/${c}/;/..;/..;/${t}`,
    ]),
    // Decoded once it is /admin/..., decoded twice it climbs out again: both are what some server reads.
    ...pathsOf(
      6,
      [
        (c, t) => `/${c}/..;/${t}/%252e%252e/${c}`,
        (c, t) => `/${c}/..;/${t}/..%253b/${c}`,
        (c, t) => `/${c}/..;/${t}/..%3b/${c}`,
        (c, t) => `/${c}/..;/${t}/%25252e%25252e/${c}`,
        (c, t) => `/${c}/%2e%2e;/${t}/%252e%252e/${c}`,
        (c, t) => `/${c}/%2e%2e;/${t}/%2e%2e;/${c}`,
        (c, t) => `/${c}/..;%252f${t}`,
        (c, t) => `/${c}/;%252fx/%252e%252e/${t}`,
        (c, t) => `/${c}/%2e%2e;%255cx/${t}`,
      ],
      { tails: ["", "/x"] },
    ),
    ...pathsOf(
      6,
      [
        (_, t) => `/.;/${t}`,
        (_, t) => `/..;/${t}`,
        (_, t) => `/.;x=y/${t}`,
        (_, t) => `/..;x/..;y/${t}`,
        (c, t) => `/;/${t}/%252e%252e/${c}`,
        (c, t) => `/;/${t}/..%3b/${c}`,
        (_, t) => `/;x%255cinfo%252f${t}`,
        (_, t) => `/;x%252finfo/${t}`,
      ],
      {
        bare: true,
      },
    ),
  ];
}

/** CVE-2026-73511 and 73553: parameters. */
function parameters(): Case[] {
  const exact = ["/admin;x=y", "/admin;", "/admin;;", "/admin%3bx=y", "/admin%3B", "/;/admin", "/x;/../admin", "/admin;x?y", "/admin%253b"];
  const suffixes = [
    "/a/secret;x",
    "/a/secret;",
    "/a;b/secret;c=d",
    "/a/secret%3bx",
    "/a/b;/secret",
    "/x%3f/secret",
    "/x%23/secret",
    "/a/secret%3fx",
    "/a/secret%23x",
  ];
  return [
    ...pathsOf(7, [
      (_, t) => `/${t};x=y`,
      (_, t) => `/${t};a=b/xyz`,
      (_, t) => `/${t};`,
      (_, t) => `/${t};;`,
      (_, t) => `/${t}%3bx=y`,
      (_, t) => `/${t};jsessionid=1`,
      (c, t) => `/${c};x/..;y/${t}`,
      (c, t) => `/${c};x/../${t}`,
      (c, t) => `/${c};x=/../${t}`,
      (c, t) => `/${c}/;x/../..;/${t}`,
      (c, t) => `/${c}/a;b=c/..;/..;/${t};d`,
    ]),
    ...pathsOf(7, [(_, t) => `/;p/${t}`, (_, t) => `/;/${t}`, (_, t) => `/;a=b;c/${t};d`, (_, t) => `/%3b/${t}`, (_, t) => `/%253b/${t}`], {
      bare: true,
    }),
    ...exact.flatMap((target) =>
      overBoth({ family: 7, name: target, policy: "deny-exact", request: { target }, twin: { target: target.replace("admin", "pages") } }),
    ),
    ...suffixes.flatMap((target) =>
      overBoth({
        family: 7,
        name: target,
        policy: "deny-suffix",
        request: { target },
        twin: { target: target.replace("secret", "pages") },
      }),
    ),
    // A server that ends a path there reads /a/secret.
    ...["%3f", "%23", "%253f", "%2523"].flatMap((end) =>
      overBoth({
        family: 7,
        name: `/a/secret${end}/open`,
        policy: "allow-suffix",
        request: { target: `/a/secret${end}/open` },
        twin: { target: `/a/b;${end.slice(1)}/open` },
      }),
    ),
  ];
}

/** CVE-2025-46821: what a template's `{*}` takes. */
function templates(): Case[] {
  const odd = [
    "*",
    "a*b",
    "**",
    "{*}",
    "[x]",
    "a|b",
    "a^b",
    "a`b",
    'a"b',
    "a<b>",
    "%2a",
    "%20",
    "a%c3%a9",
    "=",
    "a=b",
    "@",
    ":",
    "~",
    "!",
    "$",
    "&",
    "'",
    "(a)",
    "+",
    ",",
  ];
  return odd.flatMap((segment) => {
    const target = (last: string) => `/user/${segment}/${last}`;
    const deep = (last: string) => `/files/a/${segment}/b/${last}`;
    return [target, deep].flatMap((path) => [
      ...overBoth({
        family: 8,
        name: path("secret"),
        policy: "deny-template",
        request: { target: path("secret") },
        twin: { target: path("open") },
      }),
      ...overBoth({
        family: 8,
        name: path("secret"),
        policy: "allow-template",
        request: { target: path("secret") },
        ...(/^[\w%=@:~!$&'()+,*-]+$/.test(segment)
          ? { twin: { target: path("open") } }
          : { noTwin: "no path character of RFC 3986: a template's operator does not take it, in Envoy neither" }),
      }),
    ]);
  });
}

/** Queries are no part of the path, and hide none. CVE-2020-8595 for exact paths. */
function queries(): Case[] {
  return [
    ...pathsOf(
      10,
      [
        (_, t) => `/${t}?x=/public`,
        (_, t) => `/${t}?/../public`,
        (_, t) => `/${t}?`,
        (_, t) => `/${t}??`,
        (_, t) => `/${t}?x=%2fpublic`,
        (c, t) => `/${c}/../${t}?/${c}`,
        (_, t) => `/${t}?a;b`,
      ],
      { tails: ["", "&b=c"] },
    ),
    ...["?", "?q", "?q=1&r=2", "?/x", "??", "?%23"].flatMap((query) => [
      ...overBoth({
        family: 10,
        name: query,
        policy: "deny-exact",
        request: { target: `/admin${query}` },
        twin: { target: `/pages${query}` },
      }),
      ...overBoth({
        family: 10,
        name: query,
        policy: "allow-exact",
        request: { target: `/admin${query}` },
        twin: { target: `/public${query}` },
      }),
    ]),
    ...pathCases(10, (_, t) => `/${t}%3fx=/public`),
  ];
}

export function pathFamilies(): Case[] {
  return [
    ...dotSegments(),
    ...escapedSlashes(),
    ...slashes(),
    ...fragments(),
    ...dotParameters(),
    ...parameters(),
    ...templates(),
    ...queries(),
  ];
}
