import { describe, expect, test } from "vitest";
import { type Envoy, openEnvoy } from "../../harness/index.ts";
import { withText } from "./files.ts";

const FILE = "envoy-configs/fault-injection.yaml";
const REQUESTS = 400;

const open = (config = FILE) => openEnvoy({ config, ephemeralPorts: true, upstreams: { app: {} } });

/** What first attempts with these ids meet: `x-fault`, or nothing. */
async function firstAttempts(envoy: Envoy, ids: readonly string[]): Promise<(string | undefined)[]> {
  const all: (string | undefined)[] = [];
  for (const id of ids) {
    const { status, header } = await envoy
      .request({ path: "/ratings/0", headers: { "x-request-id": id, "x-envoy-attempt-count": "1" } })
      .then((response) => ({ status: response.status, header: response.header("x-fault") }));
    expect(status).toBe(header === undefined ? 200 : 503);
    all.push(header);
  }
  return all;
}

const ids = Array.from({ length: REQUESTS }, (_, i) => `order-${i}`);

describe("fault-injection.yaml", () => {
  test("makes jason wait as long for the same id each time, and nobody else", async () => {
    await using envoy = await open();
    const ask = (user: string, id: string) => envoy.request({ headers: { "x-user": user, "x-request-id": id } });
    const told = (await ask("jason", "order-4711")).header("x-fault");
    expect(told).toMatch(/^slow-for-jason;delay=\d+$/);
    expect((await ask("jason", "order-4711")).header("x-fault")).toBe(told);
    expect((await ask("jason", "order-4712")).header("x-fault")).not.toBe(told);
    expect((await ask("ann", "order-4711")).header("x-fault")).toBeUndefined();

    const log = await envoy.waitForAccessLog(4);
    expect(log[0]).toMatchObject({ status: 200, details: "via_upstream", request_id: "order-4711", fault: told });
    expect(Number(log[0]?.["duration"])).toBeGreaterThanOrEqual(Number(told?.split("=")[1]) - 1);
    expect(log[3]?.["fault"]).toBeFalsy();
    // Nothing is missing in the list of capabilities: the host would have refused it.
    expect(envoy.logs().wasm.filter(({ level }) => level === "error" || level === "critical")).toEqual([]);
  });

  test("fails one in eight first attempts, the same ones on another Envoy, and no retry", async () => {
    await using envoy = await open();
    await using other = await open();
    const met = await firstAttempts(envoy, ids);
    expect(await firstAttempts(other, ids)).toEqual(met);
    const failed = ids.filter((_, i) => met[i] !== undefined);
    expect(new Set(met)).toEqual(new Set([undefined, "first-attempt;abort"]));
    // 50 of 400 on average; outside of this once in 100,000 seeds.
    expect(failed.length).toBeGreaterThan(22);
    expect(failed.length).toBeLessThan(82);
    for (const id of failed.slice(0, 5)) {
      const retry = { "x-request-id": id, "x-envoy-attempt-count": "2" };
      expect((await envoy.request({ path: "/ratings/0", headers: retry })).status).toBe(200);
    }
    const [first] = await envoy.waitForAccessLog(REQUESTS);
    expect(first?.["details"]).toMatch(met[0] === undefined ? /^via_upstream$/ : /^fault_filter_abort\{first-attempt\}$/);
  });

  test("only notes the answers that it would lose, until that fault is enforced", async () => {
    const always = await withText(FILE, '"percentage": 1 }', '"percentage": 100 }');
    await using envoy = await open(always);
    expect((await envoy.request({ method: "POST", path: "/orders", body: "x" })).status).toBe(200);
    const [entry] = await envoy.waitForAccessLog(1);
    expect(entry?.["fault"]).toBe("lost-answer;response;shadow");

    await using enforced = await open(always.replace(/,\s*"mode": "shadow"/, ""));
    expect((await enforced.request({ method: "POST", path: "/orders", body: "x" })).status).toBe(504);
    expect(enforced.upstream("app").requests.map((request) => request.text())).toEqual(["x"]);
  });

  test("takes nobody's fault headers, and lets none of them through", async () => {
    await using envoy = await open();
    const headers = { "x-envoy-fault-abort-request": "500", "x-envoy-fault-delay-request": "60000" };
    expect((await envoy.request({ headers })).status).toBe(200);
    const received = await envoy.upstream("app").received();
    expect(received.header("x-envoy-fault-abort-request")).toBeUndefined();
    expect(received.header("x-envoy-fault-delay-request")).toBeUndefined();
  });

  test("has metrics for Prometheus with the fault's name as a label", async () => {
    await using envoy = await open();
    await envoy.request({ headers: { "x-user": "jason" } });
    const text = await (await fetch(`${envoy.adminUrl}/stats/prometheus`)).text();
    const lines = text.split("\n").filter((line) => line.includes("slow-for-jason"));
    const sample = (name: string) => lines.find((line) => line.startsWith(`meshscript_fault_injection_${name}{`));
    expect(sample("delays_injected_total")).toMatch(/fault="slow-for-jason".* 1$/);
    expect(sample("delays_injected_total")).toContain('wasm_filter="fault-injection"');
    expect(sample("active_faults")).toMatch(/ 0$/);
    expect(text).toMatch(/^meshscript_fault_injection_active\{[^}]*\} 0$/m);
  });
});
