import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { MeshscriptError, diagnostic } from "../../../diagnostics/index.ts";
import type { Authority } from "../../../harness/identities/types.ts";
import { writeAtomically } from "../../../harness/provision/cache.ts";
import type { Upstream } from "../../../harness/upstreams/upstream.ts";
import type { Mesh } from "../../model/mesh.ts";
import { type LocalHosts, namesAsked } from "../../model/outside.ts";
import { notThere } from "../find.ts";
import { VALID_FOR } from "../options.ts";
import { type HostStub, type HostStubSpec, hostStub } from "./host-stub.ts";

const FOLDER = "stubs";
const ROOTS = "roots.pem";

/** What answers for hosts outside, as long as a mesh runs. */
export class HostStubs {
  private readonly presented = new Map<string, string>();

  private constructor(
    private readonly stubs: ReadonlyMap<string, HostStub>,
    private readonly authority: Authority,
    /** What a mesh is compiled with. */
    readonly local: LocalHosts,
  ) {}

  /** @throws MeshscriptError MS1107 for a file of answers that is none */
  static async open(specs: Readonly<Record<string, HostStubSpec>>, authority: Authority): Promise<HostStubs> {
    // All files are read before anything listens.
    const made = Object.entries(specs).map(async ([host, spec]) => [host.toLowerCase(), await hostStub(host, spec)] as const);
    const stubs = new Map(await Promise.all(made));
    const ports = new Map<string, number>();
    for (const [host, stub] of stubs) ports.set(host, await stub.open());
    return new HostStubs(stubs, authority, { ports, roots: `../${FOLDER}/${ROOTS}` });
  }

  /** Where proxies look for whom the certificates are of: once, before they start. @param runDir of the mesh */
  async writeRoots(runDir: string): Promise<void> {
    if (this.stubs.size === 0) return;
    await mkdir(join(runDir, FOLDER), { recursive: true, mode: 0o700 });
    await writeAtomically(join(runDir, FOLDER, ROOTS), this.authority.trustBundle);
  }

  /** @throws MeshscriptError MS1108 for a host that no ServiceEntry has */
  check(mesh: Mesh): void {
    const outside = new Set(mesh.services.filter(({ entry }) => entry).map(({ host }) => host));
    const unknown = [...this.stubs.keys()].filter((host) => !outside.has(host));
    if (unknown.length === 0) return;
    const help = `hosts outside: ${[...outside].sort().join(", ") || "none: a ServiceEntry makes a host known"}`;
    throw new MeshscriptError(
      unknown.map((host) => diagnostic("MS1108", `no ServiceEntry has the host ${JSON.stringify(host)}`, { help })),
    );
  }

  /** Gives each the certificate that the mesh asks it for: of its host, and of what ServiceEntries and DestinationRules say instead. */
  async certify(mesh: Mesh): Promise<void> {
    for (const [host, stub] of this.stubs) {
      const names = namesOf(host, mesh);
      if (this.presented.get(host) === names.join()) continue;
      const isUri = (name: string) => name.includes("://");
      const uriSans = names.filter(isUri);
      const dnsSans = names.filter((name) => !isUri(name));
      stub.present(await this.authority.issue({ dnsSans, uriSans, validFor: VALID_FOR }));
      this.presented.set(host, names.join());
    }
  }

  /** What a host received. @throws MeshscriptError MS0407 for one that has no stub, or is answered by somebody else */
  upstream(host: string): Upstream {
    const upstream = this.stubs.get(host.toLowerCase())?.upstream;
    if (upstream) return upstream;
    const known = [...this.stubs].filter(([, stub]) => stub.upstream).map(([name]) => name);
    throw notThere("stub of the host", host, known);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.stubs.values()].map((stub) => stub.stop()));
  }
}

function namesOf(host: string, mesh: Mesh): string[] {
  const services = mesh.services.filter((each) => each.host === host);
  const rules = services.flatMap((service) => mesh.workloads.flatMap((workload) => mesh.rule(service, workload) ?? []));
  const others = [...services.flatMap(({ subjectAltNames }) => subjectAltNames), ...rules.flatMap(namesAsked)];
  return [...new Set([host, ...others])].sort();
}
