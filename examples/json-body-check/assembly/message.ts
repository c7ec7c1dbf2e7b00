import { Bytes, HeaderName, Headers } from "proxy-wasm-assemblyscript-sdk";

const POST = Bytes.of("POST");
const PUT = Bytes.of("PUT");
const PATCH = Bytes.of("PATCH");
const JSON = Bytes.of("application/json");
const COMMA: u8 = 0x2c;
const SEMICOLON: u8 = 0x3b;

/** True for the methods whose body is what they are about. In any case: over HTTP/2 Envoy lets `post` pass, and some servers take it for POST. */
export function hasBody(headers: Headers): bool {
  const method = headers.get(HeaderName.METHOD);
  return method !== null && (method.equalsIgnoreCase(POST) || method.equalsIgnoreCase(PUT) || method.equalsIgnoreCase(PATCH));
}

/** True when any content-type says JSON, whatever its parameters: of two, which Envoy joins with a comma, nobody knows which the upstream reads. */
export function isJson(headers: Headers): bool {
  const types = headers.combined(HeaderName.CONTENT_TYPE);
  if (types === null) return false;
  for (let start = 0; start <= types.length;) {
    const comma = types.indexOf(COMMA, start);
    const type = types.slice(start, comma < 0 ? types.length : comma);
    const semicolon = type.indexOf(SEMICOLON);
    if (
      type
        .slice(0, semicolon < 0 ? type.length : semicolon)
        .trim()
        .equalsIgnoreCase(JSON)
    )
      return true;
    start += type.length + 1;
  }
  return false;
}

/** 0 when it is not announced; more than any limit when it is no number. */
export function announcedLength(headers: Headers): u64 {
  const length = headers.get(HeaderName.CONTENT_LENGTH);
  return length === null ? 0 : length.toU64(u64.MAX_VALUE);
}
