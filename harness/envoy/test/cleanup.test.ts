import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../index.ts";
import { type RunDirectory, openRunDirectory } from "../run-directory.ts";
import { poll } from "../wait.ts";

/** A program that opens an Envoy, prints its process id, and then does not stop it. */
const program = (ending: string) => `
import { openEnvoy } from ${JSON.stringify(join(packageRoot(), "harness/index.ts"))};
const envoy = await openEnvoy({ upstreams: { app: {} } });
console.log(envoy.pid);
${ending}
`;

describe.runIf(process.platform === "linux")("Envoy ends with the Node process", () => {
  let directory: RunDirectory;
  beforeAll(async () => {
    directory = await openRunDirectory(undefined);
  });
  afterAll(() => directory.remove());

  async function start(name: string, ending: string): Promise<{ node: ChildProcess; envoy: number; exited: Promise<unknown> }> {
    const entry = join(directory.path, `${name}.ts`);
    const outfile = join(directory.path, `${name}.mjs`);
    await writeFile(entry, program(ending));
    const banner = { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' };
    await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", banner, logLevel: "error" });
    const node = spawn(process.execPath, [outfile], { stdio: ["ignore", "pipe", "ignore"], cwd: packageRoot(), detached: true });
    const exited = new Promise((resolve) => node.once("exit", resolve));
    const envoy = await new Promise<number>((resolve, reject) => {
      node.stdout?.once("data", (data: Buffer) => resolve(Number(data.toString())));
      exited.then(() => reject(new Error("ended before it said a process id"))).catch(() => undefined);
    });
    return { node, envoy, exited };
  }

  const gone = (pid: number) => poll(() => (existsSync(`/proc/${pid}`) ? undefined : true), { timeout: 5_000 });

  test("that is killed with -9, when nothing of ours can run", async () => {
    const { node, envoy, exited } = await start("killed", "setInterval(() => {}, 1000);");
    expect(existsSync(`/proc/${envoy}`)).toBe(true);
    node.kill("SIGKILL");
    await exited;
    expect(await gone(envoy)).toBe(true);
  });

  test("that gets Ctrl-C from the terminal", async () => {
    const { node, envoy, exited } = await start("interrupted", "setInterval(() => {}, 1000);");
    // As the terminal does it: to the whole foreground group.
    process.kill(-(node.pid ?? 0), "SIGINT");
    await exited;
    expect(await gone(envoy)).toBe(true);
  });

  test("that ends by an exception or by process.exit without stop()", async () => {
    for (const ending of ["throw new Error('crash');", "process.exit(0);"]) {
      const { envoy, exited } = await start("crashed", ending);
      await exited;
      expect(await gone(envoy)).toBe(true);
    }
  });

  test("and a process that stopped its Envoy ends by itself", async () => {
    const { envoy, exited } = await start("orderly", "await envoy.request(); await envoy.stop();");
    await exited;
    expect(existsSync(`/proc/${envoy}`)).toBe(false);
  });
});
