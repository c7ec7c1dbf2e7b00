import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { allCommands } from "../commands.ts";
import { parse } from "../parse.ts";
import { cli } from "./support.ts";

const commands = await allCommands();

/** Every way to call it wrongly: command line, exit code, first line on stderr. */
const wrong: [argv: string[], code: number, line: string][] = [
  [["docter"], 64, 'error MS0501: unknown command "docter", did you mean "doctor"?'],
  [["frobnicate"], 64, 'error MS0501: unknown command "frobnicate"'],
  [["doctor", "--josn"], 64, "error MS0502: unknown flag --josn, did you mean --json?"],
  [["run", "--fliter", "tracing"], 64, "error MS0502: unknown flag --fliter, did you mean --filter?"],
  [["run", "-c", "x.yaml", "-l", "debug"], 64, "error MS0502: unknown flag -l"],
  [["--constructor"], 64, "error MS0502: unknown flag --constructor"],
  [["run", "--filter"], 64, "error MS0503: --filter needs a value: NAME[=CONFIG]"],
  [["run", "--filter", "--validate"], 64, "error MS0503: --filter needs a value: NAME[=CONFIG]"],
  [["run", "--validate=yes", "-c", "x"], 64, 'error MS0503: --validate takes no value, got "yes"'],
  [["doctor", "--color", "pink"], 64, 'error MS0503: --color must be one of auto, always, never, got "pink"'],
  [["doctor", "-o", "xml"], 64, 'error MS0503: -o must be one of table, json, got "xml"'],
  [["doctor", "now"], 64, 'error MS0504: doctor takes no arguments, got "now"'],
  [["doctor", "--", "now"], 64, 'error MS0504: doctor takes no arguments, got "now"'],
  [["verify"], 64, "error MS0504: verify needs FILE.wasm..."],
  [["run"], 64, "error MS0504: run needs --config or --filter"],
  [
    ["run", "-c", "x.yaml", "--filter", "tracing"],
    64,
    "error MS0504: --config is a whole configuration and cannot be combined with --filter",
  ],
  [
    ["run", "--filter", fileURLToPath(new URL("../../examples/tcp-limit/build/tcp-limit.wasm", import.meta.url))],
    64,
    "error MS0504: tcp-limit is a network filter, for TCP: `--filter` and `dev` are for HTTP filters",
  ],
  [["run", "-c", "x.yaml", "--port", "1"], 64, "error MS0504: --port goes with --filter; with --config the file decides"],
  [["run", "--filter", "tracing", "--port", "99999"], 64, 'error MS0503: --port must be 0 to 65535, got "99999"'],
  [["run", "--filter", "tracing", "--upstream", "8080"], 64, 'error MS0503: --upstream must be host:port, got "8080"'],
  [["run", "--filter", "tracing", "--upstream", "https://a:443"], 64, 'error MS0503: --upstream must be host:port, got "https://a:443"'],
  [["run", "--filter", "tracin"], 64, 'error MS0506: unknown filter "tracin" (there is no build/tracin.wasm), did you mean "tracing"?'],
  [["run", "--filter", "./no.wasm"], 64, "error MS0506: no such module: ./no.wasm"],
  [["run", "--filter", "tracing", "--", "--mode", "validate"], 64, "error MS0503: --mode is set by meshscript itself"],
  [["run", "--filter", "tracing", "--", "--concurrency", "two"], 64, 'error MS0503: --concurrency must be a whole number, got "two"'],
  [
    ["build", "--filter", "nope"],
    64,
    'error MS0506: unknown filter "nope" (neither the package nor a folder in filters/ has that name and an assembly/index.ts)',
  ],
  [
    ["run", "--filter", "tracing={mode"],
    65,
    '--filter tracing:1:2: error MS0101: no JSON: a name in double quotes, or "}" is expected, not mode',
  ],
  [["run", "--filter", "tracing=no.json"], 65, "error MS0101: the configuration of tracing cannot be read: no.json: no such file"],
  [["run", "-c", "no.yaml"], 65, "no.yaml: error MS0406: the configuration cannot be read: no such file"],
  [["run", "-c", "cli"], 65, "cli: error MS0406: the configuration cannot be read: it is a folder"],
  [["run", "-c", "cli/test/fixtures/empty.yaml"], 65, "empty.yaml: error MS0406: the file is empty"],
  [["verify", "no.wasm"], 65, "no.wasm: error MS0205: no.wasm cannot be read: no such file"],
  [["verify", "cli"], 65, "cli: error MS0205: cli cannot be read: it is a folder"],
];

