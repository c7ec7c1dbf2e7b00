import type { Destination, LabelSelector } from "./common.ts";

/** https://istio.io/latest/docs/reference/config/networking/gateway/ */
export interface Gateway {
  servers?: GatewayServer[];
  selector?: Record<string, string>;
}

export interface GatewayServer {
  port: { number: number; protocol: string; name: string; targetPort?: number };
  bind?: string;
  hosts: string[];
  tls?: ServerTls;
  name?: string;
}

export interface ServerTls {
  httpsRedirect?: boolean;
  mode?: "PASSTHROUGH" | "SIMPLE" | "MUTUAL" | "AUTO_PASSTHROUGH" | "ISTIO_MUTUAL" | "OPTIONAL_MUTUAL";
  serverCertificate?: string;
  privateKey?: string;
  caCertificates?: string;
  credentialName?: string;
  credentialNames?: string[];
  caCertCredentialName?: string;
  tlsCertificates?: { serverCertificate?: string; privateKey?: string }[];
  caCrl?: string;
  insecureSkipVerify?: boolean | null;
  verifyCertificateSpki?: string[];
  verifyCertificateHash?: string[];
  subjectAltNames?: string[];
  minProtocolVersion?: string;
  maxProtocolVersion?: string;
  cipherSuites?: string[];
}

/** https://istio.io/latest/docs/reference/config/networking/service-entry/ */
export interface ServiceEntry {
  hosts: string[];
  addresses?: string[];
  ports?: { number: number; protocol?: string; name: string; targetPort?: number }[];
  location?: "MESH_EXTERNAL" | "MESH_INTERNAL";
  resolution?: "NONE" | "STATIC" | "DNS" | "DNS_ROUND_ROBIN" | "DYNAMIC_DNS";
  endpoints?: WorkloadEntry[];
  workloadSelector?: LabelSelector;
  exportTo?: string[];
  subjectAltNames?: string[];
}

export interface WorkloadEntry {
  address?: string;
  ports?: Record<string, number>;
  labels?: Record<string, string>;
  network?: string;
  locality?: string;
  weight?: number;
  serviceAccount?: string;
}

/** https://istio.io/latest/docs/reference/config/networking/sidecar/ */
export interface Sidecar {
  workloadSelector?: LabelSelector;
  ingress?: object[];
  egress?: { port?: { number?: number; protocol?: string; name?: string }; bind?: string; captureMode?: string; hosts: string[] }[];
  outboundTrafficPolicy?: OutboundTrafficPolicy;
}

export interface OutboundTrafficPolicy {
  mode?: "REGISTRY_ONLY" | "ALLOW_ANY" | "ALLOW_ANY_DYNAMIC_DNS";
  egressProxy?: Destination;
}

/** Of Kubernetes, as far as it is read. */
export interface KubernetesService {
  selector?: Record<string, string>;
  clusterIP?: string;
  type?: string;
  externalName?: string;
  trafficDistribution?: string;
  ports?: { name?: string; port: number; targetPort?: number | string; protocol?: string; appProtocol?: string }[];
}

export interface PodSpec {
  serviceAccountName?: string;
  serviceAccount?: string;
  nodeSelector?: Record<string, string>;
  containers?: { name?: string; ports?: { name?: string; containerPort: number; protocol?: string }[] }[];
}
