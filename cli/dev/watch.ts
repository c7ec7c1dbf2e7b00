import { readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { type FSWatcher, watch } from "chokidar";

/** Changes that came together: editors write several times, and a branch is switched in one go. */
export interface Change {
  /** Relative to the project, with forward slashes, in order of the alphabet. */
  files: string[];
  /** When the last of them was saved; milliseconds since 1970. */
  saved: number;
}

/**
 * How long it must be quiet: an editor that truncates and then writes has written by then. Longer than the 50 ms in which chokidar drops
 * further events of a file, or a second save would be lost.
 */
const QUIET_MS = 60;
/** A file that says it was saved earlier than this was moved here: what counts is when that was seen. */
const STALE_MS = 2_000;

/** Tells what changed in files and folders of a project: by content, so that a save without a change, or a touch, is none. */
export class Watch {
  /** Resolves when changes from now on are seen. */
  readonly ready: Promise<void>;
  private readonly watcher: FSWatcher;
  private readonly contents = new Map<string, string | undefined>();
  private readonly seen = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private wake: (() => void) | undefined;
  private closed = false;
  private seenAt = 0;

  private finishReady = () => {};

  /** @param paths files and folders, relative to the project; they need not be there, and may come back after they were gone */
  constructor(
    private readonly cwd: string,
    private readonly paths: readonly string[],
  ) {
    // From the project's folder down, so that what was removed is seen when it comes back: chokidar forgets a path of its own that is gone.
    this.watcher = watch(["."], {
      cwd,
      ignored: (path) => !this.wants(relative(cwd, path).replaceAll("\\", "/")),
      ignoreInitial: true,
      atomic: true,
    });
    this.ready = new Promise((resolve) => {
      this.finishReady = resolve;
      this.watcher.once("ready", () => resolve());
    });
    this.watcher.on("all", (event, path) => {
      if (/Dir$/.test(event)) return;
      this.seen.add(path.replaceAll("\\", "/"));
      this.seenAt = Date.now();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.wake?.(), QUIET_MS);
    });
  }

  /**
   * Watches these, too, those that are new to it as they were at a time.
   * @param asOf milliseconds since 1970; what was saved since is a change
   */
  know(files: Iterable<string>, asOf: number): void {
    for (const file of files) {
      if (this.contents.has(file)) continue;
      this.watcher.add(file);
      const changed = (statSync(join(this.cwd, file), { throwIfNoEntry: false })?.mtimeMs ?? 0) >= asOf;
      this.contents.set(file, changed ? undefined : this.read(file));
      if (changed) this.seen.add(file);
    }
  }

  /** The next change; undefined after `close()`. What changed while nobody waited is told at once. */
  async next(): Promise<Change | undefined> {
    for (;;) {
      const files = [...this.seen].filter((file) => this.read(file) !== this.contents.get(file)).sort();
      this.seen.clear();
      if (this.closed) return undefined;
      if (files.length > 0) {
        for (const file of files) this.contents.set(file, this.read(file));
        return { files, saved: this.savedAt(files) };
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    // Nobody waits for a watcher that was closed before it was ready.
    this.finishReady();
    clearTimeout(this.timer);
    this.wake?.();
    await this.watcher.close();
  }

  /** The paths, what is in them, and the folders that lead to them; what was added by `know` outside of them is watched as it is. */
  private wants(path: string): boolean {
    if (path === "" || this.contents.has(path)) return true;
    if (/(^|\/)(node_modules|\.git)(\/|$)|~$|\.sw[px]$/.test(path)) return false;
    return this.paths.some((wanted) => path === wanted || path.startsWith(`${wanted}/`) || wanted.startsWith(`${path}/`));
  }

  private savedAt(files: readonly string[]): number {
    const times = files.map((file) => statSync(join(this.cwd, file), { throwIfNoEntry: false })?.mtimeMs ?? 0);
    const latest = Math.max(...times);
    return latest > this.seenAt - STALE_MS && latest <= this.seenAt ? latest : this.seenAt;
  }

  private read(file: string): string | undefined {
    try {
      return readFileSync(join(this.cwd, file), "utf8");
    } catch {
      return undefined;
    }
  }
}
