/** A mistake of syntax: from `start` to `end` in the text. */
export interface JsonMistake {
  start: number;
  end: number;
  message: string;
}

/** Deeper than any reader goes; ours stops at 64. */
const DEEPEST = 500;

/**
 * The first mistake in a text that shall be JSON (RFC 8259), undefined when there is none. The YAML parser, which finds the places, takes
 * comments, bare words and commas at the end, and JSON.parse tells no place in some of its messages. A name twice is a mistake, too: modules
 * refuse it.
 */
export function jsonMistake(text: string): JsonMistake | undefined {
  try {
    new Reader(text).whole();
    return undefined;
  } catch (error) {
    if (error instanceof Stop) return error.mistake;
    throw error;
  }
}

class Stop extends Error {
  constructor(readonly mistake: JsonMistake) {
    super(mistake.message);
  }
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  whole(): void {
    if (this.text.startsWith("\uFEFF")) this.fail("a byte order mark in front of the JSON: save the file as UTF-8 without one");
    this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail("the JSON is at its end before this");
  }

  private value(depth: number): void {
    this.space();
    if (depth > DEEPEST) this.fail(`more than ${DEEPEST} levels`);
    const next = this.text[this.at];
    if (next === "{") this.object(depth);
    else if (next === "[") this.array(depth);
    else if (next === '"') this.string();
    else if (!this.take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y)) {
      this.fail(next === undefined ? "the JSON ends too early: a value is missing" : expected("a value", this.rest()));
    }
  }

  private object(depth: number): void {
    const names = new Set<string>();
    this.list("}", "the object", () => {
      const start = this.at;
      if (this.text[this.at] !== '"') this.fail(expected('a name in double quotes, or "}"', this.rest()));
      this.string();
      const name = this.text.slice(start, this.at);
      const decoded = JSON.parse(name) as string;
      if (names.has(decoded)) this.fail(`${name} is there twice`, start, this.at);
      names.add(decoded);
      this.space();
      if (this.text[this.at] !== ":") this.fail(`a colon after ${name} is missing`);
      this.at++;
      this.value(depth + 1);
    });
  }

  private array(depth: number): void {
    this.list("]", "the list", () => this.value(depth + 1));
  }

  private list(close: string, what: string, entry: () => void): void {
    const opened = this.at++;
    this.space();
    if (this.take(close === "}" ? /\}/y : /\]/y)) return;
    for (;;) {
      entry();
      this.space();
      const comma = this.at;
      if (this.take(close === "}" ? /\}/y : /\]/y)) return;
      if (this.at >= this.text.length) this.fail(`${what} that begins here has no end`, opened, opened + 1);
      if (!this.take(/,/y))
        this.fail(
          /^["\d{[tfn-]/.test(this.rest()) ? `a comma before ${this.word()} is missing` : expected(`a comma or "${close}"`, this.rest()),
        );
      this.space();
      if (this.text[this.at] === close) this.fail(`a comma in front of "${close}": JSON allows none there`, comma, comma + 1);
    }
  }

  private string(): void {
    const start = this.at;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has no control characters inside of texts -- this is where that is said
    if (!this.take(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*/y)) return;
    const next = this.text[this.at];
    if (next === '"') this.at++;
    else if (next === "\\") this.fail(`the escape ${this.text.slice(this.at, this.at + 2)} is none of JSON's`, this.at, this.at + 2);
    else if (next === undefined || next === "\n" || next === "\r") this.fail("the text that begins here has no end", start, start + 1);
    else this.fail("a control character inside of a text: write it as an escape, such as \\t", this.at, this.at + 1);
  }

  private space(): void {
    this.take(/[ \t\r\n]*/y);
    if (/^(?:\/\/|\/\*|#)/.test(this.rest())) this.fail("a comment: JSON has none");
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at += found[0].length;
    return found !== null;
  }

  private rest(): string {
    return this.text.slice(this.at, this.at + 40);
  }

  /** What stands here, as far as one would mark it. */
  private word(): string {
    return /^(?:"[^"\n]*"?|[^\s,:{}[\]"]+|[^\s])/.exec(this.rest())?.[0] ?? "";
  }

  private fail(message: string, start = this.at, end = start + Math.max(1, this.word().length)): never {
    throw new Stop({ start, end, message });
  }
}

function expected(what: string, rest: string): string {
  if (rest === "") return `the JSON ends too early: ${what} is missing`;
  if (rest.startsWith("'")) return "texts are in double quotes in JSON, not in single ones";
  const word = /^[\w$.+-]+/.exec(rest)?.[0];
  return `${what} is expected, not ${word ?? rest[0]}`;
}
