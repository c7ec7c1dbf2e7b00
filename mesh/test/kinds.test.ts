import type { ValidateFunction } from "ajv";
import { expect, test } from "vitest";
import { type Kind, groupAndVersion, knownKinds, validatorOf } from "../index.ts";

test("every kind of Istio's APIs is known, in every version that is served, and the Gateway API's standard channel", async () => {
  const kinds = knownKinds();
  const names = kinds.map(({ group, kind }) => `${group} ${kind}`);
  for (const name of ["VirtualService", "DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "WorkloadEntry", "EnvoyFilter"])
    expect(names).toContain(`networking.istio.io ${name}`);
  for (const name of ["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"])
    expect(names).toContain(`security.istio.io ${name}`);
  for (const name of ["WasmPlugin", "TrafficExtension"]) expect(names).toContain(`extensions.istio.io ${name}`);
  for (const name of ["Gateway", "HTTPRoute", "GRPCRoute"]) expect(names).toContain(`gateway.networking.k8s.io ${name}`);
  const virtualService = kinds.find(({ kind }) => kind === "VirtualService");
  expect(virtualService?.forms.flatMap(({ versions }) => versions).sort()).toEqual(["v1", "v1alpha3", "v1beta1"]);
});

test("every schema can be compiled, takes a resource without a spec or says what it lacks, and no field that is none", async () => {
  for (const kind of knownKinds()) {
    for (const version of kind.forms.flatMap(({ versions }) => versions)) {
      const validate = await validatorOf(kind, version);
      const resource = (spec: object) => ({ apiVersion: `${kind.group}/${version}`, kind: kind.kind, metadata: { name: "a" }, spec });
      expect(validate?.(resource({ noSuchField: 1 }))).toBe(false);
      expect(validate?.errors?.some(({ keyword }) => keyword === "additionalProperties")).toBe(true);
      const empty = validate?.(resource({}));
      const lacks = validate?.errors?.map(({ keyword }) => keyword) ?? [];
      expect([kind.kind, empty || lacks.every((keyword) => keyword === "required" || keyword === "rules")]).toEqual([kind.kind, true]);
    }
    expect(await validatorOf(kind, "v0")).toBeUndefined();
  }
});

test("a resource without its spec is whole where its CRD says so", async () => {
  const judged = async (apiVersion: string, name: string) => {
    const { group, version } = groupAndVersion(apiVersion);
    const kind = knownKinds().find((each) => each.group === group && each.kind === name);
    return kind && (await validatorOf(kind, version))?.({ apiVersion, kind: name, metadata: { name: "a" } });
  };
  expect(await judged("security.istio.io/v1", "AuthorizationPolicy")).toBe(true);
  expect(await judged("gateway.networking.k8s.io/v1", "HTTPRoute")).toBe(false);
});

test("what is read and compiled once is shared, also by those who ask at the same time, and no judge speaks of what another found", async () => {
  expect(knownKinds()).toBe(knownKinds());
  const kind = (name: string) => knownKinds().find((each) => each.kind === name) as Kind;
  const asked = [kind("HTTPRoute"), kind("WasmPlugin"), kind("WasmPlugin")].map((each) =>
    validatorOf(each, each.forms[0]?.versions[0] ?? ""),
  );
  const [route, plugin, again] = (await Promise.all(asked)) as [ValidateFunction, ValidateFunction, ValidateFunction];
  expect(again).toBe(plugin);
  const of = (spec: object) => ({ metadata: { name: "a" }, spec });
  expect([plugin(of({ url: "ftp://x" })), route(of({ rules: [{}] }))]).toEqual([false, true]);
  expect(plugin.errors?.map(({ keyword }) => keyword)).toEqual(["rules"]);
  expect([plugin(of({ url: "oci://x" })), plugin.errors, route.errors]).toEqual([true, null, null]);
});

test("every rule of the CRDs is an expression that can be read", async () => {
  const { parse } = await import("@marcbachmann/cel-js");
  const rules = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("rules" in value && Array.isArray(value.rules))
      for (const rule of value.rules as unknown[]) if (Array.isArray(rule)) rules.add(String(rule[0]));
    Object.values(value).forEach(collect);
  };
  collect(knownKinds());
  expect(rules.size).toBeGreaterThan(100);
  for (const rule of rules) expect(() => parse(rule)).not.toThrow();
});

test.each([
  ["networking.istio.io/v1", { group: "networking.istio.io", version: "v1" }],
  ["v1", { group: "", version: "v1" }],
])("%s is a group and a version", (apiVersion, parts) => {
  expect(groupAndVersion(apiVersion)).toEqual(parts);
});
