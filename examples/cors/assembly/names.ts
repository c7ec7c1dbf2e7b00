import { Bytes, HeaderName } from "proxy-wasm-assemblyscript-sdk";

export const ORIGIN = new HeaderName("origin");
export const VARY = new HeaderName("vary");

/** All that say who may read an answer begin so. */
export const ACCESS_CONTROL = Bytes.of("access-control-");
export const REQUEST_METHOD = new HeaderName("access-control-request-method");
export const ALLOW_ORIGIN = new HeaderName("access-control-allow-origin");
export const ALLOW_CREDENTIALS = new HeaderName("access-control-allow-credentials");
export const ALLOW_METHODS = new HeaderName("access-control-allow-methods");
export const ALLOW_HEADERS = new HeaderName("access-control-allow-headers");
export const MAX_AGE = new HeaderName("access-control-max-age");
export const EXPOSE_HEADERS = new HeaderName("access-control-expose-headers");
