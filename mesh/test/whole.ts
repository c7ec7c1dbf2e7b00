import { bootstrap, createAuthority } from "../../harness/index.ts";
import { loadAssignment } from "../clusters/endpoints.ts";
import type { CompiledMesh, ProxyConfig } from "../compile.ts";
import { Credentials } from "../run/credentials.ts";
import { inlined } from "../run/inline.ts";
import { secretsOf } from "../run/layout.ts";

const authority = await createAuthority();
const identity = await authority.issue({ serviceAccount: "productpage" });
const credentials = new Credentials(authority);

/** A bootstrap with everything inside that a running mesh takes from files. */
export async function wholeOf(config: ProxyConfig, { endpoints }: Pick<CompiledMesh, "endpoints">) {
  const { node, listeners, clusters, routes } = config;
  const secrets = [...secretsOf(identity), ...(await credentials.of(config))];
  const named = new Map([...routes, ...secrets].map((each) => [String(each["name"]), each]));
  const get = (name: string) => named.get(name);
  const address = () => ({ host: "127.0.0.1", port: 1 });
  const at = (path: string) => loadAssignment(endpoints.get(path) ?? { cluster: path, localities: [] }, address);
  return bootstrap(inlined({ node, listeners: [...listeners], clusters: [...clusters] }, { endpoints: at, routes: get, secrets: get }));
}
