import type { Diagnostic } from "../../../diagnostics/index.ts";
import type { Resource } from "../../resources/resource.ts";
import type { HttpMatch, VirtualService } from "../../resources/types/index.ts";
import { conflict, seen } from "./finding.ts";

type Rules = Resource<VirtualService>;

/** What is wrong within the routes of one VirtualService. */
export function routeConflicts(resource: Rules): Diagnostic[] {
  return [...unreachable(resource), ...rewrites(resource), ...weightless(resource)];
}

/** Routes behind one that takes every request: once, at the first of them. */
function unreachable(resource: Rules): Diagnostic[] {
  const { http = [], tcp = [] } = resource.spec;
  const lists = [
    { protocol: "http", catches: http.map(({ match }) => !match?.length || match.some(isEverything)) },
    { protocol: "tcp", catches: tcp.map(({ match }) => !match?.length || match.some((each) => Object.keys(each).length === 0)) },
  ];
  return lists.flatMap(({ protocol, catches }) => {
    const first = catches.indexOf(true);
    const behind = catches.length - 1 - first;
    if (first < 0 || behind === 0) return [];
    const others = behind === 1 ? "" : `, and ${behind === 2 ? "one" : behind - 1} more`;
    return [
      conflict(
        resource,
        ["spec", protocol, first + 1],
        `spec.${protocol}[${first + 1}] gets no request${others}: a route in front takes all`,
        {
          notes: [seen("the route that takes all is in", resource, ["spec", protocol, first])],
          help: "move the route that takes all to the end",
        },
      ),
    ];
  });
}

/** As Istio has it: a path that everything has, and nothing else. Names are no conditions. */
function isEverything({ name: _, statPrefix: __, ignoreUriCase: ___, uri, ...conditions }: HttpMatch): boolean {
  const anywhere = uri === undefined || ("prefix" in uri && uri.prefix === "/") || ("regex" in uri && uri.regex === ".*");
  return anywhere && Object.keys(conditions).length === 0;
}

/** What is rewritten is what was matched: without a `uri` the first `/`, and what is written in its place joins what follows. */
function rewrites(resource: Rules): Diagnostic[] {
  return (resource.spec.http ?? []).flatMap(({ match, rewrite }, i) => {
    const uri = rewrite?.uri;
    if (!uri || uri.endsWith("/") || match?.every((each) => each.uri)) return [];
    return [
      conflict(
        resource,
        ["spec", "http", i, "rewrite", "uri"],
        `spec.http[${i}].rewrite.uri takes the place of the first "/" only, for no \`uri\` is matched: /a becomes ${uri}a`,
        { help: `match a \`uri\`, end the text with "/", or write \`uriRegexRewrite\` for the whole path` },
      ),
    ];
  });
}

/** Of several destinations none has a weight: nothing can be chosen. */
function weightless(resource: Rules): Diagnostic[] {
  const { http = [], tcp = [], tls = [] } = resource.spec;
  return Object.entries({ http, tcp, tls }).flatMap(([protocol, routes]) =>
    routes.flatMap(({ route = [] }, i) => {
      if (route.length < 2 || route.some(({ weight }) => weight)) return [];
      const message = `spec.${protocol}[${i}].route has no destination with a weight: requests fail`;
      return [conflict(resource, ["spec", protocol, i, "route"], message, { help: "give at least one of them a `weight` above 0" })];
    }),
  );
}
