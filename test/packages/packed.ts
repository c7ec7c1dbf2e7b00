import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { cacheDirectory, packageRoot } from "../../harness/provision/cache.ts";

export const root = packageRoot();
const run = promisify(execFile);

/** The tarballs as npm would publish them, by the package's name. */
export interface Packed {
  meshscript: string;
  "proxy-wasm-assemblyscript-sdk": string;
  "create-meshscript": string;
}

/** Packs the three packages into a folder. */
export async function pack(folder: string): Promise<Packed> {
  await mkdir(folder, { recursive: true });
  await run("npm", ["pack", "--workspaces", "--include-workspace-root", "--pack-destination", folder, "--loglevel=error"], { cwd: root });
  const files = await readdir(folder);
  const of = (name: string) => {
    const found = files.find((file) => file.startsWith(`${name}-`) && /^\d/.test(file.slice(name.length + 1)));
    if (found === undefined) throw new Error(`npm packed no ${name}: ${files.join(", ")}`);
    return path.join(folder, found);
  };
  return {
    meshscript: of("meshscript"),
    "proxy-wasm-assemblyscript-sdk": of("proxy-wasm-assemblyscript-sdk"),
    "create-meshscript": of("create-meshscript"),
  };
}

/** How long a command may be silent before that is a failure with what it did say. */
const PATIENCE_MS = 30_000;

/** A command that stays. */
export interface Staying {
  /** What comes on stdout or stderr and matches, behind what was seen before. */
  saw(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ctrl-C; the exit code. */
  stop(): Promise<number | null>;
  /** All that came. */
  text(): string;
}

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
    // A process group of its own: Ctrl-C goes to all of it.
    const child = spawn("sh", ["-c", command], {
      cwd: path.join(this.folder, cwd),
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let text = "";
    let wake: (error?: Error) => void = () => undefined;
    let over = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        wake();
      });
    }
    const ended = new Promise<number | null>((resolve) => {
      child.once("close", (code) => {
        over = true;
        wake();
        resolve(code);
      });
    });
    let seen = 0;
    return {
      async saw(pattern) {
        for (;;) {
          const match = pattern.exec(text.slice(seen));
          if (match) {
            seen += match.index + match[0].length;
            return match;
          }
          if (over) throw new Error(`${command} ended without ${String(pattern)}:\n${text}`);
          const late = setTimeout(() => wake(new Error(`${command} has not said ${String(pattern)}:\n${text}`)), PATIENCE_MS);
          await new Promise<void>((resolve, reject) => {
            wake = (error) => (error ? reject(error) : resolve());
          });
          clearTimeout(late);
        }
      },
      stop: () => {
        if (!over && child.pid !== undefined) process.kill(-child.pid, "SIGINT");
        return ended;
      },
      text: () => text,
    };
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

/** The program of another version of Node, from npm; undefined where npm has none for this machine. */
export async function nodeVersion(version: string): Promise<string | undefined> {
  if (process.versions.node.split(".")[0] === version.split(".")[0]) return process.execPath;
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const folder = path.join(cacheDirectory(), `node-${version}`);
  const program = path.join(folder, "node_modules", name, "bin/node");
  if (existsSync(program)) return program;
  await mkdir(folder, { recursive: true });
  await run("npm", ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", `${name}@${version}`]).catch(() => undefined);
  return existsSync(program) ? program : undefined;
}
