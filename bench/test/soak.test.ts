// Many requests leave nothing behind in any filter; `npm run bench:soak` sends ten million to each module.
import { expect, test } from "vitest";
import { soak } from "../run/soak.ts";
import { soaks } from "../run/soaks.ts";

/** Of the fused module, which has all filters; the modules one by one get fewer. MESHSCRIPT_SOAK_REQUESTS=1000000: a million. */
const REQUESTS = Number(process.env["MESHSCRIPT_SOAK_REQUESTS"] ?? 256_000);
const requestsOf = (filters: readonly unknown[]) => (filters.length === 1 ? REQUESTS : Math.min(REQUESTS, 102_400));
const MOST_BYTES = 2 * 1_024 * 1_024;
const MOST_OBJECTS = 10_000;

test.each(await soaks())(
  "$title: linear memory is the same after 10,240 requests and after many more",
  async ({ filters, modules }) => {
    const soaked = await soak(filters, modules, requestsOf(filters));
    console.log(JSON.stringify(soaked));

    expect(soaked.map(({ module }) => module)).toEqual(modules);
    expect(soaked.map(({ late }) => late)).toEqual(soaked.map(({ early }) => early));
    expect(soaked.filter(({ early, objects }) => early === 0 || early > MOST_BYTES || objects > MOST_OBJECTS)).toEqual([]);
  },
  900_000,
);
