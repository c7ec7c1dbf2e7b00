import type { AuthzConfig } from "../../filters/authz/config.ts";
import { nativeRbac } from "../../filters/authz/test/reference/native.ts";
import type { Feature, Way } from "./feature.ts";
import { forbidden, request } from "./request.ts";

/** The load has no certificate, since TLS would hide in its noise what a filter costs: so the policy is about who is not let in. */
const intruder = "cluster.local/ns/shop/sa/intruder";
const config: AuthzConfig = {
  policies: [
    {
      metadata: { name: "orders", namespace: "shop" },
      spec: {
        action: "ALLOW",
        rules: [{ from: [{ source: { notPrincipals: [intruder] } }], to: [{ operation: { methods: ["GET"], paths: ["/orders/*"] } }] }],
      },
    },
  ],
};
const rust = { name: "orders", not_principal: intruder, method: "GET", path_prefix: "/orders/" };
const native = nativeRbac(config as Parameters<typeof nativeRbac>[0]);

const allowed = (stats: string): Way["evidence"] => [{ answer: { "x-state-authz": /allowed/ }, stats: [stats] }];
const denied = (stats: string): Way["evidence"] => [{ stats: [stats] }];

export const authz: Feature = {
  name: "authz",
  scenarios: {
    allow: {
      request,
      status: 200,
      ways: {
        ours: { config, evidence: allowed("meshscript_authz_allowed_total$") },
        rust: { config: rust, evidence: allowed("rust_authz_allowed_total$") },
        native: { filters: native, evidence: [{ stats: ["rbac\\.allowed$"] }] },
      },
    },
    refuse: {
      request: forbidden,
      status: 403,
      ways: {
        ours: { config, evidence: denied("meshscript_authz_denied_total$") },
        rust: { config: rust, evidence: denied("rust_authz_denied_total$") },
        native: { filters: native, evidence: [{ stats: ["rbac\\.denied$"] }] },
      },
    },
  },
};
