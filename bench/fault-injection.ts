import type { FilterSpec } from "../harness/index.ts";
import { type Envoy, bootstrap, httpListener, openEnvoy } from "../harness/index.ts";
import { buildModule } from "../modules/index.ts";
import { type Arm, headers, measure } from "./cpu.ts";

/** Envoy's own filter. */
function native(config: object): FilterSpec {
  const type = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault";
  return { name: "envoy.filters.http.fault", typedConfig: { "@type": type, ...config } };
}

/** What a request costs that meets no fault: the price of having the filter there. */
async function cost(wasm: string): Promise<void> {
  const ours = (config: object): FilterSpec => ({ name: "fault-injection", wasm, config });
  const abort = { status: 503, percentage: 0 };
  const user = { header: "x-user", exact: "bob" };
  const each = (name: string, spec: FilterSpec): Arm => ({ name: `${name}, each of 10`, filters: [spec], copies: 10 });
  const nothing = { abort: { http_status: 503, percentage: { numerator: 0 } } };
  const onlyBob = {
    headers: [{ name: "x-user", string_match: { exact: "bob" } }],
    abort: { http_status: 503, percentage: { numerator: 100 } },
  };
  await measure(
    [
      each("of all requests 0 %", ours({ faults: [{ name: "none", abort }] })),
      each("of all requests 0 %, native", native(nothing)),
      each("of another user", ours({ faults: [{ name: "bob", when: [user], abort: { status: 503 } }] })),
      each("of another user, native", native(onlyBob)),
      each("by seed and request id, 0 %", ours({ seed: 1, faults: [{ name: "none", abort }] })),
    ],
    headers,
  );
}

const LENGTHS = [1, 5, 20, 100, 500] as const;
const TIMES = 200;
const AT_ONCE = 20;

/** How much longer than asked a delay takes, side by side with Envoy's own filter. */
async function precision(wasm: string): Promise<void> {
  const arms = LENGTHS.flatMap((length) => [
    {
      length,
      who: "ours",
      filter: { name: "fault-injection", wasm, config: { faults: [{ name: "slow", delay: { fixed: `${length}ms` } }] } },
    },
    { length, who: "native", filter: native({ delay: { fixed_delay: `${length / 1_000}s`, percentage: { numerator: 100 } } }) },
  ]);
  const nameOf = ({ length, who }: (typeof arms)[number]) => `${who}, ${length} ms`;
  await using envoy = await openEnvoy({
    config: bootstrap({
      listeners: arms.map((arm) =>
        httpListener({
          name: nameOf(arm),
          filters: [arm.filter],
          accessLog: { path: "/dev/stdout", fields: { arm: nameOf(arm), us: "%COMMON_DURATION(DS_RX_END:DS_TX_BEG:us)%" } },
        }),
      ),
    }),
    componentLogLevel: "wasm:warn",
  });
  for (let sent = 0; sent < TIMES; sent += AT_ONCE) {
    for (const arm of arms) await Promise.all(Array.from({ length: AT_ONCE }, () => envoy.request({ listener: nameOf(arm) })));
  }
  const over = await excess(envoy, arms.length * TIMES);
  console.log(`\nMilliseconds that a delay takes beyond what was asked for; ${TIMES} requests each, ${AT_ONCE} at once, in turn`);
  console.log(`${"".padEnd(24)}${["least", "p50", "p99", "most"].map((title) => title.padStart(8)).join("")}`);
  for (const arm of arms) {
    const sorted = (over.get(nameOf(arm)) ?? []).map((us) => us / 1_000 - arm.length).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
    console.log(`${nameOf(arm).padEnd(24)}${[0, 0.5, 0.99, 1].map((share) => at(share).toFixed(2).padStart(8)).join("")}`);
  }
}

/** Microseconds from the request's end to the answer's begin, as Envoy measures them, by arm. */
async function excess(envoy: Envoy, entries: number): Promise<Map<string, number[]>> {
  const byArm = new Map<string, number[]>();
  for (const entry of await envoy.waitForAccessLog(entries)) {
    const arm = String(entry["arm"]);
    byArm.set(arm, [...(byArm.get(arm) ?? []), Number(entry["us"])]);
  }
  return byArm;
}

async function main(): Promise<void> {
  const built = await buildModule({ name: "fault-injection", entry: "filters/fault-injection/assembly/index.ts", outDir: ".cache/bench" });
  await cost(built.files.wasm);
  await precision(built.files.wasm);
}

await main();
