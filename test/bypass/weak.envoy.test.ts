// The corpus finds what it is there to find: without each of the settings of envoy-configs/authz.yaml something gets through.
import { beforeAll, describe, expect, test } from "vitest";
import { authzModule } from "../../filters/authz/test/support.ts";
import type { ConfigObject } from "../../harness/index.ts";
import { allCases } from "./families/index.ts";
import type { Weaken } from "./listeners.ts";
import { type Result, runCases } from "./run.ts";
import { openStage } from "./stage.ts";
import type { Case } from "./types.ts";

const setting =
  (name: string, value: unknown): Weaken =>
  (manager) => {
    manager[name] = value;
  };
const matching: Weaken = (_, filter) => {
  (filter["configuration"] as ConfigObject)["matching"] = "istio";
};
/** Envoy would take %2f for a part of a segment, strictly judged or not. */
const asItIs: Weaken = (manager, filter) => {
  matching(manager, filter);
  manager["normalize_path"] = false;
  manager["merge_slashes"] = false;
  manager["path_with_escaped_slashes_action"] = "KEEP_UNCHANGED";
};
const withoutPeer: Weaken = (manager) => {
  manager["http_filters"] = (manager["http_filters"] as ConfigObject[]).filter(({ name }) => name !== "direct-remote-address");
};

let wasm = "";
let cases: Case[] = [];

beforeAll(async () => {
  wasm = await authzModule();
  // A part of it will do where a whole family is alike.
  cases = allCases().filter(
    ({ family, policy }, index) => (index % 5 === 0 || ![9, 14, 16, 17].includes(family)) && !/^(deny|allow)-not/.test(policy),
  );
});

async function run(weaken: Weaken, chosen: (one: Case) => boolean): Promise<Result[]> {
  const own = cases.filter(chosen);
  await using stage = await openStage(wasm, own, weaken);
  // Awaited here: the stage ends with this function.
  return await runCases(stage, own);
}

const of =
  (...families: number[]) =>
  ({ family }: Case) =>
    families.includes(family);
const bypassed = (results: readonly Result[]) =>
  [...new Set(results.filter(({ bypass }) => bypass).map((result) => result.case.family))].sort((a, b) => a - b);
const refused = (results: readonly Result[]) => results.filter(({ twin }) => twin?.denied).length;

describe("the same requests against a weaker configuration", () => {
  test("get through with Istio's matching and paths as they come: the corpus can fail", async () => {
    const results = await run(asItIs, of(1, 3, 4, 5, 6, 7, 9, 10));
    expect(bypassed(results)).toEqual([1, 3, 4, 5, 6, 7, 9, 10]);
  });

  test("get through with Istio's matching alone, which is what it does not see", async () => {
    const results = await run(matching, of(1, 3, 4, 5, 6, 7, 9, 10, 12, 14, 15));
    expect(bypassed(results)).toEqual([3, 4, 5, 6, 7, 9, 12, 14, 15]);
  });

  test.each<[setting: string, value: unknown, family: number, example: string]>([
    ["normalize_path", false, 1, "/info/../admin"],
    ["merge_slashes", false, 4, "//admin"],
    ["path_with_escaped_slashes_action", "KEEP_UNCHANGED", 3, "/info%2F..%2Fadmin"],
    ["strip_any_host_port", false, 12, "admin.example.com:8080"],
    ["strip_trailing_host_dot", false, 12, "admin.example.com."],
    ["forward_client_cert_details", "ALWAYS_FORWARD_ONLY", 24, "x-forwarded-client-cert, as the upstream reads it"],
  ])("get through with Istio's matching and %s %j, and would not without that", async (name, value, family, example) => {
    const both: Weaken = (...listener) => {
      matching(...listener);
      setting(name, value)(...listener);
    };
    const tried = (one: Case) => one.family === family && one.name === example;
    expect(bypassed(await run(both, tried))).toEqual([family]);
    expect(bypassed(await run(matching, tried))).toEqual([]);
  });

  test("get through where the client may say who it is (use_remote_address)", async () => {
    expect(bypassed(await run(setting("use_remote_address", false), of(23)))).toEqual([23]);
  });

  test("get through where one hop too many is trusted (xff_num_trusted_hops)", async () => {
    expect(bypassed(await run(setting("xff_num_trusted_hops", 1), of(23)))).toEqual([23]);
  });

  test("get through where names with underscores are passed on (headers_with_underscores_action)", async () => {
    expect(bypassed(await run(setting("common_http_protocol_options", {}), of(22)))).toEqual([22]);
  });

  test("are refused where the other end of the connection is not told (set_filter_state)", async () => {
    const results = await run(withoutPeer, of(23));
    expect(bypassed(results)).toEqual([]);
    expect(refused(results)).toBeGreaterThan(0);
  });
});
