import { EventEmitter } from "node:events";

export interface OutputOptions {
  /** Who is it that speaks, for errors. */
  of?: string;
  /** Milliseconds that it may say nothing while it is waited for [any]. */
  patience?: number;
}

/** What a program has said so far, and a wait for what it will say. */
export class Output {
  stdout = "";
  stderr = "";
  /** Both as a terminal shows them, in their order. */
  all = "";
  private over = false;
  private readonly changed = new EventEmitter().setMaxListeners(0);
  private readonly places = { stdout: 0, stderr: 0, all: 0 };

  constructor(private readonly options: OutputOptions = {}) {}

  add(stream: "stdout" | "stderr", text: string): void {
    this[stream] += text;
    this.all += text;
    this.changed.emit("change");
  }

  /** Nothing more will come: who still waits has an error. */
  end(): void {
    this.over = true;
    this.changed.emit("change");
  }

  /** Resolves with what `find` finds, asked now and whenever something was said. */
  when<T>(pattern: RegExp, find: () => T | undefined | null): Promise<T> {
    const { of = "the program", patience } = this.options;
    return new Promise((resolve, reject) => {
      let late: NodeJS.Timeout | undefined;
      const done = (settle: () => void) => {
        clearTimeout(late);
        this.changed.off("change", look);
        settle();
      };
      const fail = (why: string) => done(() => reject(new Error(`${of} ${why} ${String(pattern)}:\n${this.all}`)));
      const look = () => {
        clearTimeout(late);
        const found = find();
        if (found) done(() => resolve(found));
        else if (this.over) fail("ended without");
        else if (patience !== undefined) late = setTimeout(() => fail("has not said"), patience);
      };
      this.changed.on("change", look);
      look();
    });
  }

  /** The next match in a stream, behind the last one that this gave. */
  next(stream: "stdout" | "stderr" | "all", pattern: RegExp): Promise<RegExpExecArray> {
    return this.when(pattern, () => {
      const match = pattern.exec(this[stream].slice(this.places[stream]));
      if (match) this.places[stream] += match.index + match[0].length;
      return match;
    });
  }
}
