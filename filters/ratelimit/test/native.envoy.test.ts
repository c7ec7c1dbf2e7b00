// Beside Envoy's own local_ratelimit in one Envoy, with the same traffic.
import { expect, test } from "vitest";
import { type Envoy, closedLoop, openEnvoy } from "../../../harness/index.ts";
import { native } from "./native.ts";
import { ratelimitModule } from "./support.ts";

const wasm = await ratelimitModule();

const ours = (requests: number, burst: number) => ({
  name: "ratelimit",
  wasm,
  config: { limits: [{ name: "per-user", key: [{ header: "x-user" }], requests, per: "1s", burst }] },
});

/** Both filters with the same numbers, each behind a listener of its own. */
function open(requests: number, burst: number): Promise<Envoy> {
  return openEnvoy({
    listeners: {
      native: { filters: [native({ max_tokens: burst, tokens_per_fill: requests, fill_interval: "1s" })] },
      ours: { filters: [ours(requests, burst)] },
    },
  });
}

interface Run {
  admitted: number;
  /** What the limit allows in the time that it took. */
  most: number;
}

test("admits as many of one key as Envoy's own, to within a bucket", async () => {
  const rate = 50;
  const burst = 50;
  const asked = 3_000;
  await using envoy = await open(rate, burst);
  const run = async (listener: string): Promise<Run> => {
    const from = performance.now();
    const statuses = await closedLoop(envoy.address(listener), { requests: asked, headers: [["x-user", "ann"]], connections: 2 });
    return { admitted: statuses.get(200) ?? 0, most: burst + (rate * (performance.now() - from)) / 1_000 };
  };
  const [native, ours] = await Promise.all([run("native"), run("ours")]);
  console.log(`one key: native admitted ${native.admitted}, ours ${ours.admitted} of at most ${Math.floor(ours.most)}`);

  expect(native.most).toBeLessThan(asked / 2);
  expect(Math.abs(native.admitted - ours.admitted)).toBeLessThanOrEqual(burst);
  expect(ours.admitted).toBeLessThanOrEqual(ours.most);
  expect(ours.admitted).toBeGreaterThan(ours.most * 0.9);
});

test("admits no key more often because 30 others come in between; Envoy's own does, several times as often", async () => {
  const burst = 5;
  const rate = 5;
  const others = 30;
  await using envoy = await open(rate, burst);
  const run = async (listener: string): Promise<Run> => {
    const address = envoy.address(listener);
    const stop = new AbortController();
    const crowd = closedLoop(address, {
      until: stop.signal,
      headers: (n) => [["x-user", `other-${n % others}`]],
      connections: others,
    });
    const from = performance.now();
    const statuses = await closedLoop(address, { requests: 500, headers: [["x-user", "ann"]], connections: 1 });
    const most = burst + (rate * (performance.now() - from)) / 1_000;
    stop.abort();
    await crowd;
    return { admitted: statuses.get(200) ?? 0, most };
  };
  const native = await run("native");
  const ours = await run("ours");
  const told = ({ admitted, most }: Run) => `${admitted} of at most ${Math.floor(most)}`;
  console.log(`one key among 30 others: native admitted ${told(native)}, ours ${told(ours)}`);

  expect(native.admitted).toBeGreaterThan(native.most * 3);
  expect(ours.admitted).toBeLessThanOrEqual(ours.most);
  expect(ours.admitted).toBeGreaterThan(ours.most * 0.8);
});
