import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFailed } from "vitest";
import { scaffold } from "../../create-meshscript/scaffold.mjs";
import { type Running, type Setting, root, start } from "./support.ts";

/** A filter package as `meshscript new` makes it, in a folder of its own, with this repository's packages. */
export class DevProject {
  private constructor(readonly folder: string) {}

  static async open(name = "my-filter"): Promise<DevProject> {
    const parent = await mkdtemp(join(tmpdir(), "meshscript-dev-"));
    const folder = join(parent, name);
    scaffold({ folder, template: join(root, "create-meshscript/template"), examples: join(root, "examples") });
    await symlink(join(root, "node_modules"), join(folder, "node_modules"), "dir");
    return new DevProject(folder);
  }

  /** Replaces a part of a file, as an editor does that writes a new file and moves it over the old one or as one that writes in place. */
  async edit(file: string, part: string | RegExp, by: string): Promise<void> {
    const path = join(this.folder, file);
    const text = await readFile(path, "utf8");
    const next = text.replace(part, by);
    if (next === text) throw new Error(`${file} has no ${String(part)}`);
    await writeFile(path, next);
  }

  write(file: string, text: string): Promise<void> {
    return writeFile(join(this.folder, file), text);
  }

  copyTo(file: string, other: string): Promise<void> {
    return cp(join(this.folder, file), join(this.folder, other), { recursive: true });
  }

  dev(args: readonly string[] = [], setting: Setting = {}): Dev {
    return new Dev(start(["dev", "--port", "0", ...args], { cwd: this.folder, ...setting }));
  }

  async remove(): Promise<void> {
    await rm(join(this.folder, ".."), { recursive: true, force: true });
  }
}

/** A running `meshscript dev`. */
export class Dev {
  constructor(readonly running: Running) {
    // A wait that timed out does not say what came instead.
    onTestFailed(async () => void process.stderr.write((await this.stop()).stderr));
  }

  /** Where it listens, when it does. */
  async url(): Promise<string> {
    return (await this.running.saw(/main +(http:\/\/127\.0\.0\.1:\d+)/))[1] ?? "";
  }

  async adminUrl(): Promise<string> {
    return (await this.running.saw(/admin +(http:\/\/127\.0\.0\.1:\d+)/))[1] ?? "";
  }

  private seen = 0;

  /** The next whole line on stderr that matches, behind the last one that was told. */
  async line(pattern: RegExp): Promise<string> {
    const { match, end } = await this.running.sawBehind(this.seen, new RegExp(`^.*(?:${pattern.source}).*\\n`, "m"));
    this.seen = end;
    return match.trimEnd();
  }

  async stat(name: string): Promise<number> {
    const answer = (await (await fetch(`${await this.adminUrl()}/stats?format=json&filter=${encodeURIComponent(`^${name}$`)}`)).json()) as {
      stats: { value?: number }[];
    };
    return answer.stats[0]?.value ?? 0;
  }

  async stop() {
    this.running.signals.emit("SIGINT");
    return this.running.done;
  }
}
