import { type Diagnostic, MeshscriptError, exitCodes } from "../../diagnostics/index.ts";
import { verifyModule } from "../../modules/index.ts";
import { shortPath } from "../text.ts";
import type { Asker } from "./asker.ts";
import { type Filter, built } from "./filters.ts";
import { type Schema, loadSchema } from "./schema.ts";

/** What the checks of several files share: where they are done, Envoy, and what was read already. */
export class Workshop {
  private readonly schemas = new Map<string, Promise<Schema | Diagnostic>>();
  private readonly modules = new Map<string, readonly Diagnostic[]>();
  private readonly builds = new Map<string, Promise<readonly Diagnostic[]>>();
  private readonly told = new Set<string>();
  /** What is wrong with the machine, not with a file. */
  readonly troubles: Diagnostic[] = [];

  constructor(
    readonly cwd: string,
    readonly asker: Asker,
    /** `--no-envoy` */
    readonly withoutEnvoy: boolean,
    private readonly say: (line: string) => void,
  ) {}

  /** What a finding calls a file. */
  shown(path: string): string {
    return shortPath(path, this.cwd);
  }

  /** The schema, or a finding when there is one that cannot be used: the first time that somebody asks. */
  async schema(filter: string, file: string | undefined): Promise<{ schema?: Schema; findings: Diagnostic[] }> {
    if (file === undefined) return { findings: [] };
    const loading = this.schemas.get(file) ?? loadSchema(filter, file, this.shown(file));
    this.schemas.set(file, loading);
    const loaded = await loading;
    if (!("code" in loaded)) return { schema: loaded, findings: [] };
    const first = !this.told.has(file);
    this.told.add(file);
    return { findings: first ? [loaded] : [] };
  }

  /** What the verifier finds in a module. */
  verified(path: string): readonly Diagnostic[] {
    const known = this.modules.get(path) ?? verifyModule(path, { file: this.shown(path) });
    this.modules.set(path, known);
    return known;
  }

  /** Builds a filter whose sources changed. @returns what the compiler has against them */
  built(filter: Filter): Promise<readonly Diagnostic[]> {
    const building = this.builds.get(filter.module) ?? this.build(filter);
    this.builds.set(filter.module, building);
    return building;
  }

  /** Who judged a file, for its line in the summary. @param modules whether there was one to verify: Envoy, which loads it, speaks for it, too */
  async judges(schema: string | undefined, modules: boolean): Promise<string[]> {
    const envoy = await this.asker.name();
    const verifier = modules && envoy === undefined ? "verifier" : undefined;
    return [schema, verifier, envoy ?? "without Envoy"].filter((judge) => judge !== undefined);
  }

  private async build(filter: Filter): Promise<readonly Diagnostic[]> {
    try {
      for (const line of await built(filter)) this.say(line);
      return [];
    } catch (error) {
      if (!(error instanceof MeshscriptError)) throw error;
      if (error.exitCode !== exitCodes.environment) return error.diagnostics;
      this.troubles.push(...error.diagnostics);
      return [];
    }
  }
}
