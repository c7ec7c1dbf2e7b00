import type { ConfigObject } from "../../harness/envoy/types.ts";
import { compare } from "../resources/resource.ts";
import type { HeaderOperations, Headers } from "../resources/types/index.ts";

/** Envoy's four lists of a route or a weighted cluster, and the host that `host` or `:authority` among them asks for. */
export interface HeaderLists {
  request_headers_to_add?: ConfigObject[];
  request_headers_to_remove?: string[];
  response_headers_to_add?: ConfigObject[];
  response_headers_to_remove?: string[];
}

/** https://istio.io/latest/docs/reference/config/networking/virtual-service/#Headers */
export function headerLists(headers: Headers | undefined): { lists: HeaderLists; authority?: string } {
  const { request, response } = headers ?? {};
  const authority = authorityIn(request?.set) ?? authorityIn(request?.add);
  const lists = {
    request_headers_to_add: added(request),
    request_headers_to_remove: removed(request),
    response_headers_to_add: added(response),
    response_headers_to_remove: removed(response),
  };
  const used = Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
  return { lists: used, ...(authority ? { authority } : {}) };
}

/** Both, the second behind the first. */
export function joined(first: HeaderLists, second: HeaderLists): HeaderLists {
  const names = new Set([...Object.keys(first), ...Object.keys(second)]) as Set<keyof HeaderLists>;
  return Object.fromEntries([...names].map((name) => [name, [...(first[name] ?? []), ...(second[name] ?? [])]]));
}

/** What is set goes before what is added, each by name: Istio's own maps have no order. */
function added(operations: HeaderOperations | undefined): ConfigObject[] {
  const list = (headers: Record<string, string> | undefined, append_action: string) =>
    Object.entries(headers ?? {})
      .filter(([name]) => !isHost(name))
      .sort(([a], [b]) => compare(a, b))
      .map(([key, value]) => ({ header: { key, value }, append_action }));
  return [...list(operations?.set, "OVERWRITE_IF_EXISTS_OR_ADD"), ...list(operations?.add, "APPEND_IF_EXISTS_OR_ADD")];
}

const removed = (operations: HeaderOperations | undefined) => (operations?.remove ?? []).filter((name) => !isHost(name));

/** Envoy changes these by other means, or not at all. */
const isHost = (name: string) => name.startsWith(":") || name.toLowerCase() === "host";

function authorityIn(headers: Record<string, string> | undefined): string | undefined {
  const found = Object.entries(headers ?? {}).filter(([name]) => [":authority", "host"].includes(name.toLowerCase()));
  return found.at(-1)?.[1];
}
