import { diagnostic, exitCodes, place, render } from "../../diagnostics/index.ts";
import { type Explanation, type RuleVerdict, explain } from "../authz/explain.ts";
import { type FoundPolicy, readPolicies } from "../authz/policies.ts";
import { requestOf } from "../authz/request.ts";
import type { Command } from "../command.ts";
import { findModule } from "../modules.ts";
import { usage } from "../parse.ts";

/** `meshscript authz explain`: what policies say to a request, and why. */
export const authz: Command = {
  name: "authz",
  summary: "say whether Istio's policies allow a request, by which rule, and why the others do not match",
  description: [
    "Runs the module of the authz filter, the same that Envoy loads, on the in-process host: no Envoy, no cluster, milliseconds. Policies are AuthorizationPolicy resources as Kubernetes has them, or configurations of the filter; all of them are taken to apply, whatever workloads they select.",
    "A filter configuration, `{ policies: [], trustDomain: ... }`, may stand beside resources of Kubernetes: then its settings hold for all. The path is judged as it is written: a listener that normalizes paths hands another one on.",
    "What is not said of the request is not there: no certificate, no token, no header; it comes from 127.0.0.1. With a `--from` it comes over mTLS with that identity.",
  ],
  arguments: { usage: "explain", min: 1, max: 1 },
  flags: {
    policy: {
      type: "string",
      short: "p",
      value: "FILE",
      multiple: true,
      description: "policies: YAML or JSON",
    },
    request: { type: "string", short: "r", value: "'METHOD PATH'", default: "'GET /'", description: "what is asked" },
    header: {
      type: "string",
      short: "H",
      value: "'NAME: VALUE'",
      multiple: true,
      description: "a request header; `host` is the authority",
    },
    from: { type: "string", value: "SPIFFE-ID", description: "who asks: the identity in the client's certificate" },
    claims: { type: "string", value: "JSON", description: "the payload of a token that jwt_authn has verified" },
    ip: { type: "string", value: "ADDRESS", default: "127.0.0.1", description: "the connection's other end, for ipBlocks and source.ip" },
    "client-ip": { type: "string", value: "ADDRESS", default: "that of --ip", description: "the client, for remoteIpBlocks and remote.ip" },
    destination: { type: "string", value: "ADDRESS:PORT", default: "127.0.0.1:80", description: "where it connected to" },
    sni: { type: "string", value: "NAME", description: "the server name of TLS" },
    expect: {
      type: "string",
      value: "VERDICT",
      choices: ["allow", "deny"],
      description: "allow or deny: end with 79 when it is the other",
    },
  },
  examples: [
    {
      title: "may this workload?",
      command: "meshscript authz explain -p policies.yaml --from spiffe://cluster.local/ns/shop/sa/web --request 'GET /admin'",
    },
    {
      title: "may this user? as a test in CI",
      command: `meshscript authz explain -p policies.yaml --claims '{"iss":"https://issuer.example","sub":"ann"}' -r 'POST /orders' --expect deny`,
    },
  ],
  exits: { data: "a file cannot be read, or the filter refuses a policy", findings: "the verdict is not the one that --expect names" },
  async run(context) {
    const { flags, positionals, io, json, printJson, print, say } = context;
    if (positionals[0] !== "explain") {
      throw usage("MS0504", `authz takes explain, got ${JSON.stringify(positionals[0])}`, "write `meshscript authz explain`");
    }
    const files = flags.texts("policy");
    if (files.length === 0) throw usage("MS0504", "authz explain needs --policy FILE", "write for example `--policy policies.yaml`");
    const asked = await requestOf(flags);
    const found = readPolicies(files, io.cwd);
    const explanation = await explain(findModule("authz", io.cwd).path, found, asked);
    const expected = flags.text("expect");
    const surprise =
      expected !== undefined && (expected === "allow") !== explanation.allowed
        ? [diagnostic("MS0913", `${expected} was expected, got ${explanation.allowed ? "allow" : "deny"}: ${because(explanation)}`)]
        : [];
    if (json) printJson({ success: surprise.length === 0, ...asData(explanation), diagnostics: surprise });
    else {
      print(asText(explanation));
      const targeted = found.policies.filter((policy) => policy.targeted);
      if (targeted.length > 0) say(`taken to apply here, whatever they select: ${targeted.map(nameOf).join(", ")}`);
      if (found.others > 0) say(`left out: ${found.others} resource${found.others === 1 ? "" : "s"} of other kinds`);
      if (surprise.length > 0) say(render(surprise, { color: context.color.stderr }).trimEnd());
    }
    return surprise.length === 0 ? exitCodes.ok : exitCodes.findings;
  },
};

function nameOf({ namespace, name }: FoundPolicy): string {
  return `${namespace}/${name}`;
}

function because({ mode, ...explanation }: Explanation): string {
  if (mode === "off") return "mode is off, which judges nothing";
  return `${mode === "shadow" ? "mode is shadow; " : ""}${reasonOf(explanation)}`;
}

function reasonOf({ allowed, by, restricted }: Explanation): string {
  if (by) return `${by.policy.action} ${nameOf(by.policy)} rule ${by.rule} matches (${placeOf(by)})`;
  if (restricted) return "no rule of the ALLOW policies matches";
  return allowed ? "no DENY rule matches, and there is no ALLOW policy" : "there is no ALLOW policy, and defaultAction is deny";
}

const placeOf = ({ location }: Pick<RuleVerdict, "location">) => place(location).replace(/: $/, "");

function asText(explanation: Explanation): string {
  const lines = explanation.rules.flatMap((one): [place: string, text: string][] => {
    const trial = one.policy.dryRun ? ", on trial" : "";
    return [
      [placeOf(one), `${one.policy.action} ${nameOf(one.policy)} rule ${one.rule}${trial}: ${one.matches ? "matches" : "no match"}`],
      ...one.failing.map(({ field, negated, values, location }): [string, string] => [
        placeOf({ location }),
        `  ${field}: matches ${negated ? "one" : "none"} of ${values.join(", ")}`,
      ]),
    ];
  });
  const width = Math.max(...lines.map(([where]) => where.length));
  const verdict = `${explanation.allowed ? "allowed" : "denied"}: ${because(explanation)}`;
  return [verdict, "", ...lines.map(([where, text]) => `${where.padEnd(width)}  ${text}`)].join("\n");
}

function asData({ allowed, by, rules }: Explanation): Record<string, unknown> {
  const short = ({ policy: { namespace, name, action, dryRun }, rule, location: { file, line, column } }: RuleVerdict) => ({
    namespace,
    name,
    action,
    dryRun,
    rule,
    location: { file, line, column },
  });
  return {
    verdict: allowed ? "allow" : "deny",
    by: by ? short(by) : null,
    rules: rules.map((one) => ({
      ...short(one),
      matches: one.matches,
      failing: one.failing.map(({ field, values, location: { file, line, column } }) => ({
        field,
        values,
        location: { file, line, column },
      })),
    })),
  };
}
