// One module of filters that are told by name or by path, and what it is good for: on both hosts it does what its parts do.
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onBothHosts } from "../../harness/expect/index.ts";
import { cacheDirectory } from "../../harness/index.ts";
import { cli } from "./support.ts";

const GREETING = `import { Bytes, FilterHeadersStatus, HeaderName, Headers, HttpContext, JsonObject, register, RootContext } from "proxy-wasm-assemblyscript-sdk";

const GREETING: HeaderName = new HeaderName("x-greeting");

class Greeting extends RootContext {
  text: Bytes = Bytes.of("");

  configure(json: JsonObject): bool {
    this.text = Bytes.of(json.string("text", "hello"));
    return json.ok();
  }

  createHttpContext(): HttpContext | null {
    return new Greeted(this);
  }
}

class Greeted extends HttpContext {
  constructor(private greeting: Greeting) {
    super();
  }

  onResponseHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    headers.replace(GREETING, this.greeting.text);
    return FilterHeadersStatus.Continue;
  }
}

register("greeting", () => new Greeting());
`;

let project: string;
const write = async (file: string, text: string) => {
  await mkdir(join(project, file, ".."), { recursive: true });
  await writeFile(join(project, file), text);
};

beforeAll(async () => {
  // Below the repository, so that the SDK is found as in a user's project.
  project = await mkdtemp(join(cacheDirectory(), "test-fuse-"));
  await write("package.json", "{}");
  await write("my-filter/assembly/index.ts", GREETING);
  await write("filters/other/assembly/index.ts", GREETING.replace('register("greeting"', 'register("other"'));
});
afterAll(() => rm(project, { recursive: true, force: true }));

const limits = [{ name: "per-user", key: [{ header: "x-user" }], requests: 2, per: "1h" }];
const config = {
  filters: [
    { name: "greeting", config: { text: "good day" } },
    { name: "ratelimit", config: { limits } },
  ],
};

describe("meshscript fuse", () => {
  let file: string;
  beforeAll(async () => {
    const ran = await cli(["fuse", "ratelimit", "./my-filter", "other", "-o", "out/mine.wasm"], { cwd: project });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/^out\/mine\.wasm {2}\d+\.\d KiB \(\d+\.\d gzip\) {2}ratelimit greeting other\n$/);
    file = join(project, "out/mine.wasm");
  }, 120_000);

  test("leaves what build leaves, and the schema, and nothing else", async () => {
    expect((await readdir(join(project, "out"))).sort()).toEqual(
      [".config.schema.json", ".debug.wasm", ".debug.wasm.map", ".report.json", ".wasm", ".wasm.map"].map((suffix) => `mine${suffix}`),
    );
    expect((await readdir(project)).sort()).toEqual(["filters", "my-filter", "out", "package.json"]);
    // Of meshscript's own sources no path of this machine is told.
    const map = JSON.parse(await readFile(`${file}.map`, "utf8")) as { sources: string[] };
    expect(map.sources).toEqual(
      expect.arrayContaining([
        "meshscript/filters/ratelimit/assembly/filter.ts",
        "my-filter/assembly/index.ts",
        "filters/other/assembly/index.ts",
      ]),
    );
    expect(map.sources.filter((source) => source.includes(project) || source.startsWith("/"))).toEqual([]);
  });

  test("writes a schema that judges each part as its own does", async () => {
    const schema = JSON.parse(await readFile(join(project, "out/mine.config.schema.json"), "utf8")) as object;
    const takes = new Ajv({ strict: false }).compile(schema);
    const ofLimit = (limit: object) => ({ filters: [{ name: "ratelimit", config: { limits: [limit] } }] });
    expect([config, {}, { filters: [{ name: "other" }, { name: "other", config: { any: 1 } }] }].map((each) => takes(each))).toEqual([
      true,
      true,
      true,
    ]);
    expect(
      [
        { filters: [{ name: "authz" }] },
        ofLimit({ name: "a", requests: 0, per: "1s" }),
        ofLimit({ name: "a", request: 1 }),
        { filter: [] },
      ].map((each) => takes(each)),
    ).toEqual([false, false, false, false]);
  });

  test("is checked by that schema", async () => {
    await write("good.json", JSON.stringify(config));
    await write(
      "bad.json",
      JSON.stringify({ filters: [{ name: "ratelimit", config: { limits: [{ name: "a", requests: 0, per: "1s" }] } }] }),
    );
    const check = (name: string) => cli(["check", name, "--filter", "out/mine.wasm"], { cwd: project });
    expect((await check("good.json")).code).toBe(0);
    const bad = await check("bad.json");
    expect(bad.code).not.toBe(0);
    expect(bad.stdout + bad.stderr).toContain("requests");
  }, 60_000);

  onBothHosts((open) => {
    test("is a chain of its parts", async () => {
      await using target = await open({ filters: [{ name: "mine", wasm: file, config }] });
      const ask = async (user: string) => {
        const response = await target.request({ headers: { "x-user": user } });
        return [response.status, response.header("x-greeting"), response.header("ratelimit-policy")];
      };
      const policy = '"per-user";q=2;w=3600';
      expect([await ask("ann"), await ask("ann")]).toEqual([
        [200, "good day", policy],
        [200, "good day", policy],
      ]);
      expect((await ask("ann")).slice(0, 2)).toEqual([429, "good day"]);
      expect((await ask("bob")).slice(0, 2)).toEqual([200, "good day"]);
    });
  });
});

