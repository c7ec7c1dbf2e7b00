import { JsonKind, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { GroupSpec, Subjects } from "../core/rule";
import { TestSpec } from "../core/tests";
import { DestinationIpSubject, DirectIpSubject, RemoteIpSubject } from "../subjects/address";
import { IdentitySubject, PortSubject, SniSubject } from "../subjects/connection";
import { HostSubject, MethodSubject, PathSubject } from "../subjects/message";
import { RequestPrincipalSubject } from "../subjects/metadata";
import { Subject } from "../subjects/subject";
import {
  accountTest,
  headerTest,
  hostTests,
  metadataTest,
  namespaceTest,
  networkTest,
  portTest,
  textTest,
  trustDomainTest,
} from "./patterns";
import { isPlain, isTemplate, NOT_PLAIN, pathTests, templateProblem } from "./paths";
import { requestPrincipalTests } from "./request-principal";
import { TrustDomains } from "./trust-domains";

const SPIFFE = "spiffe://";

/** What the values of a list are. */
export enum Values {
  Paths,
  Hosts,
  Methods,
  Ports,
  Principals,
  RequestPrincipals,
  Namespaces,
  ServiceAccounts,
  TrustDomains,
  DirectIps,
  RemoteIps,
  DestinationIps,
  ServerNames,
  Headers,
  /** Of a token. */
  Texts,
  /** `[v]` is in a list, `v` stands alone. */
  Metadata,
}

/** Reads lists of values, of `source`, `operation` and `when`. */
export class FieldReader {
  constructor(
    private subjects: Subjects,
    private trustDomains: TrustDomains,
    private namespace: string,
    readonly strict: bool,
  ) {}

  /** A field of `source` or `operation` and its `not` form, if they are there. */
  read(json: JsonObject, field: string, into: GroupSpec[]): void {
    const notField = "not" + field.charAt(0).toUpperCase() + field.substring(1);
    const values = valuesOf(field);
    const tests = this.list(json, field, values);
    this.add(field, tests, notField, this.list(json, notField, values), values, null, into);
  }

  /** An entry of `when`. @param subject what it is about; null: what such values are always about */
  readCondition(json: JsonObject, name: string, values: Values, subject: Subject | null, into: GroupSpec[]): void {
    const tests = this.list(json, "values", values);
    this.add(name + ".values", tests, name + ".notValues", this.list(json, "notValues", values), values, subject, into);
  }

  private add(
    field: string,
    tests: TestSpec[],
    notField: string,
    notTests: TestSpec[],
    values: Values,
    subject: Subject | null,
    into: GroupSpec[],
  ): void {
    if (tests.length == 0 && notTests.length == 0) return;
    const index = this.subjects.add(subject === null ? this.subjectOf(values) : subject);
    if (values == Values.Principals && (includesAny(tests) || includesAny(notTests))) {
      (<IdentitySubject>this.subjects.list[index]).asksForAny = true;
    }
    into.push(new GroupSpec(field, notField, index, tests, notTests));
  }

  /** What the values of a field ask; empty where it is not there. */
  private list(json: JsonObject, field: string, values: Values): TestSpec[] {
    const tests: TestSpec[] = [];
    if (!json.has(field)) return tests;
    const array = json.array(field);
    if (json.kind(field) == JsonKind.Array && array.length == 0) json.problem(field, "must not be empty");
    for (let i = 0; i < array.length; i++) {
      if (array.kind(i) != JsonKind.String) {
        array.string(i); // notes that it must be one
        continue;
      }
      const value = array.string(i);
      const problem = value.length == 0 ? "must not be empty" : this.test(value, values, tests);
      if (problem.length > 0) array.problem(i, problem);
    }
    return tests;
  }

  /** Adds what the value asks; gives what is wrong with it, or nothing. */
  private test(value: string, values: Values, tests: TestSpec[]): string {
    switch (values) {
      case Values.Paths: {
        const problem = isTemplate(value) ? templateProblem(value) : this.strict && !isPlain(value) ? NOT_PLAIN : "";
        if (problem.length == 0) pathTests(value, this.strict, tests);
        return problem;
      }
      case Values.Hosts:
        hostTests(value, this.strict, tests);
        return "";
      case Values.Methods:
      case Values.Headers:
        tests.push(headerTest(value));
        return "";
      case Values.Ports:
        return push(portTest(value), tests, 'must be a port from 0 to 65535, got "' + value + '"');
      case Values.DirectIps:
      case Values.RemoteIps:
      case Values.DestinationIps:
        return push(networkTest(value), tests, 'must be a network, as "10.0.0.0/8", or an address, got "' + value + '"');
      case Values.Principals: {
        // Istio puts it in front itself: with two of them nothing would ever match, a DENY neither.
        if (value.startsWith(SPIFFE)) return "must be without " + SPIFFE;
        const all = this.trustDomains.principals(value);
        for (let i = 0; i < all.length; i++) tests.push(textTest(all[i], SPIFFE));
        return "";
      }
      case Values.TrustDomains: {
        if (value.includes("/")) return "must be a trust domain, without a path";
        const all = this.trustDomains.domains(value);
        for (let i = 0; i < all.length; i++) tests.push(trustDomainTest(all[i]));
        return "";
      }
      case Values.Namespaces:
        tests.push(namespaceTest(value));
        return "";
      case Values.ServiceAccounts:
        return this.account(value, tests);
      case Values.RequestPrincipals:
        requestPrincipalTests(value, tests);
        return "";
      case Values.Metadata:
        tests.push(metadataTest(value));
        return "";
      default:
        tests.push(textTest(value));
        return "";
    }
  }

  private account(value: string, tests: TestSpec[]): string {
    const parts = value.split("/");
    if (value.includes("*")) return "must not hold a *: service accounts are named in full";
    if (parts.length > 2 || parts[0].length == 0 || parts[parts.length - 1].length == 0) return "must be ACCOUNT or NAMESPACE/ACCOUNT";
    if (parts.length == 1 && this.namespace.length == 0) return "needs a namespace: NAMESPACE/ACCOUNT, or metadata.namespace";
    tests.push(accountTest(value, this.namespace));
    return "";
  }

  private subjectOf(values: Values): Subject {
    switch (values) {
      case Values.Paths:
        return new PathSubject(this.strict);
      case Values.Hosts:
        return new HostSubject(this.strict);
      case Values.Methods:
        return new MethodSubject();
      case Values.Ports:
        return new PortSubject();
      case Values.DirectIps:
        return new DirectIpSubject();
      case Values.RemoteIps:
        return new RemoteIpSubject();
      case Values.DestinationIps:
        return new DestinationIpSubject();
      case Values.ServerNames:
        return new SniSubject();
      case Values.RequestPrincipals:
        return new RequestPrincipalSubject();
      default:
        return new IdentitySubject();
    }
  }
}

function push(test: TestSpec | null, tests: TestSpec[], otherwise: string): string {
  if (test === null) return otherwise;
  tests.push(test);
  return "";
}

/** A principal `*`: whoever has a certificate. */
function includesAny(tests: TestSpec[]): bool {
  for (let i = 0; i < tests.length; i++) if (tests[i].text.length == 0) return true;
  return false;
}

function valuesOf(field: string): Values {
  if (field == "paths") return Values.Paths;
  if (field == "hosts") return Values.Hosts;
  if (field == "methods") return Values.Methods;
  if (field == "ports") return Values.Ports;
  if (field == "principals") return Values.Principals;
  if (field == "requestPrincipals") return Values.RequestPrincipals;
  if (field == "namespaces") return Values.Namespaces;
  if (field == "serviceAccounts") return Values.ServiceAccounts;
  if (field == "trustDomains") return Values.TrustDomains;
  return field == "ipBlocks" ? Values.DirectIps : Values.RemoteIps;
}
