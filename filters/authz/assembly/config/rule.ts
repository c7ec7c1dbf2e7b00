import { JsonArray, JsonKind, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { GroupSpec, RuleSpec, Subjects } from "../core/rule";
import { FieldReader } from "./fields";
import { TrustDomains } from "./trust-domains";
import { readCondition } from "./when";

const SOURCE: string[] = ["principals", "requestPrincipals", "namespaces", "serviceAccounts", "trustDomains", "ipBlocks", "remoteIpBlocks"];
const OPERATION: string[] = ["hosts", "ports", "methods", "paths"];

/** Reads a rule: `from`, `to` and `when`. */
export class RuleReader {
  private readonly fields: FieldReader;

  /** @param namespace of the policy, for service accounts without one */
  constructor(subjects: Subjects, trustDomains: TrustDomains, namespace: string, strict: bool) {
    this.fields = new FieldReader(subjects, trustDomains, namespace, strict);
  }

  read(json: JsonObject, rule: RuleSpec): void {
    const from = filled(json, "from");
    for (let i = 0; i < from.length; i++) this.list(from.object(i), "source", SOURCE, rule.from);
    const to = filled(json, "to");
    for (let i = 0; i < to.length; i++) this.list(to.object(i), "operation", OPERATION, rule.to);
    const when = filled(json, "when");
    for (let i = 0; i < when.length; i++) readCondition(when.object(i), this.fields, rule.when);
  }

  private list(json: JsonObject, name: string, fields: string[], into: GroupSpec[][]): void {
    if (!json.present) return;
    const object = json.object(name);
    if (!object.present) {
      if (json.kind(name) == JsonKind.Absent) json.problem("", name + " is missing");
      return;
    }
    if (object.size == 0) object.problem("", "must have at least one of " + fields.join(", "));
    if (name == "source") refuseMixture(object);
    const groups: GroupSpec[] = [];
    for (let i = 0; i < fields.length; i++) this.fields.read(object, fields[i], groups);
    into.push(groups);
  }
}

/** An empty list is not the same as none: Istio refuses it, for it could be meant either way. */
function filled(json: JsonObject, key: string): JsonArray {
  const array = json.array(key);
  if (array.length == 0 && json.kind(key) == JsonKind.Array) json.problem(key, "must not be empty: leave it out for all");
  return array;
}

/** As Istio has it: a service account is a principal and a namespace already. */
function refuseMixture(source: JsonObject): void {
  if (!source.has("serviceAccounts") && !source.has("notServiceAccounts")) return;
  const others = ["principals", "notPrincipals", "namespaces", "notNamespaces"];
  for (let i = 0; i < others.length; i++) {
    if (source.has(others[i])) source.problem(others[i], "must not stand beside serviceAccounts");
  }
}
