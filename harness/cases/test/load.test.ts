import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { MeshscriptError, registry, render } from "../../../diagnostics/index.ts";
import { loadCases, parseCases } from "../load.ts";
import { casesSchemaFile } from "../schema.ts";

/** The mistakes in a file, without help and marks: `line:column: what`. */
function mistakes(text: string): string[] {
  try {
    parseCases(text, "cases.yaml");
    return [];
  } catch (error) {
    if (!(error instanceof MeshscriptError)) throw error;
    return error.diagnostics.map(({ location, message }) => `${location?.line}:${location?.column}: ${message}`);
  }
}

/** A file with one case, whose one request is on line 4 after ten characters. */
const withRequest = (request: string) => `cases:\n  - name: a case\n    requests:\n      - { ${request} }\n`;
/** A file with one case with a request, and more on line 4 after four characters. */
const withField = (field: string) => `cases:\n  - name: a case\n    requests: [{ get: / }]\n    ${field}\n`;

describe("a mistake is found at its place", () => {
  test.each<[string, string, string[]]>([
    [
      "an unknown field",
      "case: []\n",
      ["1:1: cases is missing", '1:1: unknown field "case"; there are: wasm, config, chain, upstreams, accessLog, cases'],
    ],
    ["nothing in it", "", ["1:1: cases is missing"]],
    ["no cases", "cases: []\n", ["1:8: cases must not be empty, got []"]],
    ["a text for the whole", "hello\n", ['1:1: must be an object, got "hello"']],
    ["no name", "cases:\n  - requests: [{ get: / }]\n", ["2:5: cases[0].name is missing"]],
    [
      "a name twice",
      "cases:\n  - name: a\n    requests: [{ get: / }]\n  - name: a\n    requests: [{ get: / }]\n",
      ["4:11: cases[1].name is that of cases[0], too"],
    ],
    ["no requests", "cases:\n  - name: a\n", ["2:5: cases[0] has no `requests`, and no `refused` either"]],
    [
      "requests and a refusal",
      withField("refused: mode"),
      ["3:5: cases[0].requests cannot be where `refused` is: the filter never serves"],
    ],
    ["an empty reason", withField('skip: { envoy: "" }'), ['4:20: cases[0].skip.envoy must not be empty, got ""']],
    [
      "config and chain",
      withField("config: {}\n    chain: [{ filter: a }]"),
      ["5:5: cases[0].chain and `config` exclude each other: put `config` into the chain's entry"],
    ],
    ["no path", withRequest("headers: {}"), ["4:9: cases[0].requests[0] has no method and path: write for example `get: /`"]],
    ["two methods", withRequest("get: /, post: /"), ["4:19: cases[0].requests[0].post contradicts `get`: a request has one method"]],
    [
      "a method beside get",
      withRequest("get: /, method: PUT"),
      ["4:19: cases[0].requests[0].method contradicts `get`, which has method and path in it"],
    ],
    ["a relative path", withRequest("get: api"), ['4:16: cases[0].requests[0].get must be a path that begins with /, got "api"']],
    [
      "a bare number as header",
      withRequest("get: /, headers: { x-a: 1 }"),
      ['4:35: cases[0].requests[0].headers["x-a"] must be text in quotes, or a list of texts, got 1'],
    ],
    [
      "a bare number in a list",
      withRequest("get: /, headers: { x-a: [a, 1] }"),
      ['4:39: cases[0].requests[0].headers["x-a"][1] must be text; in quotes where YAML would read something else, got 1'],
    ],
    [
      "a misspelt expectation",
      withRequest("get: /, expect: { stauts: 200 }"),
      [
        '4:29: cases[0].requests[0].expect: unknown field "stauts"; there are: status, headers, body, trailers, upstream, received, accessLog',
      ],
    ],
    [
      "a status that is none",
      withRequest("get: /, expect: { status: ok }"),
      ['4:37: cases[0].requests[0].expect.status must be a status from 100 to 599, or a list of them, got "ok"'],
    ],
    [
      "a status in a list that is none",
      withRequest("get: /, expect: { status: [200, 20] }"),
      ["4:43: cases[0].requests[0].expect.status[1] must be 100 or more, got 20"],
    ],
    [
      "a broken expression",
      withRequest('get: /, expect: { headers: { a: { matches: "(" } } }'),
      [
        '4:54: cases[0].requests[0].expect.headers.a.matches must be a regular expression: Invalid regular expression: /(/: Unterminated group, got "("',
      ],
    ],
    [
      "an unknown matcher",
      withRequest("get: /, expect: { headers: { a: { equals: b } } }"),
      [
        '4:43: cases[0].requests[0].expect.headers.a must be text in quotes, null for an absent header, { matches: REGEX }, { present: true } or a list of all values, got {"equals":"b"}',
      ],
    ],
    [
      "a duration without unit",
      withRequest("get: /, at: '5'"),
      ['4:23: cases[0].requests[0].at must be a duration with a unit of ms, s, m or h, got "5"'],
    ],
    ["no times", withRequest("get: /, times: 0"), ["4:26: cases[0].requests[0].times must be 1 or more, got 0"]],
    ["half a time", withRequest("get: /, times: 1.5"), ["4:26: cases[0].requests[0].times must be a whole number, got 1.5"]],
    [
      "a time that goes back",
      withField("stats: {}").replace("[{ get: / }]", "[{ get: /, at: 2s }, { get: /, at: 1s }]"),
      ["3:50: cases[0].requests[1].at goes back in time: a request before it is later"],
    ],
    [
      "an unknown upstream that answers",
      withField("upstreams: { api: {} }"),
      ["4:18: cases[0].upstreams.api is no upstream of this file; there are: app"],
    ],
    [
      "an unknown upstream that is counted",
      withRequest("get: /, expect: { upstream: { api: 1 } }"),
      ["4:41: cases[0].requests[0].expect.upstream.api is no upstream of this file; there are: app"],
    ],
    [
      "an unknown upstream that receives",
      withRequest("get: /, expect: { received: { upstream: api } }"),
      ['4:51: cases[0].requests[0].expect.received.upstream is unknown: "api"; there are: app'],
    ],
    [
      "nothing received that is looked at",
      withRequest("get: /, expect: { upstream: 0, received: { path: / } }"),
      ["4:42: cases[0].requests[0].expect.received contradicts `upstream: 0`"],
    ],
    [
      "an unknown field of the access log",
      withRequest("get: /, expect: { accessLog: { statsu: 200 } }"),
      [
        "4:42: cases[0].requests[0].expect.accessLog.statsu is no field of the access log; there are: time, method, path, authority, protocol, status, details, flags, duration, bytesReceived, bytesSent, route, cluster",
      ],
    ],
    [
      "a line of which nothing is said",
      withField("log: [{ absent: true }]"),
      ["4:11: cases[0].log[0] says nothing of the line: give `contains`, `matches` or `level`"],
    ],
  ])("%s", (_, text, found) => {
    expect(mistakes(text)).toEqual(found);
  });

  test("all of them at once", () => {
    expect(mistakes(`upstream: {}\n${withRequest("get: /, tmies: 2, expect: { status: ok, boby: x }")}`)).toHaveLength(4);
  });

  test("and is shown as on the command line", () => {
    const text =
      "cases:\n  - name: a\n    requests:\n      - get: /\n      - { get: /api, headers: { x-user: ann }, expect: { status: ok } }\n";
    try {
      parseCases(text.replace("      - get: /\n", "\n"), "cases.yaml");
      expect.unreachable();
    } catch (error) {
      expect(render((error as MeshscriptError).diagnostics, { color: false }).trimEnd()).toBe(registry.MS0802.example);
    }
  });
});

