import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Diagnostic, MeshscriptError, exitCodes } from "../../diagnostics/index.ts";
import { type Verdict, askEnvoy } from "../../harness/envoy/validate.ts";
import { type ConfigObject, type Provisioned, cacheDirectory, minimalModule } from "../../harness/index.ts";
import { inTemporaryFolder } from "../../harness/provision/cache.ts";
import type { Context } from "../command.ts";
import { toolsFor } from "../tools.ts";

export interface AskerOptions extends Pick<Context, "io" | "say"> {
  /** `--no-envoy` */
  never: boolean;
}

/** What Envoy says to a bootstrap: to a file as it is, or to an object, whose JSON has each field on a line of its own. */
export interface Asked extends Verdict {
  json?: string;
}

/** Envoy, for one run of `check`: found when it is first needed. */
export class Asker {
  /** Why there is no Envoy. */
  failure: readonly Diagnostic[] = [];
  private tools: Promise<Provisioned | undefined> | undefined;

  constructor(private readonly options: AskerOptions) {}

  /** How it is called in a summary; undefined when there is none to ask. */
  async name(): Promise<string | undefined> {
    const tools = await this.found();
    return tools && `Envoy ${tools.envoy.version}`;
  }

  /** @param work gets the function that asks, and the path of a module that takes every configuration; not called when there is no Envoy. */
  async session<T>(
    work: (ask: (config: string | ConfigObject) => Promise<Asked>, accepting: string) => Promise<T>,
  ): Promise<T | undefined> {
    const tools = await this.found();
    if (!tools) return undefined;
    const { cwd, env } = this.options.io;
    return inTemporaryFolder(cacheDirectory(env), async (folder) => {
      const accepting = join(folder, "accepting.wasm");
      await writeFile(accepting, minimalModule);
      const ask = async (config: string | ConfigObject): Promise<Asked> => {
        if (typeof config === "string") return askEnvoy(config, { tools, cwd });
        const json = JSON.stringify(config, null, 1);
        const file = join(folder, "envoy.json");
        await writeFile(file, json);
        return { ...(await askEnvoy(file, { tools, cwd })), json };
      };
      return work(ask, accepting);
    });
  }

  private found(): Promise<Provisioned | undefined> {
    this.tools ??= this.options.never ? Promise.resolve(undefined) : this.find();
    return this.tools;
  }

  private async find(): Promise<Provisioned | undefined> {
    try {
      return await toolsFor(this.options);
    } catch (error) {
      if (!(error instanceof MeshscriptError) || error.exitCode !== exitCodes.environment) throw error;
      this.failure = error.diagnostics;
      return undefined;
    }
  }
}
