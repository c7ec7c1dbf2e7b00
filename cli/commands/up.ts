import { resolve } from "node:path";
import { MeshscriptError, exitCodes, render } from "../../diagnostics/index.ts";
import { type ProgramEvent, type RunningMesh, openMesh } from "../../harness/index.ts";
import { sumsOf } from "../../mesh/run/state.ts";
import type { Command, Context } from "../command.ts";
import { Watch } from "../dev/watch.ts";
import { usage } from "../parse.ts";
import { seconds, shortPath } from "../text.ts";
import { Announcement } from "../up/announce.ts";
import { below, commonFolder, refuseMistakes, resourceFiles } from "../up/files.ts";
import { applicationsOf, portsOf, stubsOf } from "../up/flags.ts";
import { rowsOf, tableOf } from "../up/table.ts";

/** `meshscript up`: a mesh on this machine. */
export const up: Command = {
  name: "up",
  summary: "run a mesh on this machine: an Envoy for each workload and gateway of Istio's YAML",
  description: [
    "For each Deployment, StatefulSet, DaemonSet or Pod an Envoy sidecar starts on loopback, with a certificate of the workload's service account, and for each gateway an Envoy. Services, ServiceEntries, VirtualServices, DestinationRules, Gateways, Sidecars, PeerAuthentications, AuthorizationPolicies, WasmPlugins, and the Gateway API's Gateways and routes mean what they mean to Istio; a Filter, of meshscript.io/v1alpha1, adds rate limits, faults or a module of your own. No cluster, no control plane, no root.",
    "Behind a sidecar is a stub that answers with what it received, a program (--app), or a port that is served already (--served). A program gets PORT, the address of each service of its namespace as Kubernetes gives it to a Pod (REVIEWS_SERVICE_HOST, REVIEWS_SERVICE_PORT), and http_proxy. It is started again when it ends, and is not called until it listens.",
    "Hosts outside are asked where their ServiceEntries say, or on this machine (--stub): by a server that is there, without TLS, or by a file. YAML is a list of answers, { method, path, status, headers, body, delay }, of which the first that fits counts; any other file is the body of every answer. Requests still take the way through the host's cluster, with its TLS.",
    "A saved file is in service a moment later, without a failed request. One with a mistake is shown with its place, and the mesh goes on as it was. Ctrl-C stops everything.",
  ],
  flags: {
    file: { type: "string", short: "f", value: "PATH", multiple: true, description: "file or folder of resources, YAML or JSON" },
    app: { type: "string", value: "NAME=COMMAND", multiple: true, description: "program to run as a workload's application" },
    served: { type: "string", value: "NAME=PORT", multiple: true, description: "port of 127.0.0.1 where a workload's application listens" },
    port: {
      type: "string",
      value: "SERVER=PORT",
      multiple: true,
      description: "port of 127.0.0.1 for a gateway's server",
      default: "a free one",
    },
    stub: {
      type: "string",
      value: "HOST=PORT|FILE",
      multiple: true,
      description: "who answers for a host outside: a port of 127.0.0.1, or a file of answers",
    },
    "allow-unsupported": { type: "boolean", description: "go on without what a mesh does not support yet, and say what that is" },
  },
  examples: [
    { title: "a folder of YAML, with stubs for applications", command: "meshscript up -f istio/" },
    { title: "offline: a file answers for a host outside", command: "meshscript up -f istio/ --stub www.googleapis.com=books.yaml" },
    { title: "the gateway's port 80 at 8080, and a program", command: "meshscript up -f istio/ --port 80=8080 --app 'web=node web.js'" },
  ],
  exits: {
    data: "a file of resources or answers cannot be read, or Envoy refuses what the resources lead to",
    environment: "Envoy is missing or did not start, or a program did not listen",
    findings: "a resource is wrong, or says what is not supported",
    interrupted: "Ctrl-C before the mesh was ready, or a second one",
  },
  stopsItself: true,
  async run(context) {
    const { flags, io, signal, say } = context;
    const paths = flags.texts("file");
    if (paths.length === 0)
      throw usage("MS0504", "up needs -f: a file or folder of resources", "write for example `meshscript up -f istio/`");
    const applications = applicationsOf(flags.texts("app"), flags.texts("served"), io.cwd);
    const ports = portsOf(flags.texts("port"));
    const stubs = stubsOf(flags.texts("stub"), io.cwd);
    const whole = (files: readonly string[]) => files.map((file) => resolve(io.cwd, file));
    const files: Files = {
      list: () => resourceFiles(paths, io.cwd),
      sums: (names) => sumsOf(whole(names)),
      read: async (names) => {
        await refuseMistakes(names, io.cwd);
        return whole(names);
      },
    };
    const folder = commonFolder(paths, io.cwd);
    const watch = new Watch(folder, below(folder, paths, io.cwd));
    signal.addEventListener("abort", () => void watch.close(), { once: true });
    try {
      await watch.ready;
      const asOf = Date.now();
      const names = files.list();
      const sums = await files.sums(names);
      const resources = await files.read(names);
      watch.know(below(folder, resources, io.cwd), asOf);
      const started = performance.now();
      await using mesh = await openMesh({
        resources,
        applications,
        ports,
        stubs,
        signal,
        allowUnsupported: flags.on("allow-unsupported"),
        onProgram: (event) => say(textOf(event)),
      });
      await using announcement = new Announcement(mesh, whole(paths));
      await announcement.tell(sums);
      const proxies = `${mesh.workloads.length} Envoys ready in ${seconds(performance.now() - started)}`;
      if (context.json) context.printJson({ workloads: rowsOf(mesh, applications) });
      else context.print(tableOf(rowsOf(mesh, applications)));
      tell(mesh, context);
      for (const [host, by] of Object.entries(stubs)) {
        say(`${host} is answered by ${typeof by === "number" ? `127.0.0.1:${by}` : shortPath(by, io.cwd)}`);
      }
      say(proxies);
      await follow(mesh, { watch, files, announcement }, context);
      say("stopping ...");
    } catch (error) {
      // What breaks because of Ctrl-C is no error.
      if (!signal.aborted) throw error;
      return exitCodes.interrupted;
    } finally {
      await watch.close();
    }
    say("stopped");
    return exitCodes.ok;
  },
};

