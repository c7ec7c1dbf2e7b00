import type { ConfigObject } from "../../harness/envoy/types.ts";
import type { HttpRedirect, HttpRoute } from "../resources/types/index.ts";

const CODES = new Map([
  [301, "MOVED_PERMANENTLY"],
  [302, "FOUND"],
  [303, "SEE_OTHER"],
  [307, "TEMPORARY_REDIRECT"],
  [308, "PERMANENT_REDIRECT"],
]);

/** Envoy's RedirectAction. @param port The listener's: what `FROM_REQUEST_PORT` means. */
export function redirect(to: HttpRedirect, port: number, tls: boolean): ConfigObject {
  const { authority, prefixRewrite, uri, scheme, redirectCode } = to;
  const explicit = to.derivePort === "FROM_REQUEST_PORT" ? port : to.port;
  // 80 and 443 are what their schemes say anyway.
  const usual = (scheme || (tls ? "https" : "http")) === "https" ? 443 : 80;
  return {
    ...(authority ? { host_redirect: authority } : {}),
    ...(prefixRewrite ? { prefix_rewrite: prefixRewrite } : uri ? { path_redirect: uri } : {}),
    ...(scheme ? { scheme_redirect: scheme } : {}),
    ...(explicit === undefined || explicit === usual ? {} : { port_redirect: explicit }),
    response_code: CODES.get(redirectCode || 301),
  };
}

/** Envoy's DirectResponseAction. */
export function directResponse({ status, body }: NonNullable<HttpRoute["directResponse"]>): ConfigObject {
  const source =
    body?.string !== undefined ? { inline_string: body.string } : body?.bytes !== undefined ? { inline_bytes: body.bytes } : undefined;
  return { status, ...(source ? { body: source } : {}) };
}
