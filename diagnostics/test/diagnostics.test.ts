import { readFile, readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import {
  type CodeEntry,
  type DiagnosticCode,
  MeshscriptError,
  diagnostic,
  errorIndex,
  errorPage,
  exitCodes,
  reasonOfErrno,
  registry,
  render,
  renderJson,
  wantsColor,
} from "../index.ts";

const codes = Object.keys(registry) as DiagnosticCode[];
const plain = { color: false };

describe("the registry", () => {
  test.each(codes)("%s has a title, a help and a page that is up to date", async (code) => {
    const entry: CodeEntry = registry[code];
    expect(code).toMatch(/^MS(0[1-9]|1[01])\d\d$/);
    expect(entry.title).toMatch(/^\S.*[^.!\s]$/);
    expect(entry.help).toMatch(/^\S.*[^.!\s]$/);
    expect(await readFile(`docs/errors/${code}.md`, "utf8")).toBe(errorPage(code));
  });

  test("has one page per code and an index of all", async () => {
    const files = (await readdir("docs/errors")).sort();
    expect(files).toEqual(["README.md", ...codes.map((code) => `${code}.md`)].sort());
    const index = await readFile("docs/errors/README.md", "utf8");
    expect(index).toBe(errorIndex());
    for (const code of codes) expect(index).toContain(`[${code}](${code}.md)`);
  });

  test("has examples that are what render() prints", () => {
    const { example } = registry.MS0102;
    const [first = ""] = example.split("\n");
    const message = first.replace("error MS0102: ", "");
    expect(render([diagnostic("MS0102", message)], plain).trimEnd()).toBe(example);
    const at = { file: "tracing.json", line: 2, column: 3, text: '  mode: "observe"' };
    const other = diagnostic("MS0101", 'no JSON: a name in double quotes, or "}" is expected, not mode', { location: at });
    expect(render([other], plain).trimEnd()).toBe(registry.MS0101.example);
  });

  test("gives exit codes by kind", () => {
    expect(new MeshscriptError(diagnostic("MS0501", "x")).exitCode).toBe(exitCodes.usage);
    expect(new MeshscriptError(diagnostic("MS0102", "x")).exitCode).toBe(exitCodes.data);
    expect(new MeshscriptError(diagnostic("MS0505", "x")).exitCode).toBe(exitCodes.environment);
    expect(new MeshscriptError(diagnostic("MS0500", "x")).exitCode).toBe(exitCodes.internal);
  });
});

describe("render", () => {
  const location = { file: "policy.yaml", line: 12, column: 15, length: 3, text: "    requests: ten" };

  test("shows place, line, caret, notes, help and page", () => {
    const text = render(
      [diagnostic("MS0406", 'requests must be a number, got "ten"', { location, notes: ["seen twice"], help: "write 10" })],
      plain,
    );
    expect(text).toBe(
      [
        'policy.yaml:12:15: error MS0406: requests must be a number, got "ten"',
        "   12 |     requests: ten",
        "      |               ^^^",
        "  seen twice",
        `${"help: write 10".padEnd(64)}docs/errors/MS0406.md`,
        "",
      ].join("\n"),
    );
  });

  test("keeps tabs in front of the caret", () => {
    const text = render([diagnostic("MS0406", "x", { location: { file: "a", line: 1, column: 3, text: "\t\tx" } })], plain);
    expect(text).toContain("\n      | \t\t^\n");
  });

  test("puts the page of a long help on a line of its own", () => {
    const lines = render([diagnostic("MS0406", "x", { help: "h".repeat(58) })], plain).split("\n");
    expect(lines.slice(1, 3)).toEqual([`help: ${"h".repeat(58)}`, "      docs/errors/MS0406.md"]);
  });

  test("sorts by place, caps at 20 and counts", () => {
    const many = Array.from({ length: 25 }, (_, i) => diagnostic("MS0406", `m${i}`, { location: { file: "f", line: 25 - i } }));
    const text = render([...many, diagnostic("MS0202", "w", { location: { file: "a" } })], plain);
    expect(text).toMatch(/^a: warning MS0202/);
    expect(text.indexOf("m24")).toBeLessThan(text.indexOf("m23"));
    expect(text).toContain("\n\n... and 6 more\n\n25 errors, 1 warning\n");
  });

  test("colours on demand only", () => {
    expect(render([diagnostic("MS0406", "x")], { color: true })).toContain("\u001b[31m");
    expect(render([diagnostic("MS0406", "x")], plain)).not.toContain("\u001b");
  });

  test("as JSON", () => {
    expect(JSON.parse(renderJson([diagnostic("MS0406", "x")]))).toMatchObject({
      apiVersion: "meshscript/v1",
      diagnostics: [{ code: "MS0406", level: "error" }],
    });
  });
});

test.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: "1" }, true, false],
  [{ NO_COLOR: "" }, true, true],
  [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
  [{ FORCE_COLOR: "1" }, false, true],
  [{ FORCE_COLOR: "" }, false, true],
  [{ FORCE_COLOR: "0" }, true, false],
  [{ TERM: "dumb" }, true, false],
])("colours with %j on a terminal (%s): %s", (env, isTTY, wanted) => {
  expect(wantsColor({ isTTY }, env)).toBe(wanted);
});

test("what the system says about a file is said in words, and only that", async () => {
  expect(reasonOfErrno(await readFile("no/such/file").catch((error: unknown) => error))).toBe("no such file");
  expect(reasonOfErrno(await readFile("docs").catch((error: unknown) => error))).toBe("it is a folder");
  expect(reasonOfErrno(await readFile("package.json/x").catch((error: unknown) => error))).toBe("a part of the path is a file");
  const denied = (syscall: string) => Object.assign(new Error("EACCES"), { code: "EACCES", syscall });
  expect([reasonOfErrno(denied("spawn /tmp")), reasonOfErrno(denied("open"))]).toEqual(["not executable", "no permission"]);
  expect([reasonOfErrno(new Error("other")), reasonOfErrno("ENOENT")]).toEqual([undefined, undefined]);
});
