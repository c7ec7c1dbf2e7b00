import type { FilterSpec } from "../../harness/index.ts";
import type { Arm } from "./arm.ts";
import { CALLBACKS, EMPTY, calibrators } from "./calibrators.ts";
import type { Feature, Maker, Scenario } from "./feature.ts";
import { features } from "./features.ts";
import { apart, fused } from "./fused.ts";
import type { Modules } from "./modules.ts";
import { withFewerCalls } from "./ratelimit.ts";
import { request } from "./request.ts";

export const BARE = "bare";

/** All arms, the bare listener first. Each wasm filter of each arm has a VM of its own, as it has where they are deployed one by one. */
export function allArms(modules: Modules): Arm[] {
  const makers: Maker[] = ["native", "ours", ...("missing" in modules.rust ? [] : (["rust"] as const))];
  const four = features.filter(({ name }) => name !== "metrics");
  return [
    { name: BARE, request, status: 200, evidence: [{}] },
    empty(EMPTY, { name: "empty", wasm: modules.empty }),
    ...("missing" in modules.rust ? [] : [empty("rust/empty", { name: "empty", wasm: modules.rust.wasm, rootId: "empty" })]),
    ...makers.flatMap((maker) => features.flatMap((feature) => alone(maker, feature, modules))),
    ...makers.flatMap((maker) => [chain(`${maker}/four`, maker, four, modules), chain(`${maker}/five`, maker, features, modules)]),
    ...(modules.fused
      ? [
          fused("fused/four", modules.fused, four),
          fused("fused/five", modules.fused, features),
          fused(
            "fused/five, fewer calls",
            modules.fused,
            features.map((each) => (each.name === "ratelimit" ? withFewerCalls : each)),
          ),
          apart("apart/four", modules.fused, four),
          apart("apart/five", modules.fused, features),
        ]
      : []),
    empty(CALLBACKS, { name: "callbacks", wasm: modules.callbacks }),
    ...calibrators(modules.calibrator),
  ];
}

function empty(name: string, filter: FilterSpec & { wasm: string }): Arm {
  return { name, request, status: 200, evidence: [{}], filters: [{ ...filter, vmId: `bench.${name}` }] };
}

function alone(maker: Maker, feature: Feature, modules: Modules): Arm[] {
  return Object.entries(feature.scenarios).flatMap(([scenario, made]) => {
    const way = made.ways[maker];
    if (!way) return [];
    const name = `${maker}/${feature.name}/${scenario}`;
    return [arm(name, made, [{ feature, maker }], modules)];
  });
}

function chain(name: string, maker: Maker, parts: readonly Feature[], modules: Modules): Arm {
  return arm(
    name,
    { request, status: 200, ways: {} },
    parts.map((feature) => ({ feature, maker })),
    modules,
  );
}

/** Parts beside each other: one alone is in the given scenario, several are on their allow paths. */
function arm(name: string, scenario: Scenario, parts: readonly { feature: Feature; maker: Maker }[], modules: Modules): Arm {
  const ways = parts.flatMap(({ feature, maker }) => {
    const way = scenario.ways[maker] ?? feature.scenarios.allow.ways[maker];
    return way ? [{ feature, maker, way }] : [];
  });
  const accessLog = ways.find(({ way }) => way.accessLog)?.way.accessLog;
  return {
    name,
    request: scenario.request,
    status: scenario.status,
    evidence: ways.flatMap(({ way }) => way.evidence),
    filters: ways.flatMap(({ feature, maker, way }) => {
      if (maker === "native") return way.filters ?? [];
      const rust = "missing" in modules.rust ? "" : modules.rust.wasm;
      return [
        {
          name: feature.name,
          wasm: maker === "ours" ? (modules.ours[feature.name] ?? "") : rust,
          rootId: maker === "ours" ? "" : feature.name,
          ...(way.config === undefined ? {} : { config: way.config }),
          vmId: `bench.${name}.${feature.name}`,
        },
      ];
    }),
    ...(accessLog ? { accessLog } : {}),
  };
}
