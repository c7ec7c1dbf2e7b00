// Who may come in over mTLS, on both hosts, and what becomes of requests while certificates rotate.
import { expect, test } from "vitest";
import { onBothHosts } from "../../../harness/expect/hosts.ts";
import { createAuthority } from "../../../harness/identities/index.ts";
import { type HttpRequest, openEnvoy } from "../../../harness/index.ts";
import { authzModule } from "./support.ts";

const wasm = await authzModule();
const authority = await createAuthority();
const server = await authority.issue({ serviceAccount: "ratings" });
const reviews = await authority.issue({ serviceAccount: "reviews" });

const authz = {
  name: "authz",
  wasm,
  config: {
    policies: [
      {
        metadata: { name: "reviews-only", namespace: "default" },
        spec: { rules: [{ from: [{ source: { principals: ["cluster.local/ns/default/sa/reviews"] } }] }] },
      },
    ],
  },
};

/** The status, or why there was no answer. */
function outcome(answer: PromiseLike<{ status: number }>): Promise<number | string> {
  return Promise.resolve(answer).then(
    ({ status }) => status,
    (error: Error) => error.message,
  );
}

onBothHosts((open) => {
  test("the right workload gets in; none with another's certificate, another's authority, an expired one or none at all", async () => {
    const stranger = await createAuthority();
    const target = await open({ tls: { identity: server }, filters: [authz], upstreams: { app: {} } });
    const ask = (identity: HttpRequest["identity"]) => outcome(target.request({ trust: authority, ...(identity ? { identity } : {}) }));

    expect(await ask(reviews)).toBe(200);
    // Of the mesh, but not who is allowed.
    expect(await ask(await authority.issue({ serviceAccount: "productpage" }))).toBe(403);
    expect(await ask(await authority.issue({ serviceAccount: "reviews", namespace: "other" }))).toBe(403);
    expect(await ask(await authority.issue({ spiffeId: "spiffe://cluster.local/ns/default/sa/reviews/more" }))).toBe(403);
    // No part of it: not even a handshake.
    expect(await ask(await stranger.issue({ serviceAccount: "reviews" }))).toContain("unknown ca");
    expect(await ask(await authority.issue({ serviceAccount: "reviews", validFor: "-1s" }))).toContain("expired");
    expect(await ask(undefined)).toContain("certificate required");
    expect(target.upstream("app").requests).toHaveLength(1);
  });

  test("where a certificate is optional, who has none is nobody", async () => {
    const tls = { identity: server, clientCertificate: "optional" as const };
    const target = await open({ tls, filters: [authz], upstreams: { app: {} } });

    expect(await outcome(target.request({ trust: authority }))).toBe(403);
    expect(await outcome(target.request({ identity: reviews, trust: authority }))).toBe(200);
    expect(await outcome(target.request({ identity: await (await createAuthority()).issue({ serviceAccount: "reviews" }) }))).toContain(
      "unknown ca",
    );
  });

  test("a name that no honest authority would issue is no SPIFFE id", async () => {
    const target = await open({ tls: { identity: server }, filters: [authz], upstreams: { app: {} } });
    const forged = await authority.issue({
      dnsSans: ["cluster.local/ns/default/sa/reviews"],
      subject: "CN=spiffe://cluster.local/ns/default/sa/reviews",
    });
    const second = await authority.issue({ serviceAccount: "other", uriSans: ["spiffe://cluster.local/ns/default/sa/reviews"] });

    expect(await outcome(target.request({ identity: forged, trust: authority }))).toBe(403);
    // An SVID has one URI (SPIFFE X509-SVID, 2): of several only the first counts.
    expect(await outcome(target.request({ identity: second, trust: authority }))).toBe(403);
  });
});

test("no request fails while the authority, the server's leaf and the clients' leaves rotate under load", async () => {
  const drainSeconds = 5;
  await using envoy = await openEnvoy({ tls: { identity: server }, filters: [authz], upstreams: { app: {} }, drainSeconds });
  const next = await authority.rotate();
  const intruder = await authority.issue({ serviceAccount: "productpage" });
  let client = reviews;
  let running = true;
  const seen: (number | string)[] = [];
  const refused: (number | string)[] = [];
  const load = async (identity: () => typeof reviews, into: (number | string)[]) => {
    while (running) into.push(await outcome(envoy.request({ identity: identity(), trust: next })));
  };
  const clients = [...Array.from({ length: 4 }, () => load(() => client, seen)), load(() => intruder, refused)];
  const count = async (more: number) => {
    const enough = seen.length + more;
    while (seen.length < enough) await outcome(envoy.request({ identity: client, trust: next }));
  };

  await count(50);
  await envoy.update({ tls: { identity: server, trust: next } });
  await count(50);
  client = await next.issue({ serviceAccount: "reviews" });
  await count(50);
  await envoy.update({ tls: { identity: await next.issue({ serviceAccount: "ratings" }), trust: next } });
  await count(50);
  running = false;
  await Promise.all(clients);

  expect(seen.filter((one) => one !== 200)).toEqual([]);
  expect(seen.length).toBeGreaterThan(200);
  // Nor does anybody get in who should not.
  expect(new Set(refused)).toEqual(new Set([403]));
  expect(refused.length).toBeGreaterThan(10);
});
