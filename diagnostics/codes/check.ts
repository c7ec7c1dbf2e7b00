import type { CodeEntry } from "../code-entry.ts";

/** MS09xx: what `meshscript check` finds in files. Findings of its own end it with 79; only MS0902 ends it with 65. */
export const check = {
  MS0901: {
    level: "error",
    title: "a mistake in a filter's configuration",
    help: "correct the field; the filter's README and its config.schema.json list them all",
    kind: "findings",
    details:
      "The configuration does not fit the filter's config.schema.json: an unknown field, a value of a wrong type or out of range, a field that is missing. The module would refuse it too, so Envoy would not start with it. All mistakes are reported at once, each at its place, also in a configuration that stands as a string inside of Envoy's.",
    example: `config.json:2:3: error MS0901: unknown field "greting", did you mean "greeting"?
    2 |   "greting": "hello"
      |   ^^^^^^^^^
help: the fields are: greeting                                  docs/errors/MS0901.md`,
  },
  MS0902: {
    level: "error",
    title: "a file that cannot be read as YAML or JSON",
    help: "correct the marked place; the first mistake can cause others below it",
    kind: "data",
    details:
      "The file is not there, or its text is no YAML (.json: no JSON). Nothing in it was checked. A name twice in one object is such a mistake, too: parsers do not agree on which of the two counts.",
    example: `config.json:2:23: error MS0902: a comma before "limit" is missing
    2 |   "greeting": "hello" "limit": 1
      |                       ^^^^^^^
help: correct the marked place; the first mistake can cause others below it
      docs/errors/MS0902.md`,
  },
  MS0903: {
    level: "error",
    title: "a file of an unknown kind",
    help: "`--filter NAME` says whose configuration it is; `meshscript check --help` lists what can be checked",
    kind: "findings",
    details:
      "`meshscript check` knows a file by its content: a list `cases` is a file of cases; `static_resources`, `dynamic_resources`, `admin` and the like are an Envoy bootstrap; a list `resources` is a file for Envoy's file-based xDS; `apiVersion` and `kind` are a resource of Kubernetes, and at least one of the file has to be of Istio, the Gateway API or meshscript. Any other JSON object is the configuration of a filter when its place says of which: beside or below the filter's `assembly/`, or `NAME.json` and `NAME.config.json` for a filter that is there.",
  },
  MS0904: {
    level: "error",
    title: "a wasm plugin without its module",
    help: "correct the path; Envoy looks in the directory in which it is started",
    kind: "findings",
    details:
      "Envoy refuses the whole configuration when the module of a plugin cannot be read, also with `failure_policy: FAIL_OPEN`. Relative paths count from the directory in which Envoy is started, not from the file; run `meshscript check` in that directory.",
  },
  MS0905: {
    level: "error",
    title: "a wasm plugin whose module does not load, or breaks at run time",
    help: "build the module anew; `meshscript verify` shows its findings with their places in the source",
    kind: "findings",
    details: "What `meshscript verify` finds in the module stands below the message, or what Envoy said when it loaded it.",
  },
  MS0906: {
    level: "error",
    title: "a plugin's configuration that reaches the module as protobuf",
    help: 'write it as text: "@type": type.googleapis.com/google.protobuf.StringValue, and the JSON in `value`',
    kind: "findings",
    details:
      "Envoy unpacks only StringValue and BytesValue. A configuration of any other type, Struct too, reaches the module as the bytes of the protobuf message, in which it finds no JSON.",
  },
  MS0907: {
    level: "error",
    title: "a SHA-256 that is none",
    help: "write the 64 hexadecimal digits that `meshscript path NAME --sha256` prints",
    kind: "findings",
    details:
      "Envoy compares this text with the sum of what it downloaded. A text that cannot be a sum matches nothing: the module is never loaded, and nothing says so when Envoy starts.",
  },
  MS0908: {
    level: "warning",
    title: "a resource that Envoy was not asked about",
    help: "nothing needs to be done: Envoy judges it when it comes",
    kind: "findings",
    details:
      "Envoy validates only what is part of a bootstrap, so `meshscript check` puts the resources of an xDS file into one. For resources of this type `meshscript check` knows no place in a bootstrap. Plugins in it were looked at all the same.",
  },
  MS0909: {
    level: "error",
    title: "a config.schema.json that cannot be used",
    help: "write a JSON schema of draft-07; the module itself was asked all the same",
    kind: "findings",
    details: "The schema that lies in the filter's folder is no JSON, or no schema of draft-07.",
  },
  MS0910: {
    level: "warning",
    title: "a capability that the module uses and is not allowed",
    help: "add what the message names to `allowed_capabilities`, or take the list out",
    kind: "findings",
    details:
      "`capability_restriction_config` names the host calls and callbacks that a module may use. Envoy loads a module that uses others, too: such a host call then fails each time, and such a callback is never called. Without `proxy_on_configure` the module runs unconfigured, and nothing says so; without `proxy_send_local_response` nothing is ever refused. An empty list restricts nothing.",
  },
  MS0911: {
    level: "error",
    title: "an AuthorizationPolicy that the filter refuses",
    help: "correct the marked field; filters/authz/README.md lists all of them",
    kind: "data",
    details:
      "The authz filter reads policies strictly: a field that is none, an unknown key of `when`, a value of the wrong kind or a template that Envoy would not take is an error, never ignored. Istio itself skips a rule with an unknown key: a DENY of which nothing is left refuses nobody. CUSTOM policies are not supported yet.",
    example: `policies.yaml:9:17: error MS0911: spec.rules[0].to[0].operation.path: unknown field; known: hosts, notHosts, ports, notPorts, methods, notMethods, paths, notPaths
    9 |                 path: [/admin]
      |                 ^^^^
help: correct the marked field; filters/authz/README.md lists all of them
      docs/errors/MS0911.md`,
  },
  MS0912: {
    level: "error",
    title: "files without an AuthorizationPolicy",
    help: "name a file with `kind: AuthorizationPolicy`, or with a configuration of the authz filter",
    kind: "data",
    details: "`meshscript authz explain` found no policy in what `--policy` names. Resources of other kinds are left out.",
  },
  MS0913: {
    level: "error",
    title: "another verdict than the expected one",
    help: "run it without --expect: it says for each rule what in it does not match",
    kind: "findings",
    details: "`meshscript authz explain --expect` is for CI: it ends with 79 when the policies say otherwise.",
  },
  MS0914: {
    level: "error",
    title: "a mistake in a resource of Istio, the Gateway API or meshscript",
    help: "correct the field; the CRD lists them all",
    kind: "findings",
    details:
      "The resource does not fit the schema of its CRD: an unknown field, which a cluster would refuse or drop, a value of a wrong type, a field that is missing, two fields that exclude each other. Rules that the CRD states as expressions (CEL) are checked, too; what Istio's webhook looks at besides is not.",
    example: `reviews.yaml:9:9: error MS0914: spec.http[0]: unknown field "routes", did you mean "route"?
    9 |       - routes:
      |         ^^^^^^
help: the fields are: corsPolicy, delegate, directResponse, fault, headers, match, mirror, mirrorPercent, mirror_percent, mirrorPercentage, mirrors, name, redirect, retries, rewrite, route, timeout
      docs/errors/MS0914.md`,
  },
  MS0915: {
    level: "error",
    title: "a kind or a version that is missing, or that an API does not have",
    help: "correct `apiVersion` and `kind`",
    kind: "findings",
    details:
      "The group is one of Istio's or the Gateway API's, and has no such kind, or serves it in other versions. Of the Gateway API the standard channel is known, not the experimental one. Or a document of the file, or an item of a List, does not say by `apiVersion` and `kind` what it is: a cluster would refuse it.",
  },
} as const satisfies Record<string, CodeEntry>;
