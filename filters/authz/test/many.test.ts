// That work does not grow with policies that cannot match: `npm run bench:authz` has the microseconds, here are the host calls.
import { expect, test } from "vitest";
import { openHost } from "../../../harness/host/index.ts";
import { manyPolicies } from "./many-policies.ts";
import { authzModule } from "./support.ts";

const wasm = await authzModule();

async function ask(policies: number) {
  const host = await openHost({ filters: [{ name: "authz", wasm, config: manyPolicies(policies) }], upstreams: { app: {} } });
  const request = { path: "/wanted", headers: { "x-tenant": "nobody" }, metadata: { a: {} } };
  await host.request(request); // the first one defines a counter
  const wanted = await host.request(request);
  const other = await host.request({ path: "/other" });
  await host.stop();
  return { statuses: [wanted.status, other.status], ...wanted.counts["authz"] };
}

test("a request makes the same host calls with 1,100 policies as with 12, and allocates no more", async () => {
  const few = await ask(12);
  const many = await ask(1_100);

  expect(few.statuses).toEqual([200, 403]);
  expect(many.statuses).toEqual([200, 403]);
  expect(many.hostCalls).toEqual(few.hostCalls);
  expect(Object.values(many.hostCalls ?? {}).reduce((sum, calls) => sum + calls, 0)).toBeLessThan(10);
  expect(many.guestAllocations).toBe(few.guestAllocations);
});

test("each of 1,100 policies is found by the request that it is about", async () => {
  const count = 1_100;
  const host = await openHost({ filters: [{ name: "authz", wasm, config: manyPolicies(count) }], upstreams: { app: {} } });
  const claims = (payload: object) => ({ "envoy.filters.http.jwt_authn": { payload } });
  const about: readonly ((n: number) => Parameters<typeof host.request>[0])[] = [
    (n) => ({ path: `/service-${n}/x` }),
    (n) => ({ headers: { "x-tenant": `tenant-${n}` } }),
    (n) => ({ headers: { host: `eu.service-${n}.example.com` } }),
    (n) => ({ path: `/users-${n}/7/orders` }),
    (n) => ({ headers: { [`x-secret-${n}`]: "" } }),
    (n) => ({ metadata: claims({ iss: "https://issuer.example", sub: `user-${n}` }) }),
    (n) => ({ metadata: claims({ groups: ["a", `group-${n}`] }) }),
  ];
  // Places of these among the kinds of manyPolicies.
  const kinds = [0, 2, 3, 5, 8, 9, 10];
  const wrong: string[] = [];
  for (let n = 0; n < count - 1; n++) {
    const kind = kinds.indexOf(n % 11);
    const make = about[kind];
    if (!make) continue;
    const { status } = await host.request(make(n));
    const verdict = host.logs().wasm.at(-1)?.message ?? "";
    const expected = [2, 8, 10].includes(n % 11) ? 403 : 200;
    if (status !== expected || !verdict.includes(`policy[policy-${n}]-rule[0]`)) wrong.push(`${n}: ${status} ${verdict}`);
  }
  await host.stop();

  expect(wrong).toEqual([]);
});
