import { beforeAll, describe, expect, test } from "vitest";
import { type ConfigObject, type Identity, createAuthority } from "../../harness/index.ts";
import { accountOf, spiffeIdOf } from "../identities.ts";
import { ingressConfig, sidecarConfig } from "../proxies.ts";
import type { Service, Workload } from "../topology.ts";

const workload: Workload = { name: "reviews-v2", service: "reviews", calls: ["ratings"] };
const address = { host: "127.0.0.1", port: 1 };
let identity: Identity;
beforeAll(async () => {
  identity = await (await createAuthority()).issue({ serviceAccount: accountOf("reviews") });
});

/** The transport sockets of a configuration's listeners and clusters, by name. */
function sockets(config: ConfigObject): Record<string, string> {
  const { listeners, clusters } = config["static_resources"] as Record<"listeners" | "clusters", ConfigObject[]>;
  const socketOf = (one: ConfigObject) =>
    (one["filter_chains"] as ConfigObject[] | undefined)?.[0]?.["transport_socket"] ?? one["transport_socket"];
  // Of Istio's names of clusters, `outbound|9080||ratings.default.svc.cluster.local`, the service.
  const nameOf = (one: ConfigObject) => String(one["name"]).replace(/^outbound\|9080\|\|(\w+)\..*$/, "$1");
  return Object.fromEntries([...listeners, ...clusters].map((one) => [nameOf(one), JSON.stringify(socketOf(one)) ?? "plain"]));
}

const sidecar = (options: { identity?: Identity }) => {
  const callees = new Map<Service, (typeof address)[]>([["ratings", [address]]]);
  return sockets(sidecarConfig({ workload, app: address, callees, filters: [], ...options }));
};

describe("the proxies", () => {
  test("speak TLS to each other and plain HTTP to their own application, in and out", () => {
    const { inbound = "", outbound_ratings, app, ratings = "" } = sidecar({ identity });
    expect([outbound_ratings, app]).toEqual(["plain", "plain"]);
    expect(inbound).toContain('"require_client_certificate":true');
    expect(ratings).toContain("UpstreamTlsContext");
    for (const socket of [inbound, ratings]) expect(socket).toContain(JSON.stringify(identity.certificate));
  });

  test("believe nobody but the service that they call", () => {
    const only = (id: string) => `"match_typed_subject_alt_names":[{"san_type":"URI","matcher":{"exact":"${id}"}}]`;
    expect(sidecar({ identity })["ratings"]).toContain(only("spiffe://cluster.local/ns/default/sa/bookinfo-ratings"));
    const { ingress, productpage } = sockets(ingressConfig({ to: address, port: 0, filters: [], identity }));
    expect(ingress).toBe("plain");
    expect(productpage).toContain(only(spiffeIdOf("productpage")));
  });

  test("speak plain HTTP without identities", () => {
    const gateway = sockets(ingressConfig({ to: address, port: 0, filters: [] }));
    expect(new Set([...Object.values(sidecar({})), ...Object.values(gateway)])).toEqual(new Set(["plain"]));
  });

  test("have a cluster for spans where there is a collector", () => {
    const callees = new Map<Service, (typeof address)[]>();
    const collector = { host: "127.0.0.1", port: 9411 };
    const all = [
      sidecarConfig({ workload, app: address, callees, filters: [], collector }),
      ingressConfig({ to: address, port: 0, filters: [], collector }),
    ];
    for (const config of all) expect(sockets(config)).toHaveProperty("collector", "plain");
    expect(sidecar({})).not.toHaveProperty("collector");
  });
});
