import { isIP } from "node:net";
import type { DownstreamTls } from "../../harness/envoy/types.ts";
import { type HostRequest, createAuthority } from "../../harness/index.ts";
import type { Flags } from "../command.ts";
import { usage } from "../parse.ts";

/** The request that is asked about, and the TLS that its listener speaks. */
export interface Asked {
  request: HostRequest;
  tls: DownstreamTls;
}

const CLIENT = "127.0.0.1";
const DESTINATION = "127.0.0.1:80";

/**
 * Makes a request of flags.
 * @throws MeshscriptError MS0503 for a value that is none; MS0602 for what is no SPIFFE id
 */
export async function requestOf(flags: Flags): Promise<Asked> {
  const [, method = "GET", path = "/"] =
    /^(\S+)\s+([/*]\S*)$/.exec(flags.text("request") ?? "GET /") ?? wrong("request", flags, "METHOD PATH");
  const from = flags.text("from")?.replace(/^(?!spiffe:\/\/)/, "spiffe://");
  const authority = await createAuthority(from === undefined ? {} : { trustDomain: from.split("/")[2] ?? "" });
  const identity = from === undefined ? undefined : await authority.issue({ spiffeId: from });
  const server = await authority.issue({ serviceAccount: "server" });
  const peer = address(flags, "ip") ?? CLIENT;
  const client = address(flags, "client-ip") ?? peer;
  const destination = flags.text("destination") ?? DESTINATION;
  if (!/^(\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:.]+\]):\d{1,5}$/.test(destination))
    wrong("destination", flags, "an address and a port, as 10.0.0.1:8080");
  const serverName = flags.text("sni");
  return {
    tls: { identity: server, clientCertificate: "optional" },
    request: {
      method,
      path,
      headers: flags.texts("header").map((text): [string, string] => {
        const [, name = "", value = ""] = /^([^:\s]+):\s*(.*?)\s*$/.exec(text) ?? wrong("header", flags, "NAME: VALUE", text);
        return [name, value];
      }),
      trust: authority,
      ...(identity ? { identity } : {}),
      ...(serverName === undefined ? {} : { serverName }),
      source: client.includes(":") ? `[${client}]:40000` : `${client}:40000`,
      destination,
      filterState: { "meshscript.direct_remote_address": peer },
      metadata: claims(flags),
    },
  };
}

function address(flags: Flags, name: string): string | undefined {
  const text = flags.text(name);
  if (text !== undefined && isIP(text) === 0) wrong(name, flags, "an IP address");
  return text;
}

/** The payload of a token that jwt_authn has verified. */
function claims(flags: Flags): Record<string, Record<string, unknown>> {
  const text = flags.text("claims");
  if (text === undefined) return {};
  let payload: unknown;
  try {
    payload = JSON.parse(text);
  } catch {
    payload = undefined;
  }
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) wrong("claims", flags, "a JSON object");
  return { "envoy.filters.http.jwt_authn": { payload } };
}

function wrong(flag: string, flags: Flags, wanted: string, got = flags.text(flag)): never {
  throw usage("MS0503", `--${flag} must be ${wanted}, got ${JSON.stringify(got)}`);
}