describe("meshscript fuse, of meshscript's own filters", () => {
  test("needs no project, gives the same bytes in any folder, and says as data what it made", async () => {
    const folder = await mkdtemp(join(tmpdir(), "meshscript-fuse-"));
    try {
      const made = [];
      for (const cwd of [folder, project]) {
        const { code, stdout, stderr } = await cli(["fuse", "peer-metadata", "-o", "one.wasm", "--json"], { cwd });
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        expect(JSON.parse(stdout)).toMatchObject({
          success: true,
          name: "one",
          file: "one.wasm",
          schema: "one.config.schema.json",
          parts: ["peer-metadata"],
          report: { name: "one" },
          diagnostics: [],
        });
        made.push(await readFile(join(cwd, "one.wasm")));
      }
      expect(made[0]?.equals(made[1] as Buffer)).toBe(true);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 180_000);

  test.each<[string, string[], number, RegExp]>([
    ["an unknown name", ["ratelimt"], 64, /MS0506.*unknown filter "ratelimt".*did you mean "ratelimit"\?/],
    ["a folder without a filter", ["./filters"], 64, /MS0506.*no such filter: \.\/filters[\s\S]*no assembly\/index\.ts/],
    ["a path to nothing", ["./nowhere"], 64, /MS0506.*no such filter: \.\/nowhere/],
    ["a part twice", ["ratelimit", "authz", "ratelimit"], 64, /MS0504.*two parts are called "ratelimit": it is there twice/],
    ["an output that is no module", ["ratelimit", "-o", "out/"], 64, /MS0503.*FILE\.wasm/],
    ["no part", [], 64, /MS0504.*needs/],
  ])("refuses %s, and writes nothing", async (_, words, code, message) => {
    const before = await readdir(project, { recursive: true });
    const ran = await cli(["fuse", ...words], { cwd: project });
    expect(ran.code).toBe(code);
    expect(ran.stderr).toMatch(message);
    expect(ran.stdout).toBe("");
    expect(await readdir(project, { recursive: true })).toEqual(before);
  });

  test("says of a schema that is none where it is, and of a folder that cannot be written why", async () => {
    await write("half/assembly/index.ts", GREETING);
    await write("half/config.schema.json", '{ "type": ');
    const half = await cli(["fuse", "./half", "-o", "x.wasm"], { cwd: project });
    expect(half.code).toBe(79);
    expect(half.stderr).toMatch(/^half\/config\.schema\.json: error MS0909: the schema of greeting cannot be used: Unexpected end of JSON/);

    const inTheWay = await cli(["fuse", "peer-metadata", "-o", "package.json/x.wasm"], { cwd: project });
    expect(inTheWay.code).toBe(69);
    expect(inTheWay.stderr).toMatch(/^error MS0208: the output folder .*package\.json cannot be written: a (part of the path is a )?file/);
    expect(await readdir(project)).not.toContain("x.wasm");
  }, 60_000);

  test.each<[string, string]>([
    ["the module", "mine.wasm"],
    ["a companion", "mine.debug.wasm.map"],
    ["the schema", "mine.config.schema.json"],
  ])(
    "says which folder lies where %s goes, and leaves nothing half",
    async (_, name) => {
      await rm(join(project, "taken"), { recursive: true, force: true });
      await write(`taken/${name}/kept`, "");
      const ran = await cli(["fuse", "./my-filter", "-o", "taken/mine.wasm"], { cwd: project });
      expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 69, stdout: "" });
      expect(ran.stderr.split("\n")[0]).toBe(`error MS0208: ${join(project, "taken", name)} cannot be written: it is a folder`);
      expect((await readdir(join(project, "taken"))).filter((file) => file.endsWith(".tmp"))).toEqual([]);
      expect(await readdir(join(project, "taken", name))).toEqual(["kept"]);
    },
    60_000,
  );

  test("takes a part from beside the project, and says so in the map without a path of the machine", async () => {
    await write("inner/package.json", "{}");
    const ran = await cli(["fuse", "authz", "../my-filter", "-o", "beside.wasm"], { cwd: join(project, "inner") });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    const map = JSON.parse(await readFile(join(project, "inner/beside.wasm.map"), "utf8")) as { sources: string[] };
    expect(map.sources.filter((source) => source.includes(project) || source.startsWith("/"))).toEqual([]);
    expect(map.sources.some((source) => source.endsWith("my-filter/assembly/index.ts"))).toBe(true);
  }, 120_000);

  test("shows what the compiler finds in a part at its place", async () => {
    await write(
      "bad/assembly/index.ts",
      'import { register } from "proxy-wasm-assemblyscript-sdk";\nconst x: i32 = "text";\nregister("bad", () => x);\n',
    );
    const { code, stderr } = await cli(["fuse", "tracing", "./bad"], { cwd: project });
    expect(code).toBe(65);
    expect(stderr).toMatch(/^bad\/assembly\/index\.ts:2:\d+: error MS0201: /);
  }, 60_000);
});
