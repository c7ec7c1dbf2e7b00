// What requests are compared with: patterns, templates, globs, and the forms of a path. No input traps, none takes long.
import { beforeAll, expect, test } from "vitest";
import { type Core, loadCore } from "../../modules/index.ts";
import { pick } from "../support/seeded.ts";
import { below, fuzz, textOf } from "./fuzz.ts";

let regex: Core;
let core: Core;
beforeAll(async () => {
  regex = await loadCore(new URL("../../policy/test/regex.as.ts", import.meta.url));
  core = await loadCore(new URL("../../filters/authz/test/core.as.ts", import.meta.url));
}, 120_000);

const latin1 = (text: string) => Buffer.from(text, "latin1");
const PATTERNS = [
  ..."ab.*+?|()[]{}^$\\,-19",
  "(?i)",
  "(?:",
  "[^",
  "\\d",
  "\\b",
  "\\pL",
  "{2,5}",
  "{1000}",
  "a*",
  "(a|b)*",
  "[a-z]",
  "\\x{ff}",
  "\xff",
  "\0",
];
const PATHS = [..."//..;%25cFf2\\#?a", "..", "/..", "%2e", "%2f", "%5c", "%00", ";a=b", "\0", "\xff", "{*}", "{**}", "*"];

test("a pattern is compiled or refused, and matches as its simulation does, in steps that its size and the text bound", {
  timeout: 86_400_000,
}, async () => {
  let compiled = 0;
  const count = await fuzz<{ pattern: string; text: string }>({
    name: "regex",
    runs: 4_000,
    generate: (random) => ({ pattern: textOf(random, PATTERNS, 24), text: textOf(random, [..."ab9- \xff", "aaaaaaaa"], 40) }),
    check: ({ pattern, text }) => {
      if (regex.call("compile", regex.write(latin1(pattern)), 0) === 0) return;
      compiled++;
      const before = Number(regex.call("steps"));
      regex.write(latin1(text));
      const answer = Number(regex.call("matches", 0, text.length));
      if (answer === 2) throw new Error("the table and the simulation differ");
      const steps = Number(regex.call("steps")) - before;
      const most = (text.length + 2) * (Number(regex.call("size")) + 1) * 8;
      if (steps > most) throw new Error(`${steps} steps of at most ${most}`);
    },
    show: ({ pattern, text }) => `${pattern}\n${text}`,
  });
  expect(compiled).toBeGreaterThan(count / 20);
});

test("a path has forms in which nothing is left to read leniently, or nobody can tell", { timeout: 86_400_000 }, async () => {
  let told = 0;
  const count = await fuzz<string>({
    name: "path-forms",
    runs: 20_000,
    generate: (random) => `/${textOf(random, PATHS, 16)}`,
    check: (path) => {
      const size = Number(core.call("lenient", core.write(latin1(path))));
      if (size < 0) return;
      told++;
      const out = core.read(size);
      for (let at = 0; at < size; at += 4 + out.readUInt32LE(at)) {
        const form = out.subarray(at + 4, at + 4 + out.readUInt32LE(at)).toString("latin1");
        if (form.length > path.length) throw new Error(`longer: ${form}`);
        if (!form.startsWith("/")) throw new Error(`no path: ${form}`);
        if (/\/\/|\/\.\.?(\/|$)|;|\\/.test(form)) throw new Error(`left: ${form}`);
      }
    },
    show: (path) => latin1(path),
  });
  expect(told).toBeGreaterThan(count / 20);
});

test("any value is or is not what a policy asks", { timeout: 86_400_000 }, async () => {
  const answers = new Set<number>();
  await fuzz<{ what: number; text: string; value: string; extra: number }>({
    name: "tests",
    runs: 40_000,
    generate: (random) => ({
      what: below(random, 11),
      text: textOf(random, [...PATHS, "/ns/a/", "sa/b", "spiffe://"], 8),
      value: textOf(random, [...PATHS, "/ns/a/", "sa/b", "spiffe://", "\n"], 12),
      extra: pick(random, [0, 1, 6, 9]),
    }),
    check: ({ what, text, value, extra }) => {
      // A network is 17 bytes, of which at most 136 bits count; a service account's text is no shorter than its namespace.
      if (what === 5 && text.length !== 17) return;
      if (what === 10 && text.length < extra) return;
      core.write(latin1(text + value));
      answers.add(Number(core.call("asks", what, text.length, extra, value.length)));
    },
    show: (input) => JSON.stringify(input),
  });
  expect([...answers].sort()).toEqual([0, 1, 2]);
});
