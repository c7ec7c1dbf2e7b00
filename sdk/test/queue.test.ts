import { expect, test } from "vitest";
import { eventually, onBothHosts } from "../../harness/expect/index.ts";
import { fixtureModule } from "./support.ts";

onBothHosts((open) => {
  const plugin = async (name: string, vmId: string, config: Record<string, unknown>) => ({
    name,
    vmId,
    rootId: "queue",
    wasm: await fixtureModule(),
    config,
  });
  const lines = (target: Awaited<ReturnType<typeof open>>) =>
    target
      .logs()
      .wasm.map(({ message }) => message)
      .filter((message) => /^took|^then/.test(message));
  const item = (...items: string[]) => ({ headers: items.map((value) => ["x-item", value] as [string, string]) });

  test("what one VM puts in, another takes out, in order, empty items too, and is told once for each", async () => {
    const consumer = await plugin("consumer", "queues.consumer", { queue: "work", consume: true });
    const producer = await plugin("producer", "queues.producer", { queue: "work", vm: "queues.consumer" });
    const target = await open({ filters: [producer, consumer], upstreams: { app: {} }, componentLogLevel: "wasm:info" });

    expect((await target.request(item("one", "", "three"))).text()).toBe("000");

    await eventually(() => expect(lines(target)).toHaveLength(6));
    expect(lines(target)).toEqual(["took [one]", "took []", "took [three]", "then 7 after 3", "then 7 after 0", "then 7 after 0"]);
    expect((await target.request(item("four"))).text()).toBe("0");
    await eventually(() => expect(lines(target).slice(6)).toEqual(["took [four]", "then 7 after 1"]));
  });

  test("within one VM the vm_id need not be said", async () => {
    const both = await plugin("both", "queues.both", { queue: "own", consume: true });
    const target = await open({ filters: [both], upstreams: { app: {} }, componentLogLevel: "wasm:info" });
    expect((await target.request(item("mine"))).text()).toBe("0");
    await eventually(() => expect(lines(target)).toEqual(["took [mine]", "then 7 after 1"]));
  });

  test("a queue that nobody registered, or of another vm_id, is not found", async () => {
    const other = await plugin("other", "queues.other", { queue: "work", consume: true });
    const lost = await plugin("lost", "queues.lost", { queue: "work" });
    const target = await open({ filters: [lost, other], upstreams: { app: {} } });
    const answer = await target.request(item("for nobody"));
    expect([answer.status, answer.text()]).toEqual([404, "1"]);
    expect((await target.request({})).status).toBe(200);
  });
});
