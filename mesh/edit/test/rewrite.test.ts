import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { split } from "../destinations.ts";
import { readTraffic, writeTraffic } from "../traffic.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshscript-edit-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file after a split of reviews. */
async function rewritten(text: string, weights: Record<string, number>, route?: string): Promise<string> {
  const path = join(folder, "routes.yaml");
  await writeFile(path, text);
  const traffic = readTraffic([{ path, name: "routes.yaml" }], { service: "reviews", namespace: "default", route });
  const written = await writeTraffic(traffic, split(traffic.route, traffic.host, new Map(Object.entries(weights))));
  const content = await readFile(path, "utf8");
  expect(content).toBe(written ?? text);
  return content;
}

const head = `# Routes of reviews.
apiVersion: "networking.istio.io/v1"   # the version
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
`;

describe("weights in YAML", () => {
  test("are replaced where they stand, and nothing else is", async () => {
    const text = `${head}    - route:   # all
        - destination: {host: reviews,   subset: v1}   # old
          weight:    90 # most
        - weight: 10
          destination:
            host: 'reviews'
            subset: v2
      timeout: 5s
---
kind:   ConfigMap # untouched
apiVersion: v1
`;
    expect(await rewritten(text, { v1: 5, v2: 95 })).toBe(
      text.replace("weight:    90", "weight:    5").replace("weight: 10", "weight: 95"),
    );
  });

  test("come behind the destination where there were none, and a destination that was not there is written as its sibling", async () => {
    const text = `${head}  - route:
    - destination:
          host: "reviews"   # ours
          subset: v1
          port:
            number: 9080
      # about its headers
      headers: {request: {set: {x-version: one}}}
    timeout: 5s`;
    expect(await rewritten(text, { v1: 90, v2: 10 })).toBe(`${head}  - route:
    - destination:
          host: "reviews"   # ours
          subset: v1
          port:
            number: 9080
      weight: 90
      # about its headers
      headers: {request: {set: {x-version: one}}}
    - destination:
          host: "reviews"
          port:
              number: 9080
          subset: "v2"
      weight: 10
    timeout: 5s`);
  });

  test("one line stays one line", async () => {
    const text = `${head}    - route: [{destination: {host: reviews, subset: v1}}] # short\n`;
    expect(await rewritten(text, { v1: 1, v3: 2 })).toBe(
      `${head}    - route: [{destination: {host: reviews, subset: v1}, weight: 1}, { destination: { host: reviews, subset: v3 }, weight: 2 }] # short\n`,
    );
    const items = `${head}    - route:\n        - { destination: { host: reviews, subset: v1 } } # a\n`;
    expect(await rewritten(items, { v1: 0, v3: 100 })).toBe(
      `${head}    - route:\n        - { destination: { host: reviews, subset: v1 }, weight: 0 } # a\n        - { destination: { host: reviews, subset: v3 }, weight: 100 }\n`,
    );
  });

  test("JSON stays JSON", async () => {
    const item = (subset: string, weight: string) => `          {
            "destination": { "host": "reviews", "subset": "${subset}" }${weight}
          }`;
    const text = (items: string) => `{
  "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": { "name": "reviews" },
  "spec": {
    "hosts": ["reviews"],
    "http": [{ "route": [
${items}
        ] }]
  }
}
`;
    const made = await rewritten(text(item("v1", "")), { v1: 90, v2: 10 });
    expect(made).toBe(
      text(
        `${item("v1", `,\n            "weight": 90`)},\n          { "destination": { "host": "reviews", "subset": "v2" }, "weight": 10 }`,
      ),
    );
    expect(() => JSON.parse(made) as unknown).not.toThrow();
  });

  test("a file without a line end, with carriage returns or a byte order mark keeps them", async () => {
    const text = `\uFEFF${head}    - route:\n        - destination: { host: reviews, subset: v1 }`.replaceAll("\n", "\r\n");
    expect(await rewritten(text, { v1: 0, v2: 100 })).toBe(
      `${text}\r\n          weight: 0\r\n        - destination: { host: reviews, subset: v2 }\r\n          weight: 100`,
    );
  });

  test("what is so already is not written, and one that gets nothing stays", async () => {
    const one = `${head}    - route: [{destination: {host: reviews, subset: v1}}]\n`;
    expect(await rewritten(one, { v1: 100 })).toBe(one);
    const two = `${head}    - route: [{destination: {host: reviews, subset: v1}}, {destination: {host: reviews, subset: v2}, weight: 7}]\n`;
    expect(await rewritten(two, { v2: 7 })).toBe(two);
    expect(await rewritten(two, { v1: 7 })).toBe(
      two.replace("subset: v1}", "subset: v1}, weight: 7").replace("weight: 7}]", "weight: 0}]"),
    );
  });

  test("an item of a List, and the route of a name or without a match", async () => {
    const text = `apiVersion: v1
kind: List
items:
- apiVersion: networking.istio.io/v1
  kind: VirtualService
  metadata:
    name: reviews
  spec:
    hosts:
    - reviews.default.svc.cluster.local
    http:
    - name: testers
      match:
      - headers: { end-user: { exact: jason } }
      route:
      - destination: { host: reviews, subset: v2 }
        weight: 100
    - route:
      - destination: { host: reviews, subset: v1 }
        weight: 99
      - destination: { host: reviews, subset: v2 }
        weight: 1
`;
    expect(await rewritten(text, { v2: 1, v1: 3 })).toBe(text.replace("weight: 99", "weight: 3"));
    expect(await rewritten(text, { v2: 50 }, "testers")).toBe(text.replace("weight: 100", "weight: 50"));
  });

  test("the routes of a delegate are written where they stand", async () => {
    const text = `${head}    - delegate: { name: leaf }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: leaf }
spec:
  http:
    - route: [{ destination: { host: reviews, subset: v1 } , weight: 10 }, { destination: { host: reviews, subset: v2 }, weight: 90 }]
`;
    expect(await rewritten(text, { v2: 20, v1: 80 })).toBe(text.replace("weight: 10", "weight: 80").replace("weight: 90", "weight: 20"));
  });

  test("what an alias makes stand in two places is refused, and nothing is written", async () => {
    const aliased = `${head}    - match: [{ uri: { prefix: /a } }]
      route: &both [{ destination: { host: reviews, subset: v1 }, weight: 1 }, { destination: { host: reviews, subset: v2 }, weight: 1 }]
    - route: *both
`;
    await expect(rewritten(aliased, { v1: 2 })).rejects.toThrow("MS1102: the weights of this route cannot be changed in place");
    const merged = `${head}    - route:
        - &one { destination: { host: reviews, subset: v1 }, weight: 1 }
        - *one
`;
    await expect(rewritten(merged, { v2: 2 })).rejects.toThrow(/routes\.yaml:8:\d+: MS1102/);
  });
});
