import { Bytes, HeaderName, Headers, ProtoWriter } from "proxy-wasm-assemblyscript-sdk";
import { AuthzConfig } from "./config";

/**
 * An `envoy.service.auth.v3.CheckRequest`: attributes.request.http with method, headers, path, host and scheme, in Envoy's numbers.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/auth/v3/attribute_context.proto
 *
 * @returns null when memory ran out: half a question could be answered with yes
 */
export function questionAbout(request: Headers, config: AuthzConfig): Bytes | null {
  const http = new ProtoWriter();
  const allowed = config.allowedHeaders;
  let whole = write(http, 2, request.get(HeaderName.METHOD));
  if (allowed === null) whole = writeAll(http, request) && whole;
  else for (let i = 0; i < allowed.length; i++) whole = writeHeader(http, allowed[i].bytes, request.combined(allowed[i])) && whole;
  whole = write(http, 4, request.get(HeaderName.PATH)) && whole;
  whole = write(http, 5, request.get(HeaderName.AUTHORITY)) && whole;
  whole = write(http, 6, request.get(HeaderName.SCHEME)) && whole;
  const inner = new ProtoWriter().bytes(2, http.message());
  const attributes = new ProtoWriter().bytes(4, inner.message());
  const check = new ProtoWriter().bytes(1, attributes.message());
  return whole && inner.ok && attributes.ok && check.ok ? check.message() : null;
}

/** Each name once, for `headers` is a map: of two entries a service would see the last. */
function writeAll(to: ProtoWriter, headers: Headers): bool {
  const names: Bytes[] = [];
  let whole = true;
  for (let i = 0; i < headers.size; i++) {
    const name = headers.nameAt(i);
    if (name === null || isAmong(names, name)) continue;
    names.push(name);
    whole = writeHeader(to, name, headers.combined(HeaderName.from(name))) && whole;
  }
  return whole;
}

function isAmong(names: Bytes[], name: Bytes): bool {
  for (let i = 0; i < names.length; i++) if (names[i].equals(name)) return true;
  return false;
}

/** An entry of the map. */
function writeHeader(to: ProtoWriter, name: Bytes, values: Bytes | null): bool {
  if (values === null) return true;
  const entry = new ProtoWriter();
  const whole = write(entry, 1, name) && write(entry, 2, values);
  return to.bytes(3, entry.message()).ok && whole;
}

/**
 * A protobuf string is UTF-8, or the service refuses the whole question: a byte that a client chose would take the decision away.
 */
function write(to: ProtoWriter, field: u32, text: Bytes | null): bool {
  if (text === null) return true;
  for (let i = 0; i < text.length; i++) if (text.at(i) > 0x7f) return to.bytes(field, Bytes.of(text.toString())).ok;
  return to.bytes(field, text).ok;
}
