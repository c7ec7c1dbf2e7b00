// Facts as a request to the in-process host.
import type { HostRequest } from "../../../../harness/host/index.ts";
import type { RequestFacts } from "./types.ts";

/** All that facts say but who asks and with which SNI: for those the listener has to speak TLS. */
export function hostRequest({
  method,
  path,
  authority,
  headers,
  directPeer,
  client,
  destination,
  payload,
  metadata = {},
}: RequestFacts): HostRequest {
  return {
    method,
    path,
    headers: [["host", authority], ...headers],
    source: socket(client, 40_000),
    destination: socket(destination.ip, destination.port),
    filterState: { "meshscript.direct_remote_address": directPeer },
    metadata: { ...metadata, ...(payload === undefined ? {} : { "envoy.filters.http.jwt_authn": { payload } }) },
  };
}

function socket(ip: string, port: number): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}
