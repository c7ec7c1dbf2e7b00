import { openRunDirectory } from "../../harness/envoy/run-directory.ts";
import { createAuthority } from "../../harness/identities/authority.ts";
import { type CompiledMesh, compile } from "../compile.ts";
import { TRUST_DOMAIN } from "../model/mesh.ts";
import { compileOptions } from "./compile-options.ts";
import { judge, refuseMistakes } from "./judge.ts";
import { refuseMissingModules } from "./modules.ts";
import { type MeshOptions, VALID_FOR } from "./options.ts";
import { HostStubs } from "./outside/host-stubs.ts";
import { readResources } from "./resources.ts";
import { RunningMesh } from "./running-mesh.ts";

/**
 * Starts a mesh: for each workload an application and an Envoy beside it, for each gateway an Envoy, all on loopback, with certificates of an
 * authority of its own. Resolves when all of them serve and know each other.
 *
 * @throws MeshscriptError for resources that cannot be read, MS0914 and MS0915 for what is no resource by its schema, MS1001 for what is not supported, MS1004 for modules that are not there, MS1107 and MS1108 for stubs, and what `openEnvoy` throws.
 * @example
 * await using mesh = await openMesh({ resources: "bookinfo/" });
 * const answer = await mesh.from("productpage").request({ url: "http://reviews:9080/reviews/1" });
 */
export async function openMesh(options: MeshOptions): Promise<RunningMesh> {
  const resources = await readResources(options.resources);
  await refuseMistakes(resources);
  const findings = judge(resources, options.allowUnsupported ?? false);
  const authority = await createAuthority({ trustDomain: TRUST_DOMAIN, validFor: VALID_FOR });
  const stubs = await HostStubs.open(options.stubs ?? {}, authority);
  const compiled = await compiledWith(stubs).catch(async (error: unknown) => {
    await stubs.stop();
    throw error;
  });
  const directory = await openRunDirectory(undefined);
  const mesh = new RunningMesh(compiled, findings, options, directory, authority, stubs);
  try {
    await mesh.start();
    return mesh;
  } catch (error) {
    // For a look at what was written and logged; nobody wants one who has stopped it himself.
    if (!options.signal?.aborted) directory.keep();
    await mesh.stop().catch(() => undefined);
    throw error;
  }

  async function compiledWith(all: HostStubs): Promise<CompiledMesh> {
    const made = compile(resources, compileOptions(options, all.local));
    all.check(made.mesh);
    await refuseMissingModules(made.mesh.extensions);
    return made;
  }
}
