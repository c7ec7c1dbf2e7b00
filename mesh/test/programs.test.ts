import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../harness/expect/index.ts";
import { type ProgramEvent, type RunningMesh, openMesh } from "../run/index.ts";

let mesh: RunningMesh;
/** In which a program that is to stay down has a file. */
let folder: string;
const events: ProgramEvent[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshscript-programs-"));
  const program = fileURLToPath(new URL("fixtures/programs/stock.cjs", import.meta.url));
  const spec = (name: string) => ({ command: `'${process.execPath}' '${program}'`, env: { NAME: name, DOWN: join(folder, name) } });
  const applications = { "stock-1": spec("1"), "stock-2": spec("2") };
  mesh = await openMesh({ resources: STOCK, applications, onProgram: (event) => events.push(event) });
});
afterAll(async () => {
  await mesh?.stop();
  await rm(folder, { recursive: true, force: true });
});

const ask = () => mesh.from("client").request({ url: "http://stock:8080/" });
const answers = async () => new Set((await Promise.all(Array.from({ length: 20 }, ask))).map((each) => each.text()));

test("a program that has ended is called no more, and again when it is back", async () => {
  expect(await answers()).toEqual(new Set(["1", "2"]));
  await mesh.envoy("stock-1").request({ listener: "virtualInbound_8080", path: "/exit" });
  await eventually(() => expect(events.map(({ state }) => state)).toContain("ended"));
  expect(events[0]).toMatchObject({ workload: "stock-1", state: "ended", reason: "exit code 3", pause: 1000 });
  await eventually(async () => expect(await answers()).toEqual(new Set(["2"])));

  await rm(join(folder, "1"));
  await eventually(() => expect(events.map(({ state }) => state)).toEqual(["ended", "ready"]), { timeout: 10_000 });
  await eventually(async () => expect(await answers()).toEqual(new Set(["1", "2"])));
});

const workload = (name: string, app: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  template:
    metadata: { labels: { app: ${app} } }
    spec: { containers: [{ name: app, ports: [{ containerPort: 8080 }] }] }
---
`;

const STOCK = `${workload("client", "client")}${workload("stock-1", "stock")}${workload("stock-2", "stock")}apiVersion: v1
kind: Service
metadata: { name: stock }
spec:
  selector: { app: stock }
  ports: [{ name: http, port: 8080 }]
`;
