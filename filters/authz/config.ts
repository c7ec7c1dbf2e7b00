import { z } from "zod";
import { addableHeader, anyCase, localReply, looseNetwork, matching } from "../vocabulary.ts";
import { isPlain, isTemplate, templateProblem } from "./path-template.ts";

const text = z.string().min(1, "must not be empty");
const name = matching(/^[A-Za-z0-9._-]{1,253}$/, "must be 1 to 253 letters, digits, - . or _");
const trustDomain = matching(/^[^/]+$/, "must be a trust domain, as cluster.local");

/** A list of alternatives. */
function list(item: z.ZodType<string>, what: string) {
  return z.array(item).min(1, "must not be empty").optional().describe(what);
}

const port = z
  .string()
  .meta({ pattern: "^[0-9]{1,19}$" })
  .superRefine((value, context) => {
    if (/^[0-9]{1,19}$/.test(value) && BigInt(value) <= 65_535n) return;
    context.addIssue({ code: "custom", message: `must be a port from 0 to 65535, got "${value}"` });
  });
const path = text.superRefine((value, context) => {
  const problem = templateProblem(value);
  if (problem) context.addIssue({ code: "custom", message: problem });
});
const account = matching(/^[^*/]+(\/[^*/]+)?$/, "must be ACCOUNT or NAMESPACE/ACCOUNT, without a *");

const principal = text.refine((value) => !value.startsWith("spiffe://"), "must be without spiffe://").meta({ pattern: "^(?!spiffe://)" });

const ids = "`TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT`, without `spiffe://`; `*` in front or at the end";
const source = atLeastOne({
  principals: list(principal, `SPIFFE ids of the peer: ${ids}.`),
  notPrincipals: list(principal, "None of these."),
  requestPrincipals: list(text, "`ISSUER/SUBJECT` of a token that jwt_authn has verified; `*` in front or at the end."),
  notRequestPrincipals: list(text, "None of these."),
  namespaces: list(text, "Namespaces of the peer's SPIFFE id; `*` anywhere."),
  notNamespaces: list(text, "None of these."),
  serviceAccounts: list(account, "`ACCOUNT` in the policy's namespace, or `NAMESPACE/ACCOUNT`."),
  notServiceAccounts: list(account, "None of these."),
  trustDomains: list(trustDomain, "Trust domains of the peer's SPIFFE id; `*` anywhere."),
  notTrustDomains: list(trustDomain, "None of these."),
  ipBlocks: list(looseNetwork, "Networks of the connection's other end; needs `set_filter_state` in front."),
  notIpBlocks: list(looseNetwork, "None of these."),
  remoteIpBlocks: list(looseNetwork, "Networks of the client, as Envoy trusts `x-forwarded-for`."),
  notRemoteIpBlocks: list(looseNetwork, "None of these."),
}).superRefine((given, context) => {
  if (!given.serviceAccounts && !given.notServiceAccounts) return;
  for (const other of ["principals", "notPrincipals", "namespaces", "notNamespaces"] as const) {
    if (given[other]) context.addIssue({ code: "custom", path: [other], message: "must not stand beside serviceAccounts" });
  }
});

const operation = atLeastOne({
  hosts: list(text, "The Host header in any case, with its port if it has one; `*` in front or at the end."),
  notHosts: list(text, "None of these."),
  ports: list(port, "Ports that the client connected to."),
  notPorts: list(port, "None of these."),
  methods: list(text, "As they are written: `GET`."),
  notMethods: list(text, "None of these."),
  paths: list(path, "Without the query; `*` in front or at the end, or a template with `{*}` for a segment and `{**}` for any number."),
  notPaths: list(path, "None of these."),
});

