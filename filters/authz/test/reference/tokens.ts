// JWTs and the filter of Envoy that verifies them.
import { type KeyObject, generateKeyPairSync, sign } from "node:crypto";
import type { NativeFilterSpec } from "../../../../harness/index.ts";
import type { JsonObject } from "./types.ts";

/** Signs payloads as they are: no claim is added. */
export interface TokenIssuer {
  token(payload: JsonObject): string;
  /** Verifies its tokens and leaves their claims where Istio's policies look for them; requests without a token pass. */
  filter: NativeFilterSpec;
}

export function createTokenIssuer(): TokenIssuer {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "test", alg: "ES256", use: "sig" }] };
  return {
    token: (payload) => signed(payload, privateKey),
    filter: {
      name: "envoy.filters.http.jwt_authn",
      typedConfig: {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        // Without `issuer`: policies shall meet tokens of several.
        providers: { test: { local_jwks: { inline_string: JSON.stringify(jwks) }, payload_in_metadata: "payload" } },
        rules: [
          { match: { prefix: "/" }, requires: { requires_any: { requirements: [{ provider_name: "test" }, { allow_missing: {} }] } } },
        ],
      },
    },
  };
}

function signed(payload: JsonObject, key: KeyObject): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value), "utf8").toString("base64url");
  const content = `${part({ alg: "ES256", typ: "JWT", kid: "test" })}.${part(payload)}`;
  return `${content}.${sign("sha256", Buffer.from(content), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}
