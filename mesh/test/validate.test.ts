import { beforeAll, describe, expect, test } from "vitest";
import { readYamlDocuments } from "../../harness/cases/source.ts";
import type { Identity } from "../../harness/index.ts";
import { bootstrap, createAuthority, validateConfig } from "../../harness/index.ts";
import { loadAssignment } from "../clusters/endpoints.ts";
import { type ProxyConfig, compile } from "../compile.ts";
import { resourcesOf } from "../resources/resource.ts";
import { inlined } from "../run/inline.ts";
import { secretsOf } from "../run/layout.ts";
import { caseNames, readCase } from "./pilot/cases.ts";

const names = await caseNames();
let identity: Identity;
beforeAll(async () => {
  identity = await (await createAuthority()).issue({ serviceAccount: "productpage" });
});

/** A bootstrap with everything inside that a running mesh takes from files. */
function whole({ node, listeners, clusters, routes }: ProxyConfig, endpoints: ReturnType<typeof compile>["endpoints"]) {
  const named = new Map([...routes, ...secretsOf(identity)].map((each) => [String(each["name"]), each]));
  const get = (name: string) => named.get(name);
  const address = () => ({ host: "127.0.0.1", port: 1 });
  const at = (path: string) => loadAssignment(endpoints.get(path) ?? { cluster: path, endpoints: [] }, address);
  return bootstrap(inlined({ node, listeners: [...listeners], clusters: [...clusters] }, { endpoints: at, routes: get, secrets: get }));
}

describe("what every scene leads to", () => {
  test.each(names)("passes Envoy's validation: %s", async (name) => {
    const resources = readYamlDocuments(await readCase(name), `${name}.yaml`, "MS0914").flatMap((source) => resourcesOf(source));
    const { proxies, endpoints } = compile(resources);
    // One that calls, one that only answers, and gateways: the others differ from these in names.
    const wanted = [...proxies.values()].filter(
      ({ workload }) => workload.type === "gateway" || /^(productpage|details)/.test(workload.name),
    );
    expect(wanted.length).toBeGreaterThan(1);
    for (const proxy of wanted) await validateConfig(whole(proxy, endpoints));
  });
});