const NAMED = ["ip", "namespace", "serviceAccount", "trustDomain", "principal"].map((what) => `source.${what}`);
const KEYS = [
  ...NAMED,
  ...["remote.ip", "request.auth.principal", "request.auth.audiences", "request.auth.presenter"],
  ...["destination.ip", "destination.port", "connection.sni"],
];
const key = matching(
  new RegExp(
    `^(${[
      ...KEYS.map((one) => one.replaceAll(".", "\\.")),
      `request\\.headers\\[(:(${["method", "path", "authority", "scheme", "status", "protocol"].map(anyCase).join("|")})|${/[!#$%&'*+\-.^_`|~0-9A-Za-z]+/.source})\\]`,
      /request\.auth\.claims(\[[^[\]\p{Cc}]+\])+/u.source,
      /experimental\.envoy\.filters\.[^[]+\[.+\]/.source,
    ].join("|")})$`,
    "u",
  ),
  "is unknown",
).meta({ examples: [...KEYS, "request.headers[x-user]", "request.auth.claims[groups]"] });

/** What the values of a condition are, by its key; other values are texts. */
const VALUES: ReadonlyMap<string, z.ZodType<string>> = new Map([
  ["source.ip", looseNetwork],
  ["remote.ip", looseNetwork],
  ["destination.ip", looseNetwork],
  ["destination.port", port],
  ["source.serviceAccount", account],
  ["source.principal", principal],
  ["source.trustDomain", trustDomain],
]);

const condition = z
  .strictObject({
    key: key.describe("What it is about."),
    values: list(text, "One of these."),
    notValues: list(text, "None of these."),
  })
  .superRefine((given, context) => {
    if (!given.values && !given.notValues) context.addIssue({ code: "custom", message: "needs values or notValues" });
    const type = VALUES.get(given.key);
    for (const field of ["values", "notValues"] as const) {
      given[field]?.forEach((value, i) => {
        for (const { message } of type?.safeParse(value).error?.issues ?? []) {
          context.addIssue({ code: "custom", path: [field, i], message });
        }
      });
    }
  })
  .meta({ anyOf: [{ required: ["values"] }, { required: ["notValues"] }] });

const rule = z.strictObject({
  from: some(z.strictObject({ source })).describe("Who asks: one of these [anybody]."),
  to: some(z.strictObject({ operation })).describe("What is asked: one of these [anything]."),
  when: some(condition).describe("Conditions that must all hold."),
});

/** A field of Istio's that must not be there. */
function never(errorMessage: string) {
  return z.never(errorMessage).meta({ errorMessage }).optional();
}

const notHere = never("must be left out: all policies in this list apply, so give each workload its own");

const policy = z
  .strictObject({
    apiVersion: z.enum(["security.istio.io/v1", "security.istio.io/v1beta1"]).optional(),
    kind: z.literal("AuthorizationPolicy").optional(),
    metadata: z
      .looseObject({
        name: name.describe("In verdicts, logs and metrics."),
        namespace: name.optional().describe("The namespace of service accounts that are named without one."),
        annotations: z
          .record(z.string(), z.string())
          .refine((all) => isBoolean(all["istio.io/dry-run"] ?? "true"), 'istio.io/dry-run must be "true" or "false"')
          .meta({
            properties: {
              "istio.io/dry-run": {
                type: "string",
                pattern: "^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$",
                description: "`true`: on trial, its verdict is noted and not followed.",
              },
            },
          })
          .optional(),
      })
      .describe("As in Kubernetes; what is not listed here is ignored."),
    spec: z
      .strictObject({
        action: z
          .enum(["ALLOW", "DENY", "AUDIT"])
          .default("ALLOW")
          .describe("DENY rules go first. Where there is an ALLOW policy, what no ALLOW rule matches is refused. AUDIT logs and counts."),
        selector: notHere,
        targetRef: notHere,
        targetRefs: notHere,
        provider: never("is for CUSTOM, which is not supported yet"),
        rules: z.array(rule).default([]).describe("Any of them; without one the policy matches nothing."),
      })
      .optional(),
    status: z.unknown().optional(),
  })
  .superRefine(({ metadata, spec }, context) => {
    if (metadata.namespace !== undefined) return;
    spec?.rules?.forEach((one, r) => {
      accountsOf(one).forEach(({ at, value }) => {
        if (value.includes("/")) return;
        const message = "needs a namespace: NAMESPACE/ACCOUNT, or metadata.namespace";
        context.addIssue({ code: "custom", path: ["spec", "rules", r, ...at], message });
      });
    });
  });

/** The configuration of the authz filter: the source of config.schema.json, of the README's table, and of editor completion. */
export const authzConfig = z
  .strictObject({
    policies: z.array(policy).default([]).describe("Istio's AuthorizationPolicy objects, as in YAML. All of them apply."),
    trustDomain: trustDomain.default("cluster.local").describe("The mesh's own; `cluster.local` in a principal always means it."),
    trustDomainAliases: z.array(trustDomain).default([]).describe("Trust domains whose workloads are the mesh's, too."),
    defaultAction: z.enum(["allow", "deny"]).default("allow").describe("What becomes of requests where there is no ALLOW policy."),
    mode: z
      .enum(["enforce", "shadow", "off"])
      .default("enforce")
      .describe("`shadow`: decides, notes and counts, and lets everything through. `off`: as if it were not there."),
    matching: z
      .enum(["istio", "strict"])
      .default("istio")
      .describe(
        "`strict`: paths, hosts and headers are also judged as lenient upstreams may read them; a DENY matches one way of reading, an ALLOW must match all.",
      ),
    refusal: localReply({
      status: z
        .int()
        .min(300)
        .max(599)
        .refine((status) => status !== 304, "must not be 304, which has no body")
        .meta({ not: { const: 304 } }) as unknown as z.ZodInt,
      defaultStatus: 403,
      body: "RBAC: access denied",
      grpcStatus: z.enum(["PERMISSION_DENIED", "UNAUTHENTICATED", "NOT_FOUND", "UNAVAILABLE"]).default("PERMISSION_DENIED"),
    })
      .optional()
      .describe("The answer to what is refused."),
    reasonHeader: addableHeader([])
      .optional()
      .describe("A header of the refusal that names the policy and rule [none: clients are not told]."),
  })
  .superRefine(({ policies, matching }, context) => {
    if (matching !== "strict") return;
    policies.forEach(({ spec }, p) => {
      spec?.rules?.forEach(({ when = [], to = [] }, r) => {
        const place = ["policies", p, "spec", "rules", r];
        when.forEach(({ key: about }, w) => {
          if (about.toLowerCase() !== "request.headers[:path]") return;
          const message = "must not be the whole path with matching: strict, which knows how `paths` may be written";
          context.addIssue({ code: "custom", path: [...place, "when", w, "key"], message });
        });
        to.forEach(({ operation: one }, o) => {
          for (const field of ["paths", "notPaths"] as const) {
            one[field]?.forEach((path, i) => {
              if (isTemplate(path) || isPlain(path)) return;
              const message =
                "must be a plain path with matching: strict, without ? # ; \\ // /./ and /../: no upstream reads it otherwise";
              context.addIssue({ code: "custom", path: [...place, "to", o, "operation", field, i], message });
            });
          }
        });
      });
    });
  });

/** A configuration as a user writes it; every field is optional. */
export type AuthzConfig = z.input<typeof authzConfig>;

function some<T extends z.ZodType>(item: T) {
  return z.array(item).min(1, "must not be empty: leave it out for all").optional();
}

function atLeastOne<S extends z.ZodRawShape>(shape: S) {
  const names = Object.keys(shape).filter((key) => !key.startsWith("not"));
  return z
    .strictObject(shape)
    .refine((given) => Object.keys(given).length > 0, `must have at least one of ${names.join(", ")}`)
    .meta({ minProperties: 1 });
}

function isBoolean(value: string): boolean {
  return /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value);
}

type Rule = z.output<typeof rule>;

/** Every service account that a rule names, and where. */
function accountsOf({ from = [], when = [] }: Rule): { at: (string | number)[]; value: string }[] {
  return [
    ...from.flatMap(({ source: one }, i) =>
      (["serviceAccounts", "notServiceAccounts"] as const).flatMap((field) =>
        (one[field] ?? []).map((value, k) => ({ at: ["from", i, "source", field, k], value })),
      ),
    ),
    ...when.flatMap((one, i) =>
      one.key !== "source.serviceAccount"
        ? []
        : (["values", "notValues"] as const).flatMap((field) =>
            (one[field] ?? []).map((value, k) => ({ at: ["when", i, field, k], value })),
          ),
    ),
  ];
}
