// The configuration of the fused module: the parts' own, each at its place.
import { readdirSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { filterConfigs } from "../../filters/configs.ts";
import { onBothHosts } from "../../harness/expect/index.ts";
import { openBareHost } from "../../test/support/bare-host.ts";
import { meshConfig, schemaFile } from "../config.ts";
import { meshModule } from "./support.ts";

const wasm = await meshModule();
const { configure } = openBareHost(wasm);
const bySchema = new Ajv({ allErrors: false, strict: false }).compile(JSON.parse(schemaFile()));
const judge = (config: object) => ({
  zod: meshConfig.safeParse(config).success,
  schema: bySchema(config),
  module: configure(JSON.stringify(config)).accepted,
});
const refusal = (config: object) => configure(JSON.stringify(config)).logs.join("\n");

test("every filter of the project is a part", () => {
  const folders = readdirSync(new URL("../../filters", import.meta.url), { withFileTypes: true }).filter((entry) => entry.isDirectory());

  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(filterConfigs).sort());
  for (const name of Object.keys(filterConfigs)) expect(judge({ filters: [{ name }] })).toEqual({ zod: true, schema: true, module: true });
});

test.each<[object, boolean]>([
  [{}, true],
  [{ filters: [] }, true],
  [{ filters: [{ name: "tracing" }, { name: "tracing", config: {} }] }, true],
  [{ filters: [{ name: "ratelimit", config: { limits: [{ name: "a", requests: 1, per: "1s" }] } }] }, true],
  [{ filters: [{ name: "ratelimit", config: { limits: [{ name: "a", requests: 0, per: "1s" }] } }] }, false],
  [{ filters: [{ name: "unknown" }] }, false],
  [{ filters: [{ config: {} }] }, false],
  [{ filters: [{ name: "tracing", extra: 1 }] }, false],
  [{ filters: [{ name: "tracing", config: { nonsense: 1 } }, { name: "authz" }] }, false],
  [{ filters: [{ name: "authz" }, { name: "tracing", config: 7 }] }, false],
  [{ filters: ["tracing"] }, false],
  [{ filters: {} }, false],
  [{ filter: [] }, false],
])("%j: schema, zod and module say %s", (config, valid) => {
  expect(judge(config)).toEqual({ zod: valid, schema: valid, module: valid });
});

describe("what is wrong is named with the part's place", () => {
  test.each<[object, RegExp]>([
    [{ filters: [{ name: "tracng" }] }, /filters\[0\]\.name \(line 1, column 22\): must be one of "authz", .*, got "tracng"/],
    [
      { filters: [{ name: "tracing" }, { name: "metrics", config: { maxSeries: 0 } }] },
      /filters\[1\]\.config\.maxSeries \(line 1, column \d+\): /,
    ],
    [{ filters: [{ name: "tracing", config: { nonsense: 1 } }] }, /filters\[0\]\.config\.nonsense .*unknown field/],
    [{ filters: [{ name: "tracing" }, { config: {} }] }, /filters\[1\] .*name is missing/],
    [
      {
        filters: [
          { name: "authz", config: { nonsense: 1 } },
          { name: "tracing", config: { other: 1 } },
        ],
      },
      /authz|nonsense.*; .*other/,
    ],
  ])("%j", (config, line) => {
    expect(refusal(config)).toMatch(line);
  });
});

onBothHosts((open) => {
  test("an update changes the chain, and streams of before end in the old one", async () => {
    const filters = (...names: string[]) => [{ name: "mesh", wasm, config: { filters: names.map((name) => ({ name })) } }];
    const target = await open({ filters: filters("tracing"), upstreams: { app: {} } });
    await target.request();
    await target.update({ filters: filters("authz"), upstreams: { app: {} } });
    await target.request();
    const [first, second] = target.upstream("app").requests;

    expect(first?.header("traceparent")).toMatch(/^00-/);
    expect(second?.header("traceparent")).toBeUndefined();
    await expect(target.update({ filters: filters("nobody"), upstreams: { app: {} } })).rejects.toThrow(/filters\[0\]\.name/);
  });
});
