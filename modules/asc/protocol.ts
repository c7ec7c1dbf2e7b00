/** What `worker.mjs` is given. Plain data: it crosses a thread. */
export interface CompileRequest {
  baseDir: string;
  /** Entry files, relative to `baseDir`. */
  entries: string[];
  /** Arguments of `asc`; `--outFile` names a key of `CompileReply.files`, nothing is written to disk. */
  flags: string[];
  /** Files that exist only in memory: path relative to `baseDir` -> text. */
  virtualFiles: Record<string, string>;
  /** Makes the exports of the entry follow what the program's classes override. */
  callbacks?: CallbackTable;
}

export interface CallbackTable {
  /** Internal path prefix of the SDK's sources. */
  sdk: string;
  /** Internal path of the SDK file that declares the exports. */
  exportsFile: string;
  /** Internal path of the generated entry. */
  entryFile: string;
  always: string[];
  byMethod: Record<string, string>;
  byImport: Record<string, string[]>;
}

export interface RawRange {
  start: number;
  end: number;
  /** asc's normalized path. */
  path: string;
  /** Where the file lies, relative to `baseDir`; absent for the standard library. */
  file?: string;
  text?: string | undefined;
}

export interface RawDiagnostic {
  code: number;
  /** 0 pedantic, 1 info, 2 warning, 3 error. */
  category: number;
  message: string;
  range: RawRange | null;
  relatedRange: RawRange | null;
}

/** A method of a class outside the SDK that answers a callback. */
export interface Override {
  callback: string;
  method: string;
  className: string;
}

export interface CompileReply {
  version: string;
  files: Record<string, Uint8Array | string>;
  /** Source files that were read, those of packages too; relative to `baseDir` or as asc asked for them. */
  read: string[];
  diagnostics: RawDiagnostic[];
  overrides: Override[];
  /** Exports that are needed and that this SDK does not have. */
  missing: string[];
  failure: string | null;
}
