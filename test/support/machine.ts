import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { cacheDirectory } from "../../harness/provision/cache.ts";
import type { Packed } from "./packed.ts";
import { Staying } from "./staying.ts";

const run = promisify(execFile);

/** How long a command may be silent before that is a failure with what it did say. */
const PATIENCE_MS = 120_000;

/** Somebody's machine: a folder that knows nothing of this repository, and a Node. */
export class Machine {
  private readonly env: NodeJS.ProcessEnv;

  /** @param node the program that `node` is there */
  constructor(
    readonly folder: string,
    readonly packed: Packed,
    node: string = process.execPath,
  ) {
    // npm's and vitest's own variables would tell the commands that they run in this repository.
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(npm_|VITEST|NODE_ENV$|NODE_OPTIONS$|INIT_CWD$|TEST$|FORCE_COLOR$)/i.test(name),
    );
    this.env = {
      ...Object.fromEntries(own),
      PATH: `${path.dirname(node)}${path.delimiter}${process.env["PATH"] ?? ""}`,
      NO_COLOR: "1",
      // What npm thinks of a machine's own settings is not what the commands say.
      npm_config_loglevel: "error",
      // Envoy is there already; a cache of its own would fetch it again.
      MESHSCRIPT_CACHE: cacheDirectory(),
    };
  }

  /** Runs a command line of the documentation; what npm would fetch from the registry comes from the tarballs. */
  async run(command: string, { cwd = "." }: { cwd?: string } = {}): Promise<string> {
    // Both streams as a terminal shows them, in their order.
    const { stdout } = await run("sh", ["-c", `{ ${this.local(command)}; } 2>&1`], {
      cwd: path.join(this.folder, cwd),
      env: this.env,
      maxBuffer: 1 << 26,
    }).catch((error: Error & { stdout: string }) => {
      throw new Error(`${command}: ${error.message}\n${error.stdout}`);
    });
    return stdout;
  }

  /** Starts a command that stays until it is stopped. */
  start(command: string, { cwd = "." }: { cwd?: string } = {}): Staying {
    return new Staying("sh", ["-c", command], { cwd: path.join(this.folder, cwd), env: this.env, of: command, patience: PATIENCE_MS });
  }

  /** The same command with what is not published yet taken from the tarballs. */
  private local(command: string): string {
    const create = /^npm create meshscript(?:@latest)? (\S+)(?: -- (.*))?$/.exec(command);
    if (create) return `npm exec --yes --package=${this.packed["create-meshscript"]} -- create-meshscript ${create[1]} ${create[2] ?? ""}`;
    if (command !== "npm install") return command;
    const { meshscript, "proxy-wasm-assemblyscript-sdk": sdk } = this.packed;
    return `npm install --no-audit --no-fund --prefer-offline --loglevel=error ${meshscript} ${sdk}`;
  }
}
