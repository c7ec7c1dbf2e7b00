import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Identity } from "./types.ts";

/** Absolute paths of an identity's files, under the names that Istio's agent gives them. */
export interface IdentityFiles {
  /** `cert-chain.pem` */
  chain: string;
  /** `key.pem`, readable by its owner only. */
  privateKey: string;
  /** `root-cert.pem` */
  trustBundle: string;
}

/**
 * Writes an identity for programs that read files: Envoy's `filename`, openssl, curl. Each file is moved into place
 * whole; the three of them are not moved at once.
 *
 * @param folder made when it is not there, for its owner only.
 * @example
 * const { chain, privateKey, trustBundle } = await writeIdentity(folder, identity);
 * // curl --cert chain --key privateKey --cacert trustBundle https://...
 */
export async function writeIdentity(folder: string, identity: Identity): Promise<IdentityFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const write = async (name: string, text: string, mode: number) => {
    const path = resolve(folder, name);
    const temporary = `${path}.${process.pid}.tmp`;
    await writeFile(temporary, text, { mode });
    // What an interrupted run left keeps its own mode.
    await chmod(temporary, mode);
    await rename(temporary, path);
    return path;
  };
  return {
    trustBundle: await write("root-cert.pem", identity.trustBundle, 0o644),
    chain: await write("cert-chain.pem", identity.chain, 0o644),
    privateKey: await write("key.pem", identity.privateKey, 0o600),
  };
}
