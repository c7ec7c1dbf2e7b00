import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { createAuthority } from "../../../harness/identities/index.ts";
import { packageRoot } from "../../../harness/provision/cache.ts";

const folder = join(packageRoot(), "mesh/test/pilot/cases");

/** The scenes of cases/, without BookInfo itself. */
export async function caseNames(): Promise<string[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".yaml"));
  return files.map((file) => file.slice(0, -".yaml".length)).filter((name) => name !== "bookinfo");
}

/** BookInfo, and a scene's resources behind it; a Secret's `PEM-...` is one that is made now, for keys do not belong into a repository. */
export async function readCase(name: string): Promise<string> {
  const read = async (one: string) => {
    const text = await readFile(join(folder, `${one}.yaml`), "utf8");
    if (!text.includes("PEM-")) return text;
    const { chain, privateKey, trustBundle } = await (await createAuthority()).issue({ dnsSans: ["shop.example.com"] });
    const base64 = (pem: string) => Buffer.from(pem).toString("base64");
    return text
      .replaceAll("PEM-CERTIFICATE", base64(chain))
      .replaceAll("PEM-KEY", base64(privateKey))
      .replaceAll("PEM-ROOTS", base64(trustBundle));
  };
  return name === "bookinfo" ? read("bookinfo") : `${await read("bookinfo")}\n---\n${await read(name)}`;
}
