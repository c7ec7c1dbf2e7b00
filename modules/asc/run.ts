import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import type { CompileReply, CompileRequest } from "./protocol.ts";

const workerUrl = pathToFileURL(path.join(packageRoot(), "modules", "asc", "worker.mjs"));
const slots = { free: Math.max(1, Math.min(4, os.availableParallelism())), waiting: [] as (() => void)[] };

/**
 * Runs asc once in a fresh thread, at most as many at a time as there are cores. Never throws for what the compiled program
 * does wrong; a compiler that crashes is a `failure` with its output.
 */
export async function runCompiler(request: CompileRequest): Promise<CompileReply> {
  if (slots.free > 0) slots.free--;
  else await new Promise<void>((resolve) => slots.waiting.push(resolve));
  try {
    return await inThread(request);
  } finally {
    const next = slots.waiting.shift();
    if (next) next();
    else slots.free++;
  }
}

function inThread(request: CompileRequest): Promise<CompileReply> {
  return new Promise((resolve) => {
    const { worker, output } = newThread(request);
    let reply: CompileReply | undefined;
    worker.on("message", (message: CompileReply) => {
      reply = message;
    });
    // asc ends the process when it crashes; in a thread that ends the thread, without a reply.
    worker.on("exit", (code) => resolve(reply ?? crashed(code, output.join(""))));
  });
}

/**
 * A compiler that stays for many runs, one after the other: the first costs about a second, the others a fifth of that, and the memory
 * stays what it was (100 runs seen). A thread that crashes is replaced for the next run.
 */
export class CompilerThread {
  private thread: ReturnType<typeof newThread> | undefined;
  private last: Promise<unknown> = Promise.resolve();

  readonly run = (request: CompileRequest): Promise<CompileReply> => {
    const result = this.last.then(() => this.once(request));
    this.last = result;
    return result;
  };

  async close(): Promise<void> {
    await this.thread?.worker.terminate();
    this.thread = undefined;
  }

  private once(request: CompileRequest): Promise<CompileReply> {
    this.thread ??= newThread();
    const { worker, output } = this.thread;
    return new Promise((resolve) => {
      const onReply = (reply: CompileReply) => {
        worker.off("exit", onExit);
        resolve(reply);
      };
      const onExit = (code: number) => {
        worker.off("message", onReply);
        this.thread = undefined;
        resolve(crashed(code, output.join("")));
      };
      worker.once("message", onReply);
      worker.once("exit", onExit);
      worker.postMessage(request);
    });
  }
}

/** With a request the thread ends after it. */
function newThread(request?: CompileRequest) {
  const output: string[] = [];
  // No inherited arguments: under a test runner's loader hooks the thread would load the runner's machinery as well.
  const worker = new Worker(workerUrl, { workerData: request, stdout: true, stderr: true, execArgv: [] });
  for (const stream of [worker.stdout, worker.stderr]) stream.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  worker.on("error", (error: unknown) => output.push(error instanceof Error ? (error.stack ?? error.message) : inspect(error)));
  return { worker, output };
}

function crashed(code: number, output: string): CompileReply {
  const text = output.trim();
  return {
    version: "",
    files: {},
    read: [],
    diagnostics: [],
    overrides: [],
    missing: [],
    failure: text === "" ? `the compiler's thread ended with code ${code}` : text,
  };
}

/** The folder of meshscript's package.json: this file may run from `modules/asc/` or from a chunk under `dist/`. */
function packageRoot(): string {
  let dir = path.dirname(fileURLToPath(import.meta.url));
  while (!isPackage(dir)) {
    const parent = path.dirname(dir);
    if (parent === dir) throw new Error("meshscript's package.json was not found above its code");
    dir = parent;
  }
  return dir;
}

function isPackage(dir: string): boolean {
  const file = path.join(dir, "package.json");
  return existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { name?: string }).name === "meshscript";
}
