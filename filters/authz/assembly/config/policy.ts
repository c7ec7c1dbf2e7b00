import { JsonKind, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { isWord } from "../../../../policy";
import { Action, RuleSpec, Subjects } from "../core/rule";
import { RuleReader } from "./rule";
import { readTrustDomains, TrustDomains } from "./trust-domains";

const ACTIONS: string[] = ["DENY", "ALLOW", "AUDIT"];
const VERSIONS: string[] = ["security.istio.io/v1", "security.istio.io/v1beta1"];
const KINDS: string[] = ["AuthorizationPolicy"];
const DRY_RUN = "istio.io/dry-run";
/** Go's strconv.ParseBool. */
const TRUE: string[] = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE: string[] = ["0", "f", "F", "FALSE", "false", "False"];

/** Reads Istio's AuthorizationPolicy objects into rules. */
export class PolicyReader {
  readonly rules: RuleSpec[] = [];
  readonly subjects: Subjects = new Subjects();
  /** There is an ALLOW policy; one without a rule, too: nothing matches it, so that it refuses. */
  restricted: bool = false;
  /** There is one on trial. */
  dryRestricted: bool = false;
  private readonly trustDomains: TrustDomains;

  /** @param json the whole configuration, for `trustDomain` and `trustDomainAliases` */
  constructor(
    json: JsonObject,
    private strict: bool,
  ) {
    this.trustDomains = readTrustDomains(json);
  }

  read(json: JsonObject): void {
    json.choice("apiVersion", VERSIONS);
    json.choice("kind", KINDS);
    json.ignore("status");
    const metadata = json.object("metadata");
    if (!metadata.present && json.kind("metadata") == JsonKind.Absent) json.problem("", "metadata is missing");
    const name = readName(metadata, "name");
    const namespace = metadata.has("namespace") ? readName(metadata, "namespace") : "";
    if (metadata.present && !metadata.has("name")) metadata.problem("", "name is missing");
    const dryRun = readDryRun(metadata);
    ignoreRest(metadata);
    const spec = json.object("spec");
    const action = readAction(spec);
    refuseTargets(spec);
    if (action == Action.Allow) {
      if (dryRun) this.dryRestricted = true;
      else this.restricted = true;
    }
    const reader = new RuleReader(this.subjects, this.trustDomains, namespace, this.strict);
    const rules = spec.array("rules");
    for (let i = 0; i < rules.length; i++) {
      const object = rules.object(i);
      if (!object.present) continue;
      const rule = new RuleSpec("ns[" + namespace + "]-policy[" + name + "]-rule[" + i.toString() + "]", action, dryRun);
      reader.read(object, rule);
      // Istio has no shadow of AUDIT.
      if (!dryRun || action != Action.Audit) this.rules.push(rule);
    }
  }
}

/** Kubernetes' names are letters, digits, `-` and `.`; ours may have `_`. Names come into headers, logs and stats. */
function readName(metadata: JsonObject, key: string): string {
  const name = metadata.string(key);
  if (!metadata.has(key)) return name;
  let valid = name.length > 0 && name.length <= 253;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    valid = valid && (isWord(unit) || unit == 0x2d || unit == 0x2e);
  }
  if (!valid) metadata.problem(key, "must be 1 to 253 letters, digits, - . or _");
  return name;
}

function readDryRun(metadata: JsonObject): bool {
  const annotations = metadata.object("annotations");
  let dryRun = false;
  for (let i = 0; i < annotations.size; i++) {
    const key = annotations.keyAt(i);
    const value = annotations.string(key);
    if (key != DRY_RUN || annotations.kind(key) != JsonKind.String) continue;
    dryRun = TRUE.includes(value);
    if (!dryRun && !FALSE.includes(value)) annotations.problem(key, 'must be "true" or "false"');
  }
  return dryRun;
}

/** What Kubernetes keeps there has no part in the verdict. */
function ignoreRest(metadata: JsonObject): void {
  for (let i = 0; i < metadata.size; i++) metadata.ignore(metadata.keyAt(i));
}

function readAction(spec: JsonObject): Action {
  if (spec.has("provider")) spec.problem("provider", "is for CUSTOM, which is not supported yet");
  if (spec.kind("action") == JsonKind.String && spec.string("action") == "CUSTOM") {
    spec.problem("action", "must not be CUSTOM, which is not supported yet");
    return Action.Deny;
  }
  return <Action>spec.choice("action", ACTIONS, Action.Allow);
}

/** The filter cannot know its workload: a policy that is for another one would allow or refuse here. */
function refuseTargets(spec: JsonObject): void {
  const names = ["selector", "targetRef", "targetRefs"];
  for (let i = 0; i < names.length; i++) {
    if (spec.has(names[i])) {
      spec.problem(names[i], "must be left out: all policies in this list apply, so give each workload its own");
    }
  }
}
