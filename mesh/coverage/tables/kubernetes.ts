import { isTrafficDistribution } from "../../model/traffic-distribution.ts";
import type { Coverage, Entry } from "../entry.ts";

const warning = (path: string, reason: string, rest: Partial<Entry> = {}): Entry => ({ path, level: "warning", reason, ...rest });
const error = (path: string, reason: string, rest: Partial<Entry> = {}): Entry => ({ path, level: "error", reason, ...rest });

const UNKNOWN_PREFERENCE: Partial<Entry> = {
  when: (value) => !isTrafficDistribution(value),
  values: "any but `PreferClose`, `PreferSameZone` and `PreferSameNode`",
  help: "write one of PreferClose, PreferSameZone and PreferSameNode",
};

/** https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/ */
const service: Coverage = {
  group: "",
  kind: "Service",
  entries: [
    error("spec.type", "it is another name of a host, which nobody looks up", {
      when: (value) => value === "ExternalName",
      values: "`ExternalName`",
      help: "write a ServiceEntry with `resolution: DNS`",
    }),
    error("spec.externalName", "it is another name of a host, which nobody looks up", {
      help: "write a ServiceEntry with `resolution: DNS`",
    }),
    warning("spec.sessionAffinity", "Istio does not heed it either", {
      when: (value) => value !== "None",
      values: "any but `None`",
      help: "write `consistentHash` in a DestinationRule",
    }),
    warning("spec.sessionAffinityConfig", "Istio does not heed it either", { help: "write `consistentHash` in a DestinationRule" }),
    warning("spec.externalIPs[]", "services have no addresses outside of the mesh"),
    warning("spec.externalTrafficPolicy", "one machine is one node", { when: (value) => value === "Local", values: "`Local`" }),
    warning("spec.internalTrafficPolicy", "one machine is one node", { when: (value) => value === "Local", values: "`Local`" }),
    warning("spec.trafficDistribution", "Istio knows no such preference", UNKNOWN_PREFERENCE),
    error("spec.ports[].protocol", "proxies do not speak SCTP", { when: (value) => value === "SCTP", values: "`SCTP`" }),
    warning("spec.ports[].protocol", "proxies carry no UDP: the port is left out", { when: (value) => value === "UDP", values: "`UDP`" }),
    warning('metadata.annotations["networking.istio.io/traffic-distribution"]', "Istio knows no such preference", UNKNOWN_PREFERENCE),
  ],
};

/** Of what makes Pods. */
function pods(group: string, kind: string, template: string): Coverage {
  return {
    group,
    kind,
    entries: [
      ...(kind === "Pod" || kind === "DaemonSet"
        ? []
        : [
            warning("spec.replicas", "one workload stands for all", {
              when: (value) => value !== 1,
              values: "any but 1",
              help: "nothing needs to be done: requests to its service all go to the one",
            }),
          ]),
      error(`${template}spec.hostNetwork`, "in a cluster it has no sidecar, and here it would", {
        when: (value) => value === true,
        values: "`true`",
        help: 'say it: the label sidecar.istio.io/inject: "false"; it is then no workload of the mesh',
      }),
    ],
  };
}

/** Kinds about which nobody needs to be told: the mesh has what they are for, or they concern a cluster only. */
const QUIET: readonly (readonly [group: string, kinds: readonly string[], reason: string])[] = [
  ["", ["ServiceAccount"], "Pods name them"],
  ["", ["Namespace"], "resources name them"],
  ["", ["ConfigMap", "Secret", "PersistentVolume", "PersistentVolumeClaim"], "applications are the test's"],
  ["", ["LimitRange", "ResourceQuota"], "a machine has what it has"],
  ["rbac.authorization.k8s.io", ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"], "they are for Kubernetes' own API"],
  ["autoscaling", ["HorizontalPodAutoscaler"], "one workload stands for all"],
  ["policy", ["PodDisruptionBudget"], "one workload stands for all"],
  ["apiextensions.k8s.io", ["CustomResourceDefinition"], "the schemas are here"],
];

/** Kinds of Kubernetes that are known, and not read. */
const NOT_READ: readonly Coverage[] = [
  ...["Endpoints", "EndpointSlice"].map(
    (kind): Coverage => ({
      group: kind === "Endpoints" ? "" : "discovery.k8s.io",
      kind,
      whole: {
        level: "error",
        reason: "a service's endpoints are the workloads that it selects",
        help: "write a ServiceEntry with `endpoints`",
      },
    }),
  ),
  {
    group: "networking.k8s.io",
    kind: "Ingress",
    whole: { level: "error", reason: "there is no listener for it", help: "write Istio's Gateway and VirtualService" },
  },
  { group: "networking.k8s.io", kind: "NetworkPolicy", whole: { level: "warning", reason: "no network is between the workloads" } },
  ...["Job", "CronJob"].map(
    (kind): Coverage => ({
      group: "batch",
      kind,
      whole: { level: "warning", reason: "what ends is no workload here", help: "write a Deployment for a client that is needed" },
    }),
  ),
];

/** Of Kubernetes' own kinds. */
export const kubernetesKinds: readonly Coverage[] = [
  service,
  pods("", "Pod", ""),
  ...["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"].map((kind) => pods("apps", kind, "spec.template.")),
  ...QUIET.flatMap(([group, kinds, reason]) => kinds.map((kind): Coverage => ({ group, kind, whole: { level: "quiet", reason } }))),
  ...NOT_READ,
];
