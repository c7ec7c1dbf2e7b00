import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Exec, ExecResult } from "../../harness/index.ts";
import { findTools, installTools } from "./tools/index.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "integrations-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const ok = (stdout = ""): ExecResult => ({ code: 0, stdout, stderr: "" });

async function executable(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, "#!/bin/sh\n");
  await chmod(path, 0o755);
}

/** A machine with these programs on PATH, and what they do. */
async function machine(programs: readonly string[], does: (command: string, args: readonly string[], cwd: string) => Promise<ExecResult>) {
  for (const program of programs) await executable(join(root, "bin", program));
  const ran: string[] = [];
  const exec: Exec = (command, args, { cwd = "" } = {}) => {
    const name = command.slice(command.lastIndexOf("/") + 1);
    ran.push([name, ...args.filter((one) => !one.startsWith("-D"))].join(" "));
    return does(name, args, cwd);
  };
  const options = {
    env: { PATH: join(root, "bin") },
    platform: "linux" as const,
    folder: join(root, "cache"),
    exec,
    progress: () => undefined,
  };
  return { ran, options, folder: options.folder };
}

const VERSIONS: Record<string, ExecResult> = {
  prometheus: ok("prometheus, version 2.53.1 (branch: HEAD)"),
  java: { code: 0, stdout: "", stderr: 'openjdk version "21.0.2" 2024-01-16' },
};
const answers = async (name: string) => VERSIONS[name] ?? { code: 1, stdout: "", stderr: `error: ${name} failed` };

describe("Prometheus", () => {
  test("on PATH is taken, with the promtool beside it", async () => {
    const { options, ran } = await machine(["prometheus", "promtool"], answers);
    const { lines } = await installTools(options);
    expect(lines[0]).toBe(`Prometheus 2.53.1 from PATH: ${join(root, "bin/prometheus")}`);
    expect(ran.filter((line) => line.startsWith("apt-get"))).toEqual([]);
  });

  test("is taken out of Debian's package, once", async () => {
    const { options, ran, folder } = await machine(["apt-get", "dpkg-deb"], async (name, args, cwd) => {
      if (name === "apt-get") await writeFile(join(cwd, "prometheus_2.53.1_amd64.deb"), "");
      else if (name !== "dpkg-deb") return answers(name);
      else for (const binary of ["prometheus", "promtool"]) await executable(join(args[2] ?? "", "usr/bin", binary));
      return ok();
    });
    for (let n = 0; n < 2; n++) expect((await installTools(options)).lines[0]).toMatch(/^Prometheus 2\.53\.1 from cache: /);
    expect(ran.filter((line) => line.startsWith("apt-get"))).toEqual(["apt-get -q download prometheus"]);
    expect((await findTools(options)).prometheus).toMatchObject({ version: "2.53.1", promtool: join(folder, "prometheus/promtool") });
    expect((await readdir(folder)).filter((name) => name.startsWith("tmp-"))).toEqual([]);
  });

  test("that cannot be had is a line that says what to do", async () => {
    const { options } = await machine([], answers);
    const first = async (more: object) => (await installTools({ ...options, ...more })).lines[0];
    expect(await first({})).toMatch(/^no Prometheus: there is no apt-get: install prometheus as your system does it/);
    expect(await first({ platform: "darwin" })).toBe("no Prometheus: `brew install prometheus` brings it");
    const { options: offline } = await machine(["apt-get", "dpkg-deb"], answers);
    expect((await installTools(offline)).lines[0]).toBe(
      "no Prometheus: apt-get download prometheus: error: apt-get failed; `apt-get update` as root may help",
    );
  });
});

describe("Zipkin", () => {
  test("needs a Java that is new enough, and Maven", async () => {
    const second = async (programs: string[], java?: string) => {
      const stderr = `openjdk version "${java}"`;
      const { options } = await machine(programs, async (name) => (name === "java" ? { code: 0, stdout: "", stderr } : answers(name)));
      return (await installTools(options)).lines[1];
    };
    expect(await second([])).toBe("no Zipkin: there is no java on PATH: Zipkin needs Java 17");
    expect(await second(["java"], "11.0.2")).toBe("no Zipkin: java on PATH is version 11: Zipkin needs 17");
    expect(await second(["java"], "17.0.1")).toBe("no Zipkin: there is no mvn on PATH: Maven brings it");
  });

  test("of another sum is thrown away", async () => {
    const { options, folder } = await machine(["java", "mvn"], async (name, args) => {
      if (name !== "mvn") return answers(name);
      const target = args.find((one) => one.startsWith("-DoutputDirectory="))?.split("=")[1] ?? "";
      await writeFile(join(target, "zipkin-server-3.6.1-exec.jar"), "something else");
      return ok();
    });
    const { lines, ok: all } = await installTools(options);
    const sum = createHash("sha256").update("something else").digest("hex");
    expect([all, lines[1]]).toEqual([false, expect.stringContaining(`has the sha256 ${sum}, and not `)]);
    expect((await findTools(options)).zipkin).toBeUndefined();
    expect((await readdir(folder)).sort()).toEqual([]);
  });
});

describe("Pilot", () => {
  test("needs Go", async () => {
    const { options } = await machine([], answers);
    expect((await installTools(options)).lines[2]).toBe("no Pilot: there is no go on PATH: Go 1.26 or newer builds it");
    const { options: old } = await machine(["go"], async () => ({ code: 1, stdout: "", stderr: "go: go.mod requires go >= 1.26.0\n" }));
    expect((await installTools(old)).lines[2]).toBe("no Pilot: go build: go: go.mod requires go >= 1.26.0");
  });

  test("is built once of the sources as they are, which stay as they are", async () => {
    const { options, ran, folder } = await machine(["go"], async (name, args, cwd) => {
      if (name !== "go") return answers(name);
      expect(await readdir(cwd)).toEqual(expect.arrayContaining(["go.mod", "main.go"]));
      await writeFile(join(cwd, "go.sum"), "");
      await executable(join(cwd, args[args.indexOf("-o") + 1] ?? ""));
      return ok();
    });
    await executable(join(folder, "pilot/pilot-of-former-sources"));
    for (let n = 0; n < 2; n++) expect((await installTools(options)).lines[2]).toMatch(/^Pilot v0\.0\.0-\S+ from cache: /);
    expect(ran.filter((line) => line.startsWith("go build"))).toHaveLength(1);
    const built = await readdir(join(folder, "pilot"));
    expect(built).toEqual([expect.stringMatching(/^pilot-[0-9a-f]{16}$/)]);
    expect((await findTools(options)).pilot?.path).toBe(join(folder, "pilot", built[0] ?? ""));
    expect((await readdir(folder)).filter((name) => name.startsWith("tmp-"))).toEqual([]);
  });
});
