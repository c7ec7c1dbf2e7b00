import { manyPolicies } from "../filters/authz/test/many-policies.ts";
import { nativeRbac } from "../filters/authz/test/reference/native.ts";
import { buildModule } from "../modules/index.ts";
import { measure } from "./cpu.ts";

const headers = [
  ["user-agent", "bench/1"],
  ["accept", "*/*"],
  ["x-request-id", "7f1b2f5e-8f6e-4a7b-9a3e-0d1c2b3a4f5e"],
  ["x-forwarded-for", "192.0.2.7"],
  ["x-tenant", "nobody"],
  ["x-user", "ann"],
] as const;

/** What authorization costs with few policies and with many, here and in Envoy's own RBAC: none but the last is about the request. */
async function main(): Promise<void> {
  const { wasm } = (await buildModule({ name: "authz", entry: "filters/authz/assembly/index.ts", outDir: ".cache/bench" })).files;
  const counts = [11, 110, 1_100];
  const arms = counts.flatMap((count) => {
    const config = manyPolicies(count);
    return [
      // A VM of its own: in one that all share, the garbage of the largest would be everyone's.
      { name: `authz, ${count} policies, each of 5`, filters: [{ name: "authz", wasm, config, vmId: `authz-${count}` }], copies: 5 },
      { name: `native rbac, ${count} policies, each of 5`, filters: nativeRbac(config as Parameters<typeof nativeRbac>[0]), copies: 5 },
    ];
  });
  const costs = await measure(arms, headers, "/wanted");
  const ratio = (of: string) => (costs.get(`${of}, 1100 policies, each of 5`) ?? 0) / (costs.get(`${of}, 11 policies, each of 5`) ?? 1);
  console.log(
    `1100 policies cost ${ratio("authz").toFixed(1)} times as much as 11; of Envoy's own ${ratio("native rbac").toFixed(1)} times`,
  );
}

await main();
