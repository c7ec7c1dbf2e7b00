// What goes over the wire, against an independent protobuf implementation and what Istio's proxies send; and that no bytes trap the reader.
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Core, loadCore } from "../../../modules/index.ts";
import { type Workload, header, readHeader, record, structOf } from "./struct.ts";

let core: Core;
beforeAll(async () => {
  core = await loadCore(new URL("./core.as.ts", import.meta.url));
}, 120_000);

/** The record that a header is read as; undefined when it is none. */
function read(text: string | Uint8Array): string | undefined {
  const length = Number(core.call("read", core.write(text)));
  return length < 0 ? undefined : core.read(length).toString();
}

function write(workload: Workload, name = "", owner = ""): string {
  const parts = [record(workload), name, owner].map((text) => Buffer.from(text));
  core.write(Buffer.concat(parts));
  const [own = 0, instance = 0, from = 0] = parts.map(({ length }) => length);
  return core.read(Number(core.call("header", own, instance, from))).toString("latin1");
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const reviews: Workload = {
  ...{ name: "reviews-v2", namespace: "default", app: "reviews", version: "v2", cluster: "c2" },
  ...{ canonicalService: "reviews", canonicalRevision: "r2" },
};
const nobody = record({});

/** A text that is taken: control characters are not, and 256 bytes are the most. */
const text = fc.string({ unit: "binary", maxLength: 300 }).filter((one) => !/\p{Cc}/u.test(one) && Buffer.byteLength(one) <= 256);
const workload: fc.Arbitrary<Workload> = fc.record({
  ...{ name: text, namespace: text, app: text, version: text, cluster: text },
  ...{ canonicalService: text, canonicalRevision: text },
});

describe("the own header", () => {
  test("is to the byte what Istio's proxies write", () => {
    // CLUSTER_ID, LABELS, NAMESPACE, WORKLOAD_NAME, each an entry of a map.
    const golden = Buffer.concat(
      [
        "\n\u0012\n\nCLUSTER_ID\u0012\u0004\u001a\u0002c2",
        "\n\u008b\u0001\n\u0006LABELS\u0012\u0080\u0001*~",
        "\n\u0010\n\u0003app\u0012\u0009\u001a\u0007reviews",
        "\n,\n\u001fservice.istio.io/canonical-name\u0012\u0009\u001a\u0007reviews",
        "\n+\n#service.istio.io/canonical-revision\u0012\u0004\u001a\u0002r2",
        "\n\u000f\n\u0007version\u0012\u0004\u001a\u0002v2",
        "\n\u0016\n\u0009NAMESPACE\u0012\u0009\u001a\u0007default",
        "\n\u001d\n\u000dWORKLOAD_NAME\u0012\u000c\u001a\u000areviews-v2",
      ].map((part) => Buffer.from(part, "latin1")),
    );

    expect(Buffer.from(write(reviews), "base64").toString("latin1")).toBe(golden.toString("latin1"));
    expect(write(reviews)).toBe(header(reviews));
    expect(readHeader(write(reviews))).toEqual({
      ...{ CLUSTER_ID: "c2", NAMESPACE: "default", WORKLOAD_NAME: "reviews-v2" },
      LABELS: {
        ...{ app: "reviews", version: "v2" },
        ...{ "service.istio.io/canonical-name": "reviews", "service.istio.io/canonical-revision": "r2" },
      },
    });
  });

  test("names the pod and its owner where they are known", () => {
    const more = { NAME: "reviews-v2-1-x", OWNER: "kubernetes://apis/apps/v1/namespaces/default/deployments/reviews-v2" };

    expect(write(reviews, more.NAME, more.OWNER)).toBe(header(reviews, more));
    expect(read(write(reviews, more.NAME, more.OWNER))).toBe(record(reviews));
  });

  test("of who knows nothing of itself is not empty, so that peers answer", () => {
    expect(write({})).toBe(base64(structOf({ LABELS: {} })));
    expect(read(write({}))).toBe(nobody);
  });

  test("leaves out what a peer would drop", () => {
    expect(write({ ...reviews, app: "x".repeat(257), version: "a\nb" })).toBe(header({ ...reviews, app: "", version: "" }));
    expect(write(reviews, "x".repeat(257), "\u0085")).toBe(header(reviews));
    expect(write({ app: "x".repeat(256) })).toBe(header({ app: "x".repeat(256) }));
  });

  test("is what the other implementation writes, and reads, for any workload", () => {
    fc.assert(
      fc.property(workload, text, text, (own, name, owner) => {
        const ours = write(own, name, owner);
        expect(ours).toBe(header(own, { ...(name && { NAME: name }), ...(owner && { OWNER: owner }) }));
        expect(read(ours)).toBe(record(own));
      }),
      { numRuns: 500 },
    );
  });
});

describe("a peer's header", () => {
  // From the tests of Istio's own filter: what sidecars of its early releases send, without padding.
  const ISTIO =
    "ChIKBWlzdGlvEgkaB3NpZGVjYXIKDgoIU1RTX1BPUlQSAhoAChEKB01FU0hfSUQSBhoEbWVzaAocChZTVEFDS0RSSVZFUl9UT0tFTl9GSUxFEgIaAAowCihTVEFDS0RS" +
    "SVZFUl9MT0dHSU5HX0VYUE9SVF9JTlRFUlZBTF9TRUNTEgQaAjIwCjYKDElOU1RBTkNFX0lQUxImGiQxMC41Mi4wLjM0LGZlODA6OmEwNzU6MTFmZjpmZTVlOmYxY2QK" +
    "FAoDYXBwEg0aC3Byb2R1Y3RwYWdlCisKG1NFQ1VSRV9TVEFDS0RSSVZFUl9FTkRQT0lOVBIMGgpsb2NhbGhvc3Q6Cl0KGmt1YmVybmV0ZXMuaW8vbGltaXQtcmFuZ2Vy" +
    "Ej8aPUxpbWl0UmFuZ2VyIHBsdWdpbiBzZXQ6IGNwdSByZXF1ZXN0IGZvciBjb250YWluZXIgcHJvZHVjdHBhZ2UKIQoNV09SS0xPQURfTkFNRRIQGg5wcm9kdWN0cGFn" +
    "ZS12MQofChFJTlRFUkNFUFRJT05fTU9ERRIKGghSRURJUkVDVAoeCgpDTFVTVEVSX0lEEhAaDmNsaWVudC1jbHVzdGVyCkkKD0lTVElPX1BST1hZX1NIQRI2GjRpc3Rp" +
    "by1wcm94eTo0N2U0NTU5YjhlNGYwZDUxNmMwZDE3YjIzM2QxMjdhM2RlYjNkN2NlClIKBU9XTkVSEkkaR2t1YmVybmV0ZXM6Ly9hcGlzL2FwcHMvdjEvbmFtZXNwYWNl" +
    "cy9kZWZhdWx0L2RlcGxveW1lbnRzL3Byb2R1Y3RwYWdlLXYxCsEBCgZMQUJFTFMStgEqswEKFAoDYXBwEg0aC3Byb2R1Y3RwYWdlCiEKEXBvZC10ZW1wbGF0ZS1oYXNo" +
    "EgwaCjg0OTc1YmM3NzgKMwofc2VydmljZS5pc3Rpby5pby9jYW5vbmljYWwtbmFtZRIQGg5wcm9kdWN0cGFnZS12MQoyCiNzZXJ2aWNlLmlzdGlvLmlvL2Nhbm9uaWNh" +
    "bC1yZXZpc2lvbhILGgl2ZXJzaW9uLTEKDwoHdmVyc2lvbhIEGgJ2MQopCgROQU1FEiEaH3Byb2R1Y3RwYWdlLXYxLTg0OTc1YmM3NzgtcHh6MncKLQoIUE9EX05BTUUS" +
    "IRofcHJvZHVjdHBhZ2UtdjEtODQ5NzViYzc3OC1weHoydwoaCg1JU1RJT19WRVJTSU9OEgkaBzEuNS1kZXYKHwoVSU5DTFVERV9JTkJPVU5EX1BPUlRTEgYaBDkwODAK" +
    "mwEKEVBMQVRGT1JNX01FVEFEQVRBEoUBKoIBCiYKFGdjcF9na2VfY2x1c3Rlcl9uYW1lEg4aDHRlc3QtY2x1c3RlcgocCgxnY3BfbG9jYXRpb24SDBoKdXMtZWFzdDQt" +
    "YgodCgtnY3BfcHJvamVjdBIOGgx0ZXN0LXByb2plY3QKGwoSZ2NwX3Byb2plY3RfbnVtYmVyEgUaAzEyMwopCg9TRVJWSUNFX0FDQ09VTlQSFhoUYm9va2luZm8tcHJv" +
    "ZHVjdHBhZ2UKHQoQQ09ORklHX05BTUVTUEFDRRIJGgdkZWZhdWx0Cg8KB3ZlcnNpb24SBBoCdjEKHgoYU1RBQ0tEUklWRVJfUk9PVF9DQV9GSUxFEgIaAAohChFwb2Qt" +
    "dGVtcGxhdGUtaGFzaBIMGgo4NDk3NWJjNzc4Ch8KDkFQUF9DT05UQUlORVJTEg0aC3Rlc3QsYm9uemFpChYKCU5BTUVTUEFDRRIJGgdkZWZhdWx0CjMKK1NUQUNLRFJJ" +
    "VkVSX01PTklUT1JJTkdfRVhQT1JUX0lOVEVSVkFMX1NFQ1MSBBoCMjA";

  test("of an Istio sidecar is read, whatever else it tells", () => {
    const productpage: Workload = {
      ...{ name: "productpage-v1", namespace: "default", app: "productpage", version: "v1", cluster: "client-cluster" },
      ...{ canonicalService: "productpage-v1", canonicalRevision: "version-1" },
    };

    expect(read(ISTIO)).toBe(record(productpage));
    expect(read(base64(Buffer.from(ISTIO, "base64")))).toBe(record(productpage));
    expect(readHeader(ISTIO)).toMatchObject({ PLATFORM_METADATA: { gcp_project: "test-project" }, STS_PORT: "" });
  });

  test.each<[string, Parameters<typeof structOf>[0], Workload]>([
    ["Kubernetes' own labels go first, wherever they stand", { LABELS: { app: "a", "app.kubernetes.io/name": "b" } }, { app: "b" }],
    ["also in front", { LABELS: { "app.kubernetes.io/version": "v3", version: "v2" } }, { version: "v3" }],
    ["unless they are empty", { LABELS: { "app.kubernetes.io/name": "", app: "a" } }, { app: "a" }],
    ["numbers and their like are no names", { NAMESPACE: 7, WORKLOAD_NAME: true, CLUSTER_ID: null, LABELS: ["app"] }, {}],
    ["a struct is none either", { NAMESPACE: { app: "a" }, WORKLOAD_NAME: "w" }, { name: "w" }],
    ["labels of labels are none", { LABELS: { app: { app: "x" }, LABELS: { version: "x" } } }, {}],
    ["labels elsewhere are none", { app: "x", version: "x", METADATA: { LABELS: { app: "x" } } }, {}],
    ["names are case-sensitive", { namespace: "x", Labels: { app: "x" } }, {}],
    [
      "what is too long is dropped, and nothing else",
      { NAMESPACE: "x".repeat(257), WORKLOAD_NAME: "w".repeat(256) },
      { name: "w".repeat(256) },
    ],
    ["a NUL is dropped with its text", { NAMESPACE: "a\0b", WORKLOAD_NAME: "w" }, { name: "w" }],
    ["so are lines and other control characters", { NAMESPACE: "a\nb", WORKLOAD_NAME: "\u007f", CLUSTER_ID: "a\u0085" }, {}],
    ["but no other character", { NAMESPACE: "zoë 日本 \u00a0~", CLUSTER_ID: "🦊" }, { namespace: "zoë 日本 \u00a0~", cluster: "🦊" }],
    ["of nothing says nothing", { LABELS: {} }, {}],
  ])("%s", (_, struct, said) => {
    expect(read(base64(structOf(struct)))).toBe(record(said));
  });

  /** A field with a length. */
  const field = (number: number, content: Uint8Array | string) => {
    const bytes = Buffer.from(content as string);
    return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  };
  const entry = (key: string, value: Uint8Array) => field(1, Buffer.concat([field(1, key), field(2, value)]));

  test.each<[string, Uint8Array, string | undefined]>([
    ["a text that is no UTF-8 is dropped", entry("NAMESPACE", field(3, Buffer.from([0x61, 0xff]))), nobody],
    ["an overlong NUL, too", entry("NAMESPACE", field(3, Buffer.from([0xc0, 0x80]))), nobody],
    [
      "of a key that comes twice the last counts",
      Buffer.concat([entry("NAMESPACE", field(3, "a")), entry("NAMESPACE", field(3, "b"))]),
      record({ namespace: "b" }),
    ],
    [
      "labels that come twice are not mixed",
      Buffer.concat([entry("LABELS", field(5, entry("app", field(3, "a")))), entry("LABELS", field(5, entry("version", field(3, "v"))))]),
      record({ version: "v" }),
    ],
    ["of two kinds of value the last counts", entry("NAMESPACE", Buffer.concat([field(3, "a"), Buffer.from([0x20, 1])])), nobody],
    ["a key without a value says nothing", field(1, field(1, "NAMESPACE")), nobody],
    [
      "fields that nobody knows are passed over",
      Buffer.concat([field(9, "x"), Buffer.from([0x50, 1]), entry("NAMESPACE", Buffer.concat([field(3, "a"), field(9, "x")]))]),
      record({ namespace: "a" }),
    ],
    ["a length beyond the end is an error", Buffer.from([0x0a, 5, 1]), undefined],
    ["so is one in an entry", field(1, Buffer.concat([field(1, "a"), Buffer.from([0x12, 5, 1])])), undefined],
    ["so is one in a value", entry("NAMESPACE", Buffer.from([0x1a, 5, 1])), undefined],
    ["so is one in the labels", entry("LABELS", field(5, Buffer.from([0x0a, 5, 1]))), undefined],
    ["a length that never ends", Buffer.from([0x0a, ...Array<number>(20).fill(0xff)]), undefined],
    ["an enormous one", Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), undefined],
    ["a kind of field that does not exist", Buffer.from([0x0f]), undefined],
    ["256 entries are read", Buffer.concat(Array.from({ length: 256 }, () => entry("a", field(3, "b")))), nobody],
    ["and no more", Buffer.concat([...Array.from({ length: 256 }, () => field(1, "")), entry("NAMESPACE", field(3, "b"))]), undefined],
    ["those of labels are among them", entry("LABELS", field(5, field(1, ""))), nobody],
  ])("%s", (_, bytes, said) => {
    expect(read(base64(bytes))).toBe(said);
  });

  test("has 16 KiB at most", () => {
    const filled = (length: number) => structOf({ NAMESPACE: "a", filler: "x".repeat(length) });
    const [most, more] = [filled(12_288 - 35), filled(12_288 - 32)].map(base64) as [string, string];

    expect([most.length, more.length]).toEqual([16_384, 16_388]);
    expect(read(most)).toBe(record({ namespace: "a" }));
    expect(read(more)).toBeUndefined();
  });

  test("that is empty, or none, is none", () => {
    for (const junk of [
      "",
      "=",
      "====",
      "a",
      "ab=c",
      "%%%%",
      " ",
      `${header(reviews)} `,
      `${header(reviews)},${header(reviews)}`,
      "-_-_",
    ]) {
      expect([junk, read(junk)]).toEqual([junk, undefined]);
    }
  });

  test("of any bytes traps nobody", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        read(bytes);
        const said = read(base64(bytes));
        expect(said === undefined || said.split("\0").length === 7).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  test("cut off or damaged at any place traps nobody, and says no more than seven clean texts", () => {
    const bytes = Buffer.from(ISTIO, "base64");
    for (let length = 0; length <= bytes.length; length++) {
      const said = read(base64(bytes.subarray(0, length)));
      expect(said === undefined || said.split("\0").length === 7).toBe(true);
    }
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = byte;
        const said = read(base64(damaged));
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
        expect(said === undefined || (said.split("\0").length === 7 && !/[\x01-\x1f\x7f-\x9f]/.test(said))).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  test("of any struct is read as the other implementation reads it", () => {
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.double({ noNaN: true }),
        fc.boolean(),
        fc.constant(null),
        tie("object"),
        fc.array(tie("tree"), { maxLength: 3 }),
      ),
      object: fc.dictionary(key, tie("tree"), { maxKeys: 5 }),
    })) as unknown as { tree: fc.Arbitrary<never> };
    fc.assert(
      fc.property(fc.dictionary(key, tree, { maxKeys: 8 }), (struct: Record<string, never>) => {
        fc.pre(Object.keys(struct).length > 0);
        const of = (value: unknown) => (typeof value === "string" ? value : "");
        const all = struct as Record<string, unknown>;
        const found = all["LABELS"];
        const labels = typeof found === "object" && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : {};
        expect(read(base64(structOf(struct)))).toBe(
          record({
            ...{ name: of(all["WORKLOAD_NAME"]), namespace: of(all["NAMESPACE"]), cluster: of(all["CLUSTER_ID"]) },
            ...{ app: of(labels["app.kubernetes.io/name"]) || of(labels["app"]) },
            ...{ version: of(labels["app.kubernetes.io/version"]) || of(labels["version"]) },
            canonicalService: of(labels["service.istio.io/canonical-name"]),
            canonicalRevision: of(labels["service.istio.io/canonical-revision"]),
          }),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  const key = fc.constantFrom(
    ...["NAMESPACE", "WORKLOAD_NAME", "CLUSTER_ID", "LABELS", "LABELS", "NAME", "app", "version", "app.kubernetes.io/name", "x"],
    ...["app.kubernetes.io/version", "service.istio.io/canonical-name", "service.istio.io/canonical-revision"],
  );
});

describe("base64", () => {
  test("is Node's, both ways, with padding and without", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const ours = core.read(Number(core.call("base64", core.write(bytes)))).toString();
        expect(ours).toBe(base64(bytes));
        for (const spelling of [ours, ours.replace(/=+$/, "")]) {
          expect([...core.read(Number(core.call("unbase64", core.write(spelling))))]).toEqual([...bytes]);
        }
      }),
    );
  });
});

describe("a record", () => {
  const reread = (bytes: string | Uint8Array) => {
    const length = Number(core.call("record", core.write(bytes)));
    return { valid: length > 0, text: core.read(Math.abs(length)).toString() };
  };

  test("is seven texts in their order", () => {
    expect(record(reviews)).toBe("reviews-v2\0default\0reviews\0v2\0reviews\0r2\0c2");
    expect(reread(record(reviews))).toEqual({ valid: true, text: record(reviews) });
    expect(reread(nobody)).toEqual({ valid: true, text: nobody });
  });

  test.each(["", "a", "a\0b\0c\0d\0e\0f", "a\0b\0c\0d\0e\0f\0g\0h", "\0".repeat(7), "\0".repeat(5_000)])(
    "%j is a peer of which nothing is known",
    (text) => {
      expect(reread(text)).toEqual({ valid: false, text: nobody });
    },
  );

  test("that is read is what was written, and any bytes trap nobody", () => {
    fc.assert(
      fc.property(workload, (one) => {
        expect(reread(record(one))).toEqual({ valid: true, text: record(one) });
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60, max: 3 }), (bytes) => {
        expect(reread(bytes).valid).toBe(bytes.filter((byte) => byte === 0).length === 6);
      }),
    );
  });
});