function tell({ findings }: RunningMesh, { say, color }: Context): void {
  if (findings.length > 0) say(render(findings, { color: color.stderr }).trimEnd());
}

function textOf({ workload, state, reason, pause = 0, log }: ProgramEvent): string {
  if (state === "ready") return `${workload}: its program listens again`;
  return `${workload}: its program ended (${reason}), and is started again in ${seconds(pause)}; its output: ${log}`;
}

/** The files of -f, which can be others at each change. */
interface Files {
  /** As the user would write them. */
  list: () => string[];
  sums: (names: readonly string[]) => Promise<Record<string, string>>;
  /** Their paths, when nothing is wrong with them. */
  read: (names: readonly string[]) => Promise<string[]>;
}

interface Followed {
  watch: Watch;
  files: Files;
  announcement: Announcement;
}

/** Each change as it is saved, until Ctrl-C or until a proxy ends by itself. */
async function follow(mesh: RunningMesh, { watch, files, announcement }: Followed, context: Context): Promise<void> {
  const { say, signal, color } = context;
  const ended = Promise.race(mesh.workloads.map((id) => mesh.envoy(id).ended.then(() => "ended" as const)));
  for (;;) {
    const change = await Promise.race([watch.next(), ended]);
    if (change === undefined || signal.aborted) return;
    // Stopping tells which, and why.
    if (change === "ended") return;
    const began = performance.now();
    let sums = {};
    try {
      const names = files.list();
      // Before they are read: what is saved from then on is a change of its own.
      sums = await files.sums(names);
      await mesh.apply(await files.read(names));
      await announcement.tell(sums);
      tell(mesh, context);
      say(`${change.files.join(", ")}: in service after ${seconds(performance.now() - began)}`);
    } catch (error) {
      if (!(error instanceof MeshscriptError)) throw error;
      await announcement.tell(sums, error.diagnostics);
      say(`${render(error.diagnostics, { color: color.stderr }).trimEnd()}\nthe mesh goes on as it was`);
    }
  }
}