test("a file that is not there says so", () => {
  expect(() => loadCases("no/such/cases.yaml")).toThrow(/cases\.yaml: MS0801: the cases cannot be read: no such file/);
});

test("what a case does not say is the file's, and shorthands are taken apart", () => {
  const { cases, upstreams } = parseCases(
    [
      "config: { mode: off }",
      "upstreams: { app: { respond: { status: 204 } }, authorizer: { protocol: h2c } }",
      "cases:",
      "  - { name: a, requests: [{ post: /x, times: 2, at: 1.5s }] }",
      "  - { name: b, config: {}, upstreams: { app: {} }, requests: [{ method: PURGE, path: / }] }",
    ].join("\n"),
    "cases.yaml",
  );
  const [a, b] = cases;

  expect(upstreams).toEqual({ app: { protocol: "http/1.1" }, authorizer: { protocol: "h2c" } });
  expect(a).toMatchObject({ chain: [{ config: { mode: "off" } }], upstreams: { app: { status: 204 }, authorizer: {} }, skip: {} });
  expect(a?.requests).toMatchObject([{ method: "POST", path: "/x", times: 2, at: 1500, protocol: "http/1.1", headers: {} }]);
  expect(b).toMatchObject({
    chain: [{ config: {} }],
    upstreams: { app: { status: 204 } },
    requests: [{ method: "PURGE", path: "/", at: 0 }],
  });
});

describe("the schema for editors", () => {
  const schema = JSON.parse(readFileSync("harness/cases/cases.schema.json", "utf8")) as object;
  const valid = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

  test("is up to date", () => {
    expect(readFileSync("harness/cases/cases.schema.json", "utf8")).toBe(casesSchemaFile());
  });

  test("takes the tracing filter's cases and refuses a misspelt one", () => {
    const document: unknown = parse(readFileSync("filters/tracing/cases.yaml", "utf8"));

    expect(valid(document), JSON.stringify(valid.errors)).toBe(true);
    expect(valid(parse(withRequest("get: /, expect: { stauts: 200 }")))).toBe(false);
    expect(valid(parse(withRequest("get: /, headers: { x-a: 1 }")))).toBe(false);
  });
});

describe("docs/cases.md", () => {
  const text = readFileSync("docs/cases.md", "utf8");

  test("names every field", () => {
    const names = new Set(
      [...JSON.stringify(JSON.parse(casesSchemaFile())).matchAll(/"properties":(\{.*?\})/g)].flatMap(([json]) =>
        [...json.matchAll(/"(\w+)":\{/g)].map(([, name]) => name ?? ""),
      ),
    );
    for (const name of names)
      if (!["properties", "items", "additionalProperties", "propertyNames"].includes(name))
        expect(text).toMatch(new RegExp(`\\b${name}\\b`));
  });

  test("shows a file that is one, and the finding as it is printed", () => {
    const [, yaml = ""] = /```yaml\n([\s\S]*?)```/.exec(text) ?? [];

    expect(parseCases(yaml, "cases.yaml").cases[0]?.requests).toHaveLength(3);
    expect(text).toContain(registry.MS0802.example);
  });
});