describe("the table of peers", () => {
  const add = (text: string, said: string) => {
    core.write(text + said);
    core.call("add", text.length, said.length);
  };
  const find = (text: string) => {
    const length = Number(core.call("find", core.write(text)));
    return length < 0 ? undefined : core.read(length).toString();
  };

  test("finds what was added, by all bytes of the header", () => {
    add("header-a", "a");
    add("header-b", "");

    expect([find("header-a"), find("header-b"), find("header-c"), find("header-")]).toEqual(["a", "", undefined, undefined]);
  });

  test("has 256 places, and newer ones push older ones out", () => {
    for (let n = 0; n < 5_000; n++) add(`peer-${n}`, `said ${n}`);
    const kept = Array.from({ length: 5_000 }, (_, n) => n).filter((n) => find(`peer-${n}`) !== undefined);

    expect(kept).toHaveLength(256);
    expect(kept.map((n) => find(`peer-${n}`))).toEqual(kept.map((n) => `said ${n}`));
    expect(kept.at(-1)).toBe(4_999);
  });

  test("keeps most of 128 peers that call in turn", () => {
    const again = () => Array.from({ length: 128 }, (_, n) => n).filter((n) => find(`caller-${n}`) === undefined);
    for (const n of again()) add(`caller-${n}`, "said");

    expect(again().length).toBeLessThan(8);
  });

  test("does not keep what would fill memory", () => {
    add("x".repeat(2_500), "y".repeat(60));
    add("x".repeat(2_501), "y".repeat(60));

    expect([find("x".repeat(2_500)), find("x".repeat(2_501))]).toEqual(["y".repeat(60), undefined]);
  });

  test("makes no object to find one again", () => {
    add("known", "said");

    expect(core.call("objectsOfFind", core.write("known"))).toBe(0);
    expect(core.call("objectsOfFind", core.write("unknown"))).toBe(-1);
  });
});
