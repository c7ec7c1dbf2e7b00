import { beforeAll, describe, expect, test } from "vitest";
import { readYamlDocuments } from "../../harness/cases/source.ts";
import type { Authority, Identity } from "../../harness/index.ts";
import { bootstrap, createAuthority, validateConfig } from "../../harness/index.ts";
import { loadAssignment } from "../clusters/endpoints.ts";
import { type ProxyConfig, compile } from "../compile.ts";
import { resourcesOf } from "../resources/resource.ts";
import { Credentials } from "../run/credentials.ts";
import { inlined } from "../run/inline.ts";
import { secretsOf } from "../run/layout.ts";
import { caseNames, readCase } from "./pilot/cases.ts";

/** Of `gateway-files` Envoy would look for the files. */
const names = (await caseNames()).filter((name) => name !== "gateway-files");
let authority: Authority;
let identity: Identity;
beforeAll(async () => {
  authority = await createAuthority();
  identity = await authority.issue({ serviceAccount: "productpage" });
});

/** A bootstrap with everything inside that a running mesh takes from files. */
async function whole(config: ProxyConfig, endpoints: ReturnType<typeof compile>["endpoints"]) {
  const { node, listeners, clusters, routes } = config;
  const secrets = [...secretsOf(identity), ...(await new Credentials(authority).of(config))];
  const named = new Map([...routes, ...secrets].map((each) => [String(each["name"]), each]));
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
    for (const proxy of wanted) await validateConfig(await whole(proxy, endpoints));
  });
});
