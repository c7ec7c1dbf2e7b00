import type { ValidateFunction } from "ajv";
import { judgeOf } from "./kinds.ts";

const text = { type: "string" };
const texts = { type: ["object", "null"], additionalProperties: text };
const list = (properties: object, required: readonly string[] = []) => ({
  type: ["array", "null"],
  items: { type: "object", properties, required },
});
const open = (properties: object) => ({ type: ["object", "null"], properties });

const pod = open({
  serviceAccountName: text,
  serviceAccount: text,
  nodeSelector: texts,
  containers: list({ ports: list({ containerPort: { type: "integer" }, name: text }, ["containerPort"]) }),
});
const metadata = open({ name: text, namespace: text, labels: texts, annotations: texts });
const template = open({ template: open({ metadata, spec: pod }) });
const service = open({
  ...{ selector: texts, clusterIP: text, type: text, externalName: text },
  ports: list({ name: text, port: { type: "integer" }, targetPort: { type: ["integer", "string"] }, protocol: text, appProtocol: text }, [
    "port",
  ]),
});

/** What the mesh reads of Kubernetes' own kinds: no more, for an API server judges the rest. */
const SPECS: Readonly<Record<string, object>> = {
  Service: service,
  Pod: pod,
  ...Object.fromEntries(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"].map((kind) => [kind, template])),
};

const schemas = new Map(Object.entries(SPECS).map(([kind, spec]) => [kind, { type: "object", properties: { metadata, spec } }]));
const others = { type: "object", properties: { metadata } };

/** Judges what is read of a kind of Kubernetes'. */
export const kubernetesValidator = (kind: string): Promise<ValidateFunction> => judgeOf(schemas.get(kind) ?? others);
