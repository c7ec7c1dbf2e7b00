import { execFile, spawnSync } from "node:child_process";
import { X509Certificate, createHash, createPrivateKey } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MeshscriptError } from "../../../diagnostics/index.ts";
import { type Authority, createAuthority, writeIdentity } from "../index.ts";

/** Node's own reader, which shares no code with the library that writes. */
const read = (pem: string) => new X509Certificate(pem);
const spiffe = (path: string) => `spiffe://cluster.local/${path}`;
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "no error",
    (error: unknown) => (error instanceof MeshscriptError ? error.message.split("\n")[0] : error),
  );

let authority: Authority;
let folder: string;
beforeAll(async () => {
  authority = await createAuthority();
  folder = await mkdtemp(join(tmpdir(), "meshscript-identities-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a leaf", () => {
  test("is an X.509-SVID: one URI SAN, critical beside the empty subject, and no authority", async () => {
    const leaf = await authority.issue({ namespace: "shop", serviceAccount: "reviews" });
    const certificate = read(leaf.certificate);
    expect(leaf.spiffeId).toBe(spiffe("ns/shop/sa/reviews"));
    expect(certificate.subjectAltName).toBe(`URI:${leaf.spiffeId}`);
    // Node says undefined for a name without parts.
    expect(certificate.subject ?? "").toBe("");
    expect(certificate.ca).toBe(false);
    expect(certificate.verify(read(authority.certificate).publicKey)).toBe(true);
    expect(certificate.checkIssued(read(authority.certificate))).toBe(true);
    // The list of Node is of extended usages: serverAuth, clientAuth.
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  });

  test("is described as it is: names, digest, serial number, times and key", async () => {
    const leaf = await authority.issue({
      serviceAccount: "a",
      dnsSans: ["a.example", "*.b.example"],
      subject: "C=NL, O=Shop\\, Inc., CN=a",
    });
    const certificate = read(leaf.certificate);
    expect(certificate.subjectAltName).toBe("URI:spiffe://cluster.local/ns/default/sa/a, DNS:a.example, DNS:*.b.example");
    expect([leaf.uriSans, leaf.dnsSans]).toEqual([[leaf.spiffeId], ["a.example", "*.b.example"]]);
    expect(certificate.subject).toBe("C=NL\nO=Shop\\, Inc.\nCN=a");
    expect(leaf.subject).toBe("CN=a,O=Shop\\, Inc.,C=NL");
    expect(leaf.sha256).toBe(createHash("sha256").update(certificate.raw).digest("hex"));
    expect(leaf.sha256).toBe(certificate.fingerprint256.replaceAll(":", "").toLowerCase());
    expect(BigInt(`0x${leaf.serialNumber}`)).toBe(BigInt(`0x${certificate.serialNumber}`));
    expect([leaf.notBefore, leaf.notAfter]).toEqual([new Date(certificate.validFrom), new Date(certificate.validTo)]);
    expect(certificate.checkPrivateKey(createPrivateKey(leaf.privateKey))).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
  });

  test("is valid from a minute ago for an hour by the authority's clock, or as long as it is told", async () => {
    const now = new Date("2030-01-02T03:04:05.678Z");
    const then = await createAuthority({ now: () => now });
    const times = async (options: object) => {
      const { validFrom, validTo } = read((await then.issue({ serviceAccount: "a", ...options })).certificate);
      return [new Date(validFrom).toISOString().slice(0, 19), new Date(validTo).toISOString().slice(0, 19)];
    };
    expect(await times({})).toEqual(["2030-01-02T03:03:05", "2030-01-02T04:04:05"]);
    expect(await times({ validFor: "48h" })).toEqual(["2030-01-02T03:03:05", "2030-01-04T03:04:05"]);
    expect(await times({ validFor: "-1m" })).toEqual(["2030-01-02T02:03:05", "2030-01-02T03:03:05"]);
    const [notBefore, notAfter] = [new Date("2040-01-01T00:00:00Z"), new Date("2060-01-01T00:00:00Z")];
    expect(await times({ notBefore, notAfter })).toEqual(["2040-01-01T00:00:00", "2060-01-01T00:00:00"]);
    expect(new Date(read(then.certificate).validTo)).toEqual(new Date("2030-01-03T03:04:05Z"));
  });

  test("with several URI SANs, with a foreign one or with none is issued for hostile tests, and is no SVID", async () => {
    const several = await authority.issue({ serviceAccount: "a", uriSans: [spiffe("ns/default/sa/b"), "https://x.example"] });
    expect(read(several.certificate).subjectAltName).toBe(
      `URI:${spiffe("ns/default/sa/a")}, URI:${spiffe("ns/default/sa/b")}, URI:https://x.example`,
    );
    expect(several).not.toHaveProperty("spiffeId");
    expect(await authority.issue({ uriSans: ["https://x.example"] })).not.toHaveProperty("spiffeId");
    expect(await authority.issue({ uriSans: ["spiffe://other.domain/ns/a/sa/b"] })).toMatchObject({
      spiffeId: "spiffe://other.domain/ns/a/sa/b",
    });
    const named = await authority.issue({ subject: "CN=old" });
    expect([named.uriSans, named.dnsSans, read(named.certificate).subjectAltName]).toEqual([[], [], undefined]);
  });

  test("can have an RSA key", async () => {
    const leaf = await authority.issue({ serviceAccount: "a", keyType: "rsa-2048" });
    const { publicKey } = read(leaf.certificate);
    expect([publicKey.asymmetricKeyType, publicKey.asymmetricKeyDetails?.modulusLength]).toEqual(["rsa", 2_048]);
    expect(read(leaf.certificate).checkPrivateKey(createPrivateKey(leaf.privateKey))).toBe(true);
  });

  test.each([
    [{}, "says nothing"],
    [{ namespace: "shop" }, 'a namespace ("shop") needs a serviceAccount'],
    [{ spiffeId: spiffe("a"), serviceAccount: "a" }, "cannot be combined"],
    [{ spiffeId: "cluster.local/ns/a/sa/b" }, 'it does not begin with spiffe://, got "cluster.local/ns/a/sa/b"'],
    [{ spiffeId: "spiffe://other/ns/a/sa/b" }, "it is not of the trust domain cluster.local"],
    [{ spiffeId: "spiffe://Cluster.local/ns" }, "a trust domain has only a-z"],
    [{ spiffeId: "spiffe:///ns" }, "the trust domain is empty"],
    [{ spiffeId: "spiffe://cluster.local" }, "a workload's ID has a path"],
    [{ spiffeId: spiffe("ns/a/") }, "does not end with a slash"],
    [{ spiffeId: spiffe("ns//a") }, "no empty segments"],
    [{ spiffeId: spiffe("ns/../a") }, "no segments . and .."],
    [{ spiffeId: spiffe("ns/a?b") }, "only letters, digits"],
    [{ serviceAccount: "a/../b" }, "no segments . and .."],
    [{ spiffeId: spiffe("a".repeat(2_048)) }, "longer than 2048 characters"],
    [{ serviceAccount: "a", notAfter: new Date(0), notBefore: new Date(1_000) }, "ends (1970-01-01T00:00:00.000Z) before it begins"],
    [{ serviceAccount: "a", notAfter: new Date(), validFor: "1h" }, "give one of them"],
  ])("is not issued for %j", async (options, reason) => {
    const message = await codeOf(authority.issue(options));
    expect(message).toContain("MS0602: ");
    expect(message).toContain(reason);
  });

  test("is not issued for a duration without a unit", async () => {
    expect(await codeOf(authority.issue({ serviceAccount: "a", validFor: "60" }))).toContain("MS0601: a duration is a number with a unit");
  });
});

describe("an authority", () => {
  test("has a certificate that signs certificates, is its own issuer, and carries the trust domain's ID without a path", async () => {
    const other = await createAuthority({ trustDomain: "mesh.example", name: "Shop, Inc." });
    const certificate = read(other.certificate);
    expect([certificate.ca, certificate.subject, certificate.subjectAltName]).toEqual([
      true,
      "O=mesh.example\nCN=Shop\\, Inc.",
      "URI:spiffe://mesh.example",
    ]);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    const leaf = await other.issue({ serviceAccount: "a" });
    expect(leaf.spiffeId).toBe("spiffe://mesh.example/ns/default/sa/a");
    expect(read(leaf.certificate).issuer).toBe(certificate.subject);
  });

  test("issues another key and another serial number each time: a rotated leaf", async () => {
    const leaves = await Promise.all([1, 2, 3].map(() => authority.issue({ serviceAccount: "a" })));
    for (const field of ["serialNumber", "privateKey", "sha256"] as const) expect(new Set(leaves.map((leaf) => leaf[field])).size).toBe(3);
    expect(new Set(leaves.map(({ spiffeId }) => spiffeId)).size).toBe(1);
  });

  test.each(["", "Upper.case", "a/b", "a".repeat(256), "spiffe://a"])("is not made for the trust domain %j", async (trustDomain) => {
    expect(await codeOf(createAuthority({ trustDomain }))).toMatch(/^MS0602: (the|a) trust domain /);
  });

  test("that rotated has the same name and another key, and a bundle of both", async () => {
    const next = await authority.rotate();
    const [old, fresh] = [read(authority.certificate), read(next.certificate)];
    expect(fresh.subject).toBe(old.subject);
    expect(fresh.publicKey.equals(old.publicKey)).toBe(false);
    expect(next.trustBundle).toBe(next.certificate + authority.certificate);
    expect(next.trustDomain).toBe(authority.trustDomain);
    const leaf = await next.issue({ serviceAccount: "a" });
    expect(leaf.trustBundle).toBe(next.trustBundle);
    expect(read(leaf.certificate).verify(old.publicKey)).toBe(false);
  });

  test("has at most one intermediate below, which does not rotate by itself", async () => {
    const below = await authority.intermediate();
    expect(await codeOf(below.intermediate())).toContain("MS0602: an intermediate cannot have another one below it");
    expect(await codeOf(below.rotate())).toContain("MS0602: an intermediate is rotated by taking a new one from its root");
  });
});

describe("files", () => {
  test("of an identity are its texts; the key is readable by its owner only, also when it is written again", async () => {
    const leaf = await authority.issue({ serviceAccount: "files" });
    const place = join(folder, "files");
    await writeIdentity(place, await authority.issue({ serviceAccount: "before" }));
    const files = await writeIdentity(place, leaf);
    expect(await readFile(files.chain, "utf8")).toBe(leaf.chain);
    expect(await readFile(files.privateKey, "utf8")).toBe(leaf.privateKey);
    expect(await readFile(files.trustBundle, "utf8")).toBe(leaf.trustBundle);
    expect((await stat(files.privateKey)).mode & 0o777).toBe(0o600);
    expect((await stat(place)).mode & 0o777).toBe(0o700);
  });
});

describe.skipIf(spawnSync("openssl", ["version"]).status !== 0)("openssl verify (skipped without openssl)", () => {
  /** What openssl says of a leaf under a bundle, in its own words. */
  async function verify(leaf: { chain: string; certificate: string }, trustBundle: string): Promise<string> {
    const place = await mkdtemp(join(folder, "openssl-"));
    const paths = { leaf: join(place, "leaf.pem"), chain: join(place, "chain.pem"), trust: join(place, "trust.pem") };
    await writeFile(paths.leaf, leaf.certificate);
    await writeFile(paths.chain, leaf.chain);
    await writeFile(paths.trust, trustBundle);
    const args = ["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", paths.trust, "-untrusted", paths.chain, paths.leaf];
    const { stdout, stderr } = await promisify(execFile)("openssl", args).catch((error: { stdout: string; stderr: string }) => error);
    return /: OK$/m.test(stdout) ? "OK" : (/error \d+ at \d+ depth lookup: (.*)/.exec(stderr)?.[1] ?? stderr);
  }

  test("takes a leaf strictly, with and without an intermediate, of both kinds of key", async () => {
    const below = await authority.intermediate({ name: "istiod" });
    for (const keyType of ["ec-p256", "rsa-2048"] as const) {
      expect(await verify(await authority.issue({ serviceAccount: "a", keyType }), authority.trustBundle)).toBe("OK");
      const leaf = await below.issue({ serviceAccount: "a", keyType });
      expect(leaf.chain).toBe(leaf.certificate + below.certificate);
      expect(leaf.trustBundle).toBe(authority.trustBundle);
      expect(await verify(leaf, authority.trustBundle)).toBe("OK");
      expect(await verify({ ...leaf, chain: leaf.certificate }, authority.trustBundle)).toBe("unable to get local issuer certificate");
    }
  });

  test("refuses an expired leaf, one that is not valid yet, and one of an authority with the same name", async () => {
    const of = async (options: object) => verify(await authority.issue({ serviceAccount: "a", ...options }), authority.trustBundle);
    expect(await of({ validFor: "-1s" })).toBe("certificate has expired");
    expect(await of({ notBefore: new Date(Date.now() + 60_000) })).toBe("certificate is not yet valid");
    const wrong = await createAuthority();
    expect(await verify(await wrong.issue({ serviceAccount: "a" }), authority.trustBundle)).toBe("unable to get local issuer certificate");
  });

  test("takes old and new leaves under the bundle of a rotated authority, new ones not under the old bundle", async () => {
    const next = await authority.rotate();
    const [old, fresh] = await Promise.all([authority.issue({ serviceAccount: "a" }), next.issue({ serviceAccount: "a" })]);
    expect(await verify(old, next.trustBundle)).toBe("OK");
    expect(await verify(fresh, next.trustBundle)).toBe("OK");
    expect(await verify(fresh, authority.trustBundle)).toBe("unable to get local issuer certificate");
  });
});
