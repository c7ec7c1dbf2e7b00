import { type FSWatcher, statSync, watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { StringDecoder } from "node:string_decoder";

/** Tells each line that is added to a file, also when the file does not exist yet. What is there already does not count. */
export class Follower {
  private readonly watcher: FSWatcher;
  private readonly decoder = new StringDecoder("utf8");
  private handle: FileHandle | undefined;
  private offset: number;
  private rest = "";
  private reading: Promise<void> = Promise.resolve();
  private queued = false;

  constructor(
    private readonly path: string,
    private readonly onLine: (line: string) => void,
  ) {
    this.offset = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    const name = basename(path);
    this.watcher = watch(dirname(path), (_, changed) => {
      if (changed === null || changed === name) this.look();
    });
    this.look();
  }

  /** Tells what is in the file by now: the system's word of a change can be late. */
  async flush(): Promise<void> {
    this.look();
    await this.reading;
  }

  /** Tells the last lines and lets the file go. */
  async stop(): Promise<void> {
    this.watcher.close();
    await this.flush();
    await this.handle?.close();
  }

  /** One read at a time; any number of events while it runs cause one more. */
  private look(): void {
    if (this.queued) return;
    this.queued = true;
    this.reading = this.reading.then(async () => {
      this.queued = false;
      await this.read();
    });
  }

  private async read(): Promise<void> {
    this.handle ??= await open(this.path).catch(() => undefined);
    if (!this.handle) return;
    // Written anew by somebody.
    if ((await this.handle.stat()).size < this.offset) this.offset = 0;
    const buffer = Buffer.alloc(65_536);
    for (;;) {
      const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, this.offset);
      if (bytesRead === 0) return;
      this.offset += bytesRead;
      const pieces = (this.rest + this.decoder.write(buffer.subarray(0, bytesRead))).split("\n");
      this.rest = pieces.pop() ?? "";
      for (const piece of pieces) this.onLine(piece);
    }
  }
}
