// What the filter does without a host call that it needs. Envoy has this list on the VM from 1.40 on, before that on the plugin.
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { onBothHosts } from "../../../harness/expect/index.ts";
import type { ModuleReport } from "../../../modules/index.ts";
import { ratelimitModule } from "./support.ts";

const wasm = await ratelimitModule();
const config = { limits: [{ name: "per-user", key: [{ header: "x-user" }], requests: 2, per: "1h" }] };

/** The filter with all that its module uses but for one thing. */
async function without(name: string) {
  const { imports, callbacks } = JSON.parse(await readFile(wasm.replace(/\.wasm$/, ".report.json"), "utf8")) as ModuleReport;
  const capabilities = [...imports.map((one) => one.name), ...callbacks].filter((one) => one !== name);
  return { name: "ratelimit", wasm, config, capabilities };
}

onBothHosts((open) => {
  test.each([
    ["proxy_get_shared_data", "allow proxy_get_shared_data and proxy_set_shared_data"],
    ["proxy_set_shared_data", "allow proxy_get_shared_data and proxy_set_shared_data"],
    ["random_get", "allow random_get"],
    ["clock_time_get", "allow clock_time_get"],
  ])("without %s the configuration is refused, by its name", async (name, message) => {
    await expect(open({ filters: [await without(name)] })).rejects.toThrow(message);
  });

  test("a refusal that cannot be sent ends the stream: nobody waits for it", async () => {
    const target = await open({ filters: [await without("proxy_send_local_response")], upstreams: { app: {} } });
    const ask = (user: string) => target.request({ headers: { "x-user": user } });

    expect([(await ask("ann")).status, (await ask("ann")).status]).toEqual([200, 200]);
    await expect(ask("ann")).rejects.toThrow();
    expect((await ask("bob")).status).toBe(200);
  });
});
