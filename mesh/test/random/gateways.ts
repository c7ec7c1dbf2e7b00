import fc from "fast-check";
import { type Draft, NETWORKING, draft, fullHost, namespace, partly } from "./names.ts";

const LABELS = { istio: "front" };

const server = fc
  .record({
    number: fc.constantFrom(80, 8080, 443),
    hosts: fc.uniqueArray(
      fc.constantFrom("*", "api.example.com", "*.example.com", "./*", "shop/*.example.com", "a.default.svc.cluster.local"),
      {
        minLength: 1,
        maxLength: 2,
      },
    ),
    redirected: fc.boolean(),
  })
  .map(({ number, hosts, redirected }) =>
    number === 443
      ? { port: { number, name: "https", protocol: "HTTPS" }, tls: { mode: "SIMPLE", credentialName: "certificate" }, hosts }
      : {
          port: { number, name: `http-${number}`, protocol: "HTTP" },
          hosts,
          // Of a host with a namespace in it Pilot makes a domain with a slash, which no request has.
          ...(redirected && !hosts.some((each) => each.includes("/")) ? { tls: { httpsRedirect: true } } : {}),
        },
  );

const gateway = (name: string, where: string) =>
  fc.uniqueArray(server, { minLength: 1, maxLength: 2, selector: ({ port }) => port.number }).map((servers): Draft => {
    const made = draft("Gateway", NETWORKING, where, { selector: LABELS, servers });
    return { ...made, metadata: { ...made.metadata, name } };
  });

/** Of its own: Pilot gives a gateway the view of its namespace's sidecars, if one of them happens to have asked before. */
const HOME = "ingress";

/** A gateway's Deployment and Service, and one or two Gateways that select it. */
export const gateways = fc
  .tuple(
    fc.option(gateway("front", "default"), { nil: undefined, freq: 5 }),
    fc.option(gateway("side", "shop"), { nil: undefined }),
    fc.constantFrom(80, 8000),
  )
  .map(([front, side, target]): Draft[] => {
    const all = [front, side].filter((each) => each !== undefined);
    if (all.length === 0) return [];
    const template = {
      metadata: { annotations: { "inject.istio.io/templates": "gateway" }, labels: { app: "front", ...LABELS } },
      spec: { serviceAccountName: "front", containers: [{ name: "istio-proxy", ports: [{ containerPort: 8000 }] }] },
    };
    return [
      { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "front", namespace: HOME }, spec: { template } },
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "front", namespace: HOME },
        spec: { selector: LABELS, ports: [{ name: "http2", port: 80, targetPort: target }] },
      },
      ...all,
    ];
  });

const egressHost = fc.oneof(
  fc.constantFrom("./*", "*/*", "shop/*", "default/*", "~/*", "*/*.example.com", "*/api.example.com", "./a.default.svc.cluster.local"),
  fc.tuple(fc.constantFrom("*", ".", "shop"), fullHost).map(([from, host]) => `${from}/${host}`),
);

/** Without ports of its own: those make other listeners, which are not compared. */
export const sidecar = fc
  .record({
    where: namespace,
    labels: fc.option(fc.constantFrom({ app: "a" }, { version: "v1" }), { nil: undefined }),
    hosts: fc.uniqueArray(egressHost, { minLength: 1, maxLength: 3 }),
    policy: partly({ mode: fc.constantFrom("REGISTRY_ONLY", "ALLOW_ANY") }),
  })
  .map(({ where, labels, hosts, policy }) =>
    draft("Sidecar", NETWORKING, where, {
      // The root namespace's is for the whole mesh.
      ...(labels && where !== "istio-system" ? { workloadSelector: { labels } } : {}),
      egress: [{ hosts }],
      ...(Object.keys(policy).length > 0 ? { outboundTrafficPolicy: policy } : {}),
    }),
  );

const mode = fc.constantFrom("UNSET", "DISABLE", "PERMISSIVE", "STRICT").map((each) => ({ mode: each }));

export const peerAuthentication = fc
  .record({
    where: namespace,
    app: fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
    mtls: fc.option(mode, { nil: undefined }),
    ports: fc.option(
      fc.dictionary(fc.constantFrom("80", "8080", "9000", "9001"), mode, { minKeys: 1, maxKeys: 2, noNullPrototype: true }),
      { nil: undefined },
    ),
  })
  .map(({ where, app, mtls, ports }) =>
    draft("PeerAuthentication", "security.istio.io", where, {
      ...(app && where !== "istio-system" ? { selector: { matchLabels: { app } }, ...(ports ? { portLevelMtls: ports } : {}) } : {}),
      ...(mtls ? { mtls } : {}),
    }),
  );
