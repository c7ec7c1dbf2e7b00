import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MeshscriptError, diagnostic, reasonOfErrno } from "../../diagnostics/index.ts";
import { parseDuration } from "../duration.ts";
import type { Case, CasePlugin, CaseRequest, Cases } from "./case.ts";
import { contradictions } from "./contradictions.ts";
import { knownFields, schemaMistakes } from "./findings.ts";
import { type CaseDocument, type CasesDocument, type RequestDocument, casesSchema, verbs } from "./schema.ts";
import { type Path, type YamlSource, readYaml } from "./source.ts";

/**
 * Reads a cases file.
 *
 * @throws MeshscriptError with every mistake in it, each at file:line:column: MS0801 for what is no YAML or cannot be read, MS0802 for the rest.
 * @example
 * const { cases } = loadCases(new URL("../cases.yaml", import.meta.url));
 */
export function loadCases(file: string | URL): Cases {
  const path = file instanceof URL ? fileURLToPath(file) : resolve(file);
  return parseCases(read(path), path);
}

/** The same from a text. @param file its path, to which the paths in it are relative */
export function parseCases(text: string, file: string): Cases {
  // As short as it can be for a person; a path outside of the working directory stays whole.
  const near = relative(process.cwd(), file);
  const source = readYaml(text, near.startsWith("..") ? file : near);
  const parsed = casesSchema.safeParse(source.value ?? {}, { error: knownFields });
  const mistakes = parsed.success ? contradictions(source, parsed.data) : schemaMistakes(source, parsed.error.issues);
  if (!parsed.success || mistakes.length > 0) throw new MeshscriptError(mistakes);
  return resolveCases(parsed.data, source, resolve(file));
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const why = reasonOfErrno(error) ?? (error as Error).message;
    throw new MeshscriptError(diagnostic("MS0801", `the cases cannot be read: ${why}`, { location: { file } }));
  }
}

function resolveCases(document: CasesDocument, source: YamlSource, file: string): Cases {
  const upstreams = document.upstreams ?? { app: {} };
  const folder = dirname(file);
  return {
    file,
    ...(document.wasm === undefined ? {} : { wasm: resolve(folder, document.wasm) }),
    locate: source.locate,
    accessLog: document.accessLog ?? {},
    upstreams: Object.fromEntries(Object.entries(upstreams).map(([name, { protocol = "http/1.1" }]) => [name, { protocol }])),
    cases: document.cases.map((one, index): Case => {
      const place = ["cases", index];
      const answers = Object.keys(upstreams).map((name) => [name, one.upstreams?.[name]?.respond ?? upstreams[name]?.respond ?? {}]);
      return {
        name: one.name,
        index,
        chain: chainOf(document, one, place, folder),
        upstreams: Object.fromEntries(answers) as Case["upstreams"],
        requests: (one.requests ?? []).map((request, i) => requestOf(request, [...place, "requests", i])),
        ...(one.refused === undefined ? {} : { refused: one.refused }),
        metadata: one.metadata ?? {},
        filterState: one.filterState ?? {},
        environment: one.environment ?? {},
        stats: one.stats ?? {},
        log: one.log ?? [],
        skip: { ...(one.skip?.host ? { host: one.skip.host } : {}), ...(one.skip?.envoy ? { envoy: one.skip.envoy } : {}) },
        place,
      };
    }),
  };
}

function chainOf(document: CasesDocument, one: CaseDocument, place: Path, folder: string): CasePlugin[] {
  const own = one.chain !== undefined || one.config !== undefined;
  const { chain, config } = own ? one : document;
  const base = own ? place : [];
  if (chain === undefined) return [{ ...(config === undefined ? {} : { config }), path: [...base, "config"] }];
  return chain.map(({ filter, wasm, config: own, rootId, failurePolicy }, i) => ({
    filter,
    ...(wasm === undefined ? {} : { wasm: resolve(folder, wasm) }),
    ...(own === undefined ? {} : { config: own }),
    ...(rootId === undefined ? {} : { rootId }),
    ...(failurePolicy === undefined ? {} : { failurePolicy }),
    path: [...base, "chain", i, "config"],
  }));
}

function requestOf(request: RequestDocument, place: Path): CaseRequest {
  const verb = verbs.find((name) => request[name] !== undefined);
  const { body, identity, at } = request;
  return {
    method: verb?.toUpperCase() ?? request.method ?? "GET",
    path: (verb && request[verb]) ?? request.path ?? "/",
    headers: request.headers ?? {},
    ...(body === undefined ? {} : { body }),
    protocol: request.protocol ?? "http/1.1",
    ...(identity ? { identity: identityOf(identity) } : {}),
    times: request.times ?? 1,
    at: at === undefined ? 0 : parseDuration(at),
    expect: request.expect ?? {},
    place,
  };
}

function identityOf({ serviceAccount, namespace }: NonNullable<RequestDocument["identity"]>): NonNullable<CaseRequest["identity"]> {
  return { serviceAccount, ...(namespace === undefined ? {} : { namespace }) };
}
