import fc from "fast-check";

/** Few of everything: what competes for the same host, port or name is what the rules are about. */
export const NAMESPACES = ["default", "shop", "istio-system"] as const;
export const APPS = ["a", "b"] as const;
export const VERSIONS = ["v1", "v2"] as const;
/** Hosts of ServiceEntries. */
export const OUTSIDE = ["api.example.com", "db.example.com", "*.example.com"] as const;
/** In a ServiceEntry and in a Kubernetes Service; 27017 is only of bytes, for two protocols at a port are a conflict of listeners. */
export const HTTP_PORTS = [80, 8080] as const;
export const TCP_PORT = 27017;

export const namespace = fc.constantFrom(...NAMESPACES);

/** Mostly nothing: most resources say little. */
export const seldom = <T>(value: fc.Arbitrary<T>, freq = 4): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined, freq: freq });

/** Fields that are there or not, each by itself. */
export function partly<T extends Record<string, fc.Arbitrary<unknown>>>(fields: T): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Record<string, unknown>>;
}

export const exportTo = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc.constantFrom({ exportTo: ["."] }, { exportTo: ["*"] }, { exportTo: ["shop"] }, { exportTo: ["default", "shop"] }),
  },
);

export const fullHost = fc.tuple(fc.constantFrom(...APPS), namespace).map(([app, where]) => `${app}.${where}.svc.cluster.local`);

/** A host as resources name services. */
export const host = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<string>(...APPS) },
  { weight: 5, arbitrary: fullHost },
  { weight: 2, arbitrary: fc.constantFrom<string>("api.example.com", "db.example.com") },
  { weight: 1, arbitrary: fc.constantFrom("nowhere.example.org", "a.shop", "c") },
);

/** The same with patterns. */
export const hostPattern = fc.oneof(
  { weight: 6, arbitrary: host },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "*.default.svc.cluster.local",
      "*.shop.svc.cluster.local",
      "*.cluster.local",
      "*.example.com",
      "*.com",
      "*.org",
    ),
  },
);

/** Few enough that some are the same, and some near. */
export const PLACES = ["eu/eu-a", "eu/eu-b", "us/us-a"] as const;

export const duration = fc.constantFrom("1s", "0.5s", "250ms", "1m30s", "2h", "10s");
export const subset = fc.constantFrom<string>(...VERSIONS, "all");

/** A resource of Istio's, without its name. */
export interface Draft {
  apiVersion: string;
  kind: string;
  metadata: { namespace: string; name?: string; creationTimestamp?: string; annotations?: Record<string, string> };
  spec: unknown;
}

export function draft(kind: string, group: string, where: string, spec: unknown): Draft {
  return { apiVersion: `${group}/v1`, kind, metadata: { namespace: where }, spec };
}

export const NETWORKING = "networking.istio.io";
