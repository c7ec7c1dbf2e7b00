import { openHost } from "../../../harness/host/index.ts";
import { chainOptions } from "../chain.ts";
import { probeModule } from "../module/build.ts";
import type { Open, Probe, Target } from "../types.ts";

/** The in-process host with the chain of a probe. Virtual time passes while something is awaited; what hangs waits for its timeout. */
export const hostTarget: Open = (probe, id) => openFor(probe, id, "wait");

/** The same, but what hangs fails. */
export const strictTarget: Open = (probe, id) => openFor(probe, id, "fail");

/** What hangs waits, and what would have crashed Envoy makes `stop` fail too. */
export const crashTarget: Open = (probe, id) => openFor(probe, id, "wait", false);

async function openFor(probe: Probe, id: string, onHang: "wait" | "fail", mayEnd = onHang === "wait"): Promise<Target> {
  const host = await openHost({ ...chainOptions(probe, id, await probeModule()), onHang, mayEnd });
  // An Envoy that has been up for a while: what begins at its start is over, a VM that fails may be loaded anew.
  host.advance("2s");
  /** As on Envoy: the canary and the base VM live on the main thread. */
  const lines = () => {
    const { wasm, envoy } = host.logs();
    const main = envoy.find((line) => line.component === "main")?.thread;
    return wasm.filter((line) => line.thread !== main && line.source !== "").map((line) => line.message);
  };
  return {
    request: (request) => host.request(request),
    connect: () => host.connect(),
    upstream: (name) => host.upstream(name),
    lines,
    async wait(enough) {
      if (!(await host.until(() => enough(lines())))) throw new Error(`the lines did not come:\n${lines().join("\n")}`);
    },
    async until(holds) {
      if (!(await host.until(holds))) throw new Error(`it did not become so:\n${lines().join("\n")}`);
    },
    accessLog: (count) => host.waitForAccessLog(count),
    update: (change) => host.update(change),
    stop: () => host.stop(),
  };
}
