import type { ConfigObject } from "../../harness/envoy/types.ts";
import type { Authority } from "../../harness/identities/types.ts";
import type { ProxyConfig } from "../compile.ts";
import type { Credential } from "../listeners/gateway/index.ts";
import { VALID_FOR } from "./options.ts";

/**
 * What gateways present to clients: what Secrets say, and where there is no Secret a certificate of the mesh's own authority, so that resources run
 * without keys that nobody keeps in a repository.
 */
export class Credentials {
  private readonly issued = new Map<string, Promise<{ chain: string; privateKey: string }>>();

  constructor(private readonly authority: Authority) {}

  /** Envoy's secrets of a proxy, beside its own. */
  async of({ credentials }: Pick<ProxyConfig, "credentials">): Promise<ConfigObject[]> {
    const distinct = new Map(credentials.map((each) => [each.name, each]));
    return Promise.all([...distinct.values()].map((each) => this.secret(each)));
  }

  private async secret(credential: Credential): Promise<ConfigObject> {
    const { name, kind, pem } = credential;
    if (kind === "roots") {
      return { name, validation_context: { trusted_ca: text(pem && "roots" in pem ? pem.roots : this.authority.trustBundle) } };
    }
    const { chain, privateKey } = pem && "chain" in pem ? pem : await this.certificate(credential);
    return { name, tls_certificate: { certificate_chain: text(chain), private_key: text(privateKey) } };
  }

  /** The same as long as it is for the same hosts: a new one would be an update. */
  private certificate({ name, hosts }: Credential): Promise<{ chain: string; privateKey: string }> {
    const key = JSON.stringify([name, hosts]);
    const made = this.issued.get(key) ?? this.authority.issue({ dnsSans: hosts, subject: "CN=gateway", validFor: VALID_FOR });
    this.issued.set(key, made);
    return made;
  }
}

const text = (inline_string: string) => ({ inline_string });
