import type { HttpRequest } from "../client/types.ts";
import type { DownstreamTls } from "../envoy/types.ts";
import { createAuthority } from "../identities/authority.ts";
import type { Authority, Identity } from "../identities/types.ts";
import type { CaseRequest } from "./case.ts";
import type { RunnableCase } from "./target.ts";

let authority: Promise<Authority> | undefined;
const issued = new Map<string, Promise<Identity>>();

/** One certificate per workload and process: they differ in nothing that a case could see. */
async function identity(workload: NonNullable<CaseRequest["identity"]>): Promise<Identity> {
  authority ??= createAuthority();
  const { issue } = await authority;
  const key = JSON.stringify([workload.namespace, workload.serviceAccount]);
  const known = issued.get(key) ?? issue(workload);
  issued.set(key, known);
  return known;
}

/** A case speaks TLS when one of its requests has an identity; those without one then present no certificate. */
export async function downstreamTlsOf({ requests }: RunnableCase): Promise<DownstreamTls | undefined> {
  if (!requests.some((request) => request.identity)) return undefined;
  return { identity: await identity({ serviceAccount: "app" }), clientCertificate: "optional" };
}

/** A request as the client takes it. */
export async function requestOf(request: CaseRequest, tls: DownstreamTls | undefined): Promise<HttpRequest> {
  const { method, path, headers, body, protocol } = request;
  const plain = { method, path, headers, protocol, ...(body === undefined ? {} : { body }) };
  if (!tls) return plain;
  const secure = { ...plain, trust: tls.identity, protocol: protocol === "h2c" ? ("h2" as const) : protocol };
  return request.identity ? { ...secure, identity: await identity(request.identity) } : secure;
}
