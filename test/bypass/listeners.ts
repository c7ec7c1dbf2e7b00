// The listener of envoy-configs/authz.yaml, once for each policy: what is tested here is what is copied from there.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { downstreamTls } from "../../harness/envoy/tls.ts";
import type { ConfigObject } from "../../harness/index.ts";
import type { Identities } from "./identities.ts";
import { type Enforced, LISTENERS } from "./policies.ts";

const FILE = "envoy-configs/authz.yaml";
const TYPE = "type.googleapis.com/envoy.extensions.filters.http";

/** Turns a listener's settings into worse ones. */
export type Weaken = (manager: ConfigObject, filter: ConfigObject) => void;

interface Manager extends ConfigObject {
  http_filters: ConfigObject[];
  route_config: { virtual_hosts: [{ routes: ConfigObject[] }] };
}

interface Listener extends ConfigObject {
  filter_chains: [ConfigObject & { filters: [{ typed_config: Manager }] }];
}

export async function bootstrapOf(wasm: string, identities: Identities, names: readonly string[], weaken?: Weaken): Promise<ConfigObject> {
  const config = parse(await readFile(FILE, "utf8")) as ConfigObject & { static_resources: { listeners: [Listener] } };
  const [template] = config.static_resources.listeners;
  const listeners = names.map((name) => {
    const enforced = LISTENERS[name];
    if (enforced === undefined) throw new Error(`no listener ${name}`);
    const listener = structuredClone(template);
    listener["name"] = name;
    const [chain] = listener.filter_chains;
    if (enforced.tls) chain["transport_socket"] = downstreamTls({ identity: identities.server, trust: identities.authority });
    const manager = chain.filters[0].typed_config;
    delete manager["access_log"];
    // A request that never ends, and a connection on which none follows, shall end while the test waits.
    manager["request_timeout"] = "2s";
    manager["common_http_protocol_options"] = { ...(manager["common_http_protocol_options"] as ConfigObject), idle_timeout: "2s" };
    if (enforced.hops !== undefined) manager["xff_num_trusted_hops"] = enforced.hops;
    const filter = authzFilter(manager, wasm, enforced);
    addBeside(manager, enforced);
    weaken?.(manager, filter);
    filter["configuration"] = {
      "@type": "type.googleapis.com/google.protobuf.StringValue",
      value: JSON.stringify(filter["configuration"]),
    };
    return listener;
  });
  return { ...config, static_resources: { ...config.static_resources, listeners } };
}

/** The plugin, with these policies and all else as the file has it; its configuration still an object. */
function authzFilter(manager: Manager, wasm: string, { policies }: Enforced): ConfigObject {
  const entry = manager.http_filters.find(({ name }) => name === "authz") as { typed_config: { config: ConfigObject } };
  const plugin = entry.typed_config.config as ConfigObject & {
    configuration: { value: string };
    vm_config: { code: { local: { filename: string } } };
  };
  plugin.vm_config.code.local.filename = path.resolve(wasm);
  const own = JSON.parse(plugin.configuration.value) as ConfigObject;
  plugin["configuration"] = { ...own, policies } as unknown as { value: string };
  return plugin;
}

function addBeside(manager: Manager, { beside }: Enforced): void {
  const routes = manager.route_config.virtual_hosts[0].routes;
  const router = manager.http_filters.at(-1) as ConfigObject;
  const behind = (filter: ConfigObject) => manager.http_filters.splice(-1, 1, filter, router);
  const always = { default_value: { numerator: 100 } };
  const toApp = (action: ConfigObject) => ({ match: { prefix: "/" }, route: { cluster: "app", ...action } });
  if (beside === "rate limit") {
    const bucket = { max_tokens: 1, tokens_per_fill: 1, fill_interval: "3600s" };
    behind({
      name: "limit",
      typed_config: {
        "@type": `${TYPE}.local_ratelimit.v3.LocalRateLimit`,
        stat_prefix: "limit",
        token_bucket: bucket,
        filter_enabled: always,
        filter_enforced: always,
      },
    });
  } else if (beside === "fault") {
    const fault = { "@type": `${TYPE}.fault.v3.HTTPFault`, abort: { http_status: 418, percentage: { numerator: 100 } } };
    behind({ name: "fault", typed_config: fault });
  } else if (beside === "direct response") {
    routes.unshift({ match: { prefix: "/admin" }, direct_response: { status: 200, body: { inline_string: "upstream data" } } });
  } else if (beside === "redirect") {
    routes.unshift({ match: { prefix: "/old" }, redirect: { path_redirect: "/admin" } });
  } else if (beside === "retry") {
    routes.splice(0, 1, toApp({ retry_policy: { retry_on: "5xx", num_retries: 2 } }));
  } else if (beside === "mirror") {
    routes.splice(0, 1, toApp({ request_mirror_policies: [{ cluster: "app" }] }));
  } else if (beside === "internal redirect") {
    routes.splice(0, 1, toApp({ internal_redirect_policy: { max_internal_redirects: 3 } }));
  } else if (beside === "connect") {
    routes.unshift({ match: { connect_matcher: {} }, route: { cluster: "app", upgrade_configs: [{ upgrade_type: "CONNECT" }] } });
    manager["upgrade_configs"] = [{ upgrade_type: "CONNECT" }];
    manager["http2_protocol_options"] = { allow_connect: true };
  }
}
