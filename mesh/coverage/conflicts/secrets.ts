import type { Diagnostic } from "../../../diagnostics/index.ts";
import { credentialsOf } from "../../listeners/gateway/credentials.ts";
import { serversOf } from "../../listeners/gateway/servers.ts";
import type { Mesh } from "../../model/mesh.ts";
import { conflict } from "./finding.ts";

/** Certificates of gateways that no Secret has: a cluster's gateway would answer nobody, and here it gets one of the mesh's own authority. */
export function secretConflicts(mesh: Mesh): Diagnostic[] {
  const findings = new Map<string, Diagnostic>();
  for (const gateway of mesh.gateways) {
    const servers = serversOf(gateway);
    for (const workload of mesh.workloads.filter((each) => gateway.selects(each))) {
      servers.forEach((server, i) => {
        const missing = credentialsOf(server, workload, mesh).find(({ kind, pem }) => kind === "certificate" && pem === undefined);
        const key = `${gateway.id} ${i}`;
        if (missing === undefined || findings.has(key)) return;
        const message = `there is no certificate in a Secret ${missing.secret}: the gateway has one of the mesh's own authority`;
        const help =
          "nothing needs to be done where clients take that authority; in a cluster the Secret must be there, with tls.crt and tls.key";
        findings.set(key, conflict(gateway.resource, [...(gateway.paths[i] ?? []), "tls"], message, { help }));
      });
    }
  }
  return [...findings.values()];
}
