import { type Machine, thisMachine } from "./machine.ts";
import { findPilot, installPilot } from "./pilot.ts";
import { findPrometheus, installPrometheus } from "./prometheus.ts";
import { findZipkin, installZipkin } from "./zipkin.ts";

export type { Found, Machine } from "./machine.ts";
export type { Prometheus } from "./prometheus.ts";
export type { Zipkin } from "./zipkin.ts";

const tools = [
  { name: "Prometheus", find: findPrometheus, install: installPrometheus },
  { name: "Zipkin", find: findZipkin, install: installZipkin },
  { name: "Pilot", find: findPilot, install: installPilot },
];

/** What there is on this machine; tests skip what is missing. */
export async function findTools(options?: Partial<Machine>) {
  const machine = await thisMachine(options);
  return { prometheus: await findPrometheus(machine), zipkin: await findZipkin(machine), pilot: await findPilot(machine) };
}

/**
 * `npm run setup:integrations`: finds or installs each tool.
 * @returns a line for each, and whether all are there
 */
export async function installTools(options?: Partial<Machine>): Promise<{ lines: string[]; ok: boolean }> {
  const machine = await thisMachine(options);
  const lines: string[] = [];
  let ok = true;
  for (const { name, find, install } of tools) {
    const reason = (await find(machine)) === undefined ? await install(machine) : undefined;
    const found = await find(machine);
    ok &&= found !== undefined;
    lines.push(
      found ? `${name} ${found.version} from ${found.source}: ${found.path}` : `no ${name}: ${reason ?? "what was installed does not run"}`,
    );
  }
  return { lines, ok };
}
