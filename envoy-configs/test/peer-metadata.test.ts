import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ID, METADATA, header, record } from "../../filters/peer-metadata/test/struct.ts";
import { createAuthority, openEnvoy } from "../../harness/index.ts";

const FILE = "envoy-configs/peer-metadata.yaml";
const peer = { name: "ratings-v1", namespace: "default" };
const reviews = { name: "reviews-v2", namespace: "default", app: "reviews", version: "v2", cluster: "local" };
const own = header({ ...reviews, canonicalService: "reviews", canonicalRevision: "v2" });
const says = { respond: { headers: { [METADATA]: header(peer) } } };

describe("peer-metadata.yaml", () => {
  test("tells other sidecars who it is, knows them, and shows nobody else", async () => {
    await using envoy = await openEnvoy({ config: FILE, ephemeralPorts: true, upstreams: { app: says, ratings: says, external: says } });
    const inbound = await envoy.request({ listener: "inbound", headers: { [METADATA]: header(peer) } });
    const outbound = await envoy.request({ listener: "outbound", headers: { [METADATA]: "evil" } });
    const external = await envoy.request({ listener: "outbound", headers: { [METADATA]: "evil", host: "api.example.com" } });
    const entries = await envoy.waitForAccessLog(3);

    expect([inbound, outbound, external].map((answer) => answer.headerValues(METADATA))).toEqual([[own], [], []]);
    expect(["app", "ratings", "external"].map((name) => envoy.upstream(name).requests[0]?.headerValues(METADATA))).toEqual([[], [own], []]);
    expect(envoy.upstream("ratings").requests[0]?.headerValues(ID)).toEqual(["reviews-v2-1.default"]);
    expect(entries.map(({ direction, peer: known }) => [direction, known ?? null])).toEqual([
      ["inbound", record(peer)],
      ["outbound", record(peer)],
      ["outbound", null],
    ]);
    // Nothing is missing in the list of capabilities: the host would have refused it.
    expect(envoy.logs().wasm.filter(({ level }) => level === "error" || level === "critical")).toEqual([]);
  });

  test("with the lines of mutual TLS believes peers of the mesh, and only them", async () => {
    const authority = await createAuthority();
    const [server, client, other] = await Promise.all([
      authority.issue({ serviceAccount: "reviews" }),
      authority.issue({ serviceAccount: "ratings" }),
      authority.issue({ dnsSans: ["client.example"] }),
    ]);
    const folder = await mkdtemp(join(tmpdir(), "peer-metadata-"));
    try {
      const certificates = { "reviews.pem": server.chain, "reviews.key": server.privateKey, "mesh.pem": server.trustBundle };
      for (const [name, text] of Object.entries(certificates)) await writeFile(join(folder, name), text);
      const text = (await readFile(FILE, "utf8"))
        .replace(/^( *)#~ /gm, "$1")
        .replaceAll("certs/", `${folder}/`)
        .replace(/^ *"trust": "always",\n/m, "");
      await using envoy = await openEnvoy({ config: text, ephemeralPorts: true, upstreams: { app: says } });
      const ask = (identity: typeof client) => envoy.request({ listener: "inbound", identity, headers: { [METADATA]: header(peer) } });
      const [mesh, stranger] = [await ask(client), await ask(other)];
      const entries = await envoy.waitForAccessLog(2);

      expect([mesh.headerValues(METADATA), stranger.headerValues(METADATA)]).toEqual([[own], []]);
      expect(entries.map(({ peer: known }) => known ?? null)).toEqual([record(peer), null]);
      expect(envoy.upstream("app").requests.flatMap((request) => request.headerValues(METADATA))).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
