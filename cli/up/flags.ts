import { resolve } from "node:path";
import type { ApplicationSpec } from "../../harness/index.ts";
import { usage } from "../parse.ts";

/** `--app NAME=COMMAND` and `--served NAME=PORT`. @throws MeshscriptError MS0503 */
export function applicationsOf(commands: readonly string[], served: readonly string[], cwd: string): Record<string, ApplicationSpec> {
  const all: Record<string, ApplicationSpec> = {};
  for (const text of commands) {
    const [name, command] = pair(text, "--app", "reviews-v1=node reviews.js");
    all[name] = { command, cwd };
  }
  for (const text of served) {
    const [name, port] = pair(text, "--served", "reviews-v1=8081");
    all[name] = { served: portOf(port, "--served") };
  }
  return all;
}

/** `--stub www.googleapis.com=8081` and `--stub www.googleapis.com=books.yaml`. @throws MeshscriptError MS0503 */
export function stubsOf(texts: readonly string[], cwd: string): Record<string, number | string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [host, by] = pair(text, "--stub", "www.googleapis.com=books.yaml");
      return [host, /^\d+$/.test(by) ? portOf(by, "--stub") : resolve(cwd, by)];
    }),
  );
}

/** `--port 80=8080`. @throws MeshscriptError MS0503 */
export function portsOf(texts: readonly string[]): Record<number, number> {
  return Object.fromEntries(
    texts.map((text) => {
      const [server, local] = pair(text, "--port", "80=8080");
      return [portOf(server, "--port"), portOf(local, "--port")];
    }),
  );
}

function pair(text: string, flag: string, example: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals > 0 && equals < text.length - 1) return [text.slice(0, equals), text.slice(equals + 1)];
  throw usage("MS0503", `${flag} must be NAME=VALUE, got ${JSON.stringify(text)}`, `write for example ${flag} '${example}'`);
}

function portOf(text: string, flag: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port > 0 && port <= 65_535) return port;
  throw usage("MS0503", `${flag}: a port is 1 to 65535, got ${JSON.stringify(text)}`);
}