describe.each(wrong)("meshscript %j", (argv, code, line) => {
  test(`exits ${code} with one clear line`, async () => {
    const ran = await cli(argv);
    expect(ran.code).toBe(code);
    expect(ran.stdout).toBe("");
    const [first = "", ...more] = ran.stderr.trimEnd().split("\n");
    expect(first.replaceAll(`${process.cwd()}/`, "")).toContain(line);
    expect(ran.stderr).not.toMatch(/COMMAND|E[A-Z]{4,}\b/);
    expect(more.at(-1)).toMatch(/docs\/errors\/MS\d{4}\.md$/);
  });

  test("answers in JSON", async () => {
    const dashes = argv.indexOf("--");
    const at = dashes < 0 ? argv.length : dashes;
    const ran = await cli([...argv.slice(0, at), "--json", ...argv.slice(at)]);
    // `--filter --json` is still a flag without a value.
    expect(ran).toMatchObject({ code, stderr: "" });
    expect(JSON.parse(ran.stdout)).toMatchObject({
      apiVersion: "meshscript/v1",
      success: false,
      exitCode: code,
      diagnostics: [{ code: /MS\d{4}/.exec(line)?.[0] }],
    });
  });
});

test("an unexpected error is a fault of meshscript: exit 70, the stack, please report", async () => {
  const command = commands.find(({ name }) => name === "verify");
  const before = command?.run;
  if (!command || !before) throw new Error("no verify");
  command.run = () => Promise.reject(new TypeError("what was that"));
  try {
    const text = await cli(["verify", "x.wasm"]);
    expect(text.code).toBe(70);
    expect(text.stderr).toMatch(/^error MS0500: TypeError: what was that\n {2}at .*\n[\s\S]*please report it[\s\S]*MS0500\.md\n$/);
    const data = await cli(["verify", "x.wasm", "--json"]);
    expect(JSON.parse(data.stdout)).toMatchObject({ success: false, exitCode: 70, diagnostics: [{ code: "MS0500" }] });
  } finally {
    command.run = before;
  }
});

test("colours follow --color, NO_COLOR, FORCE_COLOR and the terminal", async () => {
  const colored = async (argv: string[], env: Record<string, string>, isTTY = false) =>
    (await cli(argv, { env, isTTY })).stderr.includes("\u001b[");
  const verify = ["verify", "no.wasm"];
  const none = { NO_COLOR: "", TERM: "xterm" };
  expect(await colored(verify, none)).toBe(false);
  expect(await colored(verify, none, true)).toBe(true);
  expect(await colored(verify, { ...none, TERM: "dumb" }, true)).toBe(false);
  expect(await colored(verify, { NO_COLOR: "1" }, true)).toBe(false);
  expect(await colored(verify, { ...none, FORCE_COLOR: "1" })).toBe(true);
  expect(await colored([...verify, "--color", "always"], { NO_COLOR: "1" })).toBe(true);
  expect(await colored(["--color", "never", ...verify], none, true)).toBe(false);
});

test("flags may stand before the command, values with =, rest after --", () => {
  const { command, flags, rest, positionals } = parse(
    ["--color=never", "run", "-cx.yaml", "--filter=a={}", "-f", "b", "--", "-l", "debug"],
    commands,
  );
  expect(command?.name).toBe("run");
  expect([flags.text("config"), flags.texts("filter"), flags.text("color")]).toEqual(["x.yaml", ["a={}", "b"], "never"]);
  expect([positionals, rest]).toEqual([[], ["-l", "debug"]]);
});
