import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../harness/index.ts";

/** A started `npm start`, without npm. */
export interface Running {
  child: ChildProcess;
  /** Exit code, and the whole output, when it has ended. */
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Resolves when the output so far matches. */
  until: (stream: "stdout" | "stderr", pattern: RegExp) => Promise<string>;
  /** As the terminal does it: to the whole foreground group. */
  interrupt: () => void;
  /** Command lines of processes that it started and that live, whoever their parent is now. Linux only. */
  leftovers: () => string[];
}

const MARK = "MESHSCRIPT_DEMO_TEST";

const running = new Set<ChildProcess>();

/** Kills what a failed test left running; the harness's reaper then ends its Envoys. */
export function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

export function start(...args: string[]): Running {
  const mark = randomBytes(8).toString("hex");
  const child = spawn(process.execPath, ["scripts/start.mjs", ...args], {
    cwd: packageRoot(),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    // Inherited by all that it starts, whatever becomes of its parents.
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, [MARK]: mark },
  });
  running.add(child);
  const output = { stdout: "", stderr: "" };
  let changed: () => void = () => undefined;
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      changed();
    });
  }
  const ended = new Promise<Awaited<Running["ended"]>>((resolve) =>
    child.on("close", (code) => {
      running.delete(child);
      resolve({ code, ...output });
    }),
  );
  const until: Running["until"] = (stream, pattern) =>
    new Promise((resolve, reject) => {
      changed = () => {
        if (pattern.test(output[stream])) resolve(output[stream]);
      };
      changed();
      ended
        .then(({ code, stderr }) => reject(new Error(`ended with ${code} before it said ${pattern}:\n${stderr}`)))
        .catch(() => undefined);
    });
  const interrupt = () => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGINT");
  };
  return { child, ended, until, interrupt, leftovers: () => processesWith(`${MARK}=${mark}`) };
}

function processesWith(variable: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (
          !readFileSync(join("/proc", pid, "environ"), "latin1")
            .split("\0")
            .includes(variable)
        )
          return [];
        return [
          `${pid} ${readFileSync(join("/proc", pid, "cmdline"), "latin1")
            .replaceAll("\0", " ")
            .trim()}`,
        ];
      } catch {
        // It ended meanwhile, or is not ours.
        return [];
      }
    });
}
