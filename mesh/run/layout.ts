import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { ConfigObject } from "../../harness/envoy/types.ts";
import type { Identity } from "../../harness/identities/types.ts";
import { writeAtomically } from "../../harness/provision/cache.ts";
import { SECRETS, secretPath } from "../clusters/tls.ts";

/**
 * The files of a running mesh. Below its folder each proxy has one of its own, which is the proxy's working directory: paths in configurations
 * are relative, so that they are the same on every machine.
 */
export const proxyFolder = (root: string, id: string) => join(root, id);

const TYPE = "type.googleapis.com/envoy";
const KINDS = {
  routes: `${TYPE}.config.route.v3.RouteConfiguration`,
  secrets: `${TYPE}.extensions.transport_sockets.tls.v3.Secret`,
} as const;

/** What was written last, so that what did not change is not moved: Envoy would take it as an update. */
export class Files {
  private readonly written = new Map<string, { content: string; version: string }>();
  private last = 0;

  /**
   * Writes one resource to a file as Envoy's file sources read it.
   * @param path relative to `folder`
   * @returns the version that Envoy says it has when it has taken it
   */
  async write(kind: keyof typeof KINDS, folder: string, path: string, resource: ConfigObject): Promise<string> {
    const file = resolve(folder, path);
    const content = JSON.stringify(resource);
    const before = this.written.get(file);
    if (before?.content === content) return before.version;
    this.last += 1;
    const version = String(this.last);
    this.written.set(file, { content, version });
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const whole = { version_info: version, resources: [{ "@type": KINDS[kind], ...resource }] };
    await writeAtomically(file, `${JSON.stringify(whole, null, 1)}\n`);
    return version;
  }

  has(folder: string, path: string): boolean {
    return this.written.has(resolve(folder, path));
  }

  /** Certificates and whom to believe. The folder is for its owner only. */
  async writeSecrets(folder: string, secrets: readonly ConfigObject[]): Promise<void> {
    for (const secret of secrets) await this.write("secrets", folder, secretPath(String(secret["name"])), secret);
  }
}

/** Envoy's secrets of an identity: whom it believes first, so that a new authority is known before its certificates come. */
export function secretsOf({ chain, privateKey, trustBundle }: Identity): ConfigObject[] {
  const text = (inline_string: string) => ({ inline_string });
  return [
    { name: SECRETS.roots, validation_context: { trusted_ca: text(trustBundle) } },
    { name: SECRETS.certificate, tls_certificate: { certificate_chain: text(chain), private_key: text(privateKey) } },
  ];
}
