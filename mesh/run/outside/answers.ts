import { readFileSync } from "node:fs";
import { basename, extname, relative } from "node:path";
import { z } from "zod";
import { MeshscriptError, diagnostic, reasonOfErrno } from "../../../diagnostics/index.ts";
import { knownFields, schemaMistakes } from "../../../harness/cases/findings.ts";
import { readYaml } from "../../../harness/cases/source.ts";
import { parseDuration } from "../../../harness/duration.ts";
import type { ReceivedHead, Responder, UpstreamResponse } from "../../../harness/upstreams/types.ts";

/** Of a file that is a body itself. */
const TYPES: Readonly<Record<string, string>> = {
  ".json": "application/json",
  ".html": "text/html; charset=utf-8",
  ".xml": "application/xml",
  ".txt": "text/plain; charset=utf-8",
};

const duration = z.string().refine((text) => isDuration(text), "must be a duration with a unit of ms, s, m or h");

/** An answer, and to what: everything may be left out. */
const answer = z.strictObject({
  method: z.string().optional(),
  path: z.string().startsWith("/", "must be a path, from `/` on").optional(),
  status: z.int().min(200).max(599).optional(),
  headers: z
    .record(z.string(), z.union([z.string(), z.array(z.string())], { error: "must be text in quotes, or a list of texts" }))
    .optional(),
  body: z.unknown().optional(),
  delay: duration.optional(),
});
type Answer = z.infer<typeof answer>;

const answers = z.array(answer).min(1);

/**
 * How a file answers: YAML is a list of answers, of which the first that fits counts; any other file is the body of every answer, with the content type
 * of its ending.
 * @throws MeshscriptError MS1107 with every mistake in the list, at its place, and for a file that cannot be read
 */
export function answersOf(file: string): Responder {
  const near = relative(process.cwd(), file);
  const name = near.startsWith("..") ? file : near;
  const content = read(file, name);
  const ending = extname(file).toLowerCase();
  if (ending !== ".yaml" && ending !== ".yml") {
    const type = TYPES[ending] ?? "application/octet-stream";
    return { headers: { "content-type": type }, body: content };
  }
  const source = readYaml(content.toString("utf8"), name, "MS1107");
  const parsed = answers.safeParse(source.value, { error: knownFields });
  if (!parsed.success) throw new MeshscriptError(schemaMistakes(source, parsed.error.issues, [], "MS1107"));
  const list = parsed.data;
  return (request) => {
    const found = list.find((each) => fits(each, request));
    return found ? responseOf(found) : nothingFits(request, name);
  };
}

/** `/books/*` is everything below; a path without a query is so with any. */
function fits({ method, path }: Answer, request: Pick<ReceivedHead, "method" | "path">): boolean {
  if (method !== undefined && method.toUpperCase() !== request.method) return false;
  if (path === undefined) return true;
  const asked = path.includes("?") ? request.path : (request.path.split("?")[0] ?? "");
  return path.endsWith("*") ? asked.startsWith(path.slice(0, -1)) : asked === path;
}

/** Text as it is, anything else as JSON. */
function responseOf({ status = 200, headers = {}, body, delay }: Answer): UpstreamResponse {
  const json = body !== undefined && typeof body !== "string";
  const typed = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  return {
    status,
    headers: { ...(json && !typed ? { "content-type": "application/json" } : {}), ...headers },
    ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : body }),
    ...(delay === undefined ? {} : { delay }),
  };
}

function nothingFits({ method, path }: Pick<ReceivedHead, "method" | "path">, file: string): UpstreamResponse {
  const body = `no answer in ${basename(file)} fits ${method} ${path}\n`;
  return { status: 404, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

function read(file: string, name: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const reason = reasonOfErrno(error as Error) ?? (error as Error).message;
    const message = `the answers cannot be read: ${reason}`;
    throw new MeshscriptError(diagnostic("MS1107", message, { location: { file: name }, help: "check the path" }));
  }
}

function isDuration(text: string): boolean {
  try {
    parseDuration(text);
    return true;
  } catch {
    return false;
  }
}
