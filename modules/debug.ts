import path from "node:path";
import { type Diagnostic, MeshscriptError } from "../diagnostics/index.ts";
import { debugFlags } from "./asc/flags.ts";
import { CompilerThread } from "./asc/run.ts";
import { compileEntry, existingEntry, failuresOf } from "./entry.ts";
import { verifyModule } from "./verify.ts";

/** A debug module in memory. */
export interface DebugModule {
  wasm: Uint8Array;
  sourceMap: string;
  warnings: Diagnostic[];
}

/** Builds debug modules again and again, in a compiler that stays warm: a fifth of a second instead of one or two. */
export class DebugCompiler {
  private readonly thread = new CompilerThread();
  /** The sources that the last run read, relative to the project, without those of packages. Also after a failure. */
  sources: readonly string[] = [];

  /** @param baseDir the project's folder */
  constructor(private readonly baseDir: string) {}

  /**
   * The same bytes as `NAME.debug.wasm` of {@link buildModule}, verified.
   * @throws MeshscriptError with one diagnostic per finding of the compiler or the verifier.
   */
  async compile(name: string, entryFile: string): Promise<DebugModule> {
    const baseDir = path.resolve(this.baseDir);
    const entry = existingEntry(baseDir, entryFile);
    const compiled = await compileEntry(baseDir, entry, `${name}.debug.wasm`, debugFlags, { run: this.thread.run });
    this.sources = compiled.read.filter((file) => !/(^|\/)node_modules\//.test(file));
    const failures = failuresOf(compiled);
    if (failures.length > 0) throw new MeshscriptError(failures);
    const { wasm = new Uint8Array(), sourceMap = "", overrides, diagnostics } = compiled;
    const used = [...new Set(overrides.map(({ callback }) => callback))];
    const errors = verifyModule(wasm, { overrides: used, file: `${name}.debug.wasm`, sourceMap }).filter(({ level }) => level === "error");
    if (errors.length > 0) throw new MeshscriptError(errors);
    return { wasm, sourceMap, warnings: diagnostics };
  }

  close(): Promise<void> {
    return this.thread.close();
  }
}
