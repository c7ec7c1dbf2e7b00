import fc from "fast-check";
import { expect, test } from "vitest";
import { readYamlDocuments } from "../../harness/cases/source.ts";
import { compile } from "../compile.ts";
import { type Resource, resourcesOf } from "../resources/resource.ts";
import { asYaml, randomMesh } from "./random-mesh.ts";

const RUNS = 500;

const resources = (yaml: string): Resource[] => readYamlDocuments(yaml, "mesh.yaml", "MS0914").flatMap((document) => resourcesOf(document));

/** What depends on resources, without the resources themselves. */
function compiled(all: readonly Resource[]) {
  const { proxies, endpoints } = compile(all, { filters: () => [] });
  return {
    proxies: [...proxies].map(([id, { workload: _, ...config }]) => [id, config]),
    endpoints: [...endpoints].sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}

test("every random mesh is compiled, and the order of its resources does not matter", () => {
  fc.assert(
    fc.property(randomMesh, fc.array(fc.nat(), { minLength: 8, maxLength: 8 }), (mesh, keys) => {
      const rank = (i: number) => ((keys[i % keys.length] ?? 0) * (i + 1)) % 1009;
      const other = mesh
        .map((each, i) => ({ each, rank: rank(i) }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ each }) => each);
      const one = compiled(resources(asYaml(mesh)));
      expect(one.proxies.length).toBeGreaterThan(0);
      expect(compiled(resources(asYaml(other)))).toEqual(one);
    }),
    { numRuns: RUNS },
  );
});

test("random meshes have what competes: rules for the same host, hosts of patterns, delegates, gateways", () => {
  const all = fc.sample(randomMesh, { numRuns: 200, seed: 1 }).map((mesh) => asYaml(mesh));
  const share = (pattern: RegExp) => all.filter((text) => pattern.test(text)).length / all.length;
  for (const pattern of [/"kind":"DestinationRule"/, /"kind":"VirtualService"/, /"kind":"ServiceEntry"/])
    expect(share(pattern)).toBeGreaterThan(0.5);
  for (const pattern of [/"kind":"Sidecar"/, /"kind":"PeerAuthentication"/, /"kind":"Gateway"/, /"delegate":/, /"hosts":\["\*/])
    expect(share(pattern)).toBeGreaterThan(0.1);
});
