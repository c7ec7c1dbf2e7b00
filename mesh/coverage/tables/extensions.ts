import { OWN_GROUP } from "../../model/own-group.ts";
import type { Coverage, Entry } from "../entry.ts";

const group = "extensions.istio.io";

const TARGETS: readonly Entry[] = ["spec.targetRef.kind", "spec.targetRefs[].kind"].map((path) => ({
  path,
  level: "error",
  reason: "there are no waypoints",
  when: (value) => value !== "Gateway",
  values: "other than `Gateway`",
  help: "write `selector`",
}));

const NOT_FETCHED = "a module is a file of this machine, and taken as it is";

/** Of a module, at its place in the resource. */
const wasm = (at: string): readonly Entry[] => [
  {
    path: `${at}.url`,
    level: "error",
    reason: "modules are not fetched",
    when: (value) => !/^file:\/\/./.test(String(value)),
    values: "other than `file://`",
    help: "write `file://` and a path, which may be one from this file, as `file://./build/mine.wasm`",
  },
  {
    path: `${at}.type`,
    level: "error",
    reason: "chains of connections have no modules",
    when: (value) => value === "NETWORK",
    values: "`NETWORK`",
  },
  { path: `${at}.type`, level: "quiet", reason: "`HTTP` is what every module is here, and `NETWORK` is an error" },
  ...["sha256", "verificationKey", "imagePullPolicy", "imagePullSecret"].map(
    (name): Entry => ({ path: `${at}.${name}`, level: "warning", reason: NOT_FETCHED }),
  ),
];

/** https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/ */
export const wasmPlugin: Coverage = { group, kind: "WasmPlugin", entries: [...wasm("spec"), ...TARGETS] };

/** Istio's newer form, for Lua too. */
export const trafficExtension: Coverage = { group, kind: "TrafficExtension", entries: [...wasm("spec.wasm"), ...TARGETS.slice(1)] };

/** Ours. */
export const filter: Coverage = { group: OWN_GROUP, kind: "Filter", entries: TARGETS.slice(1) };
