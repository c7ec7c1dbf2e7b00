import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Set to write what Envoy answers into `golden/` instead of comparing it. */
export const recording = process.env["MESHSCRIPT_RECORD"] === "1";

const fileOf = (topic: string) => path.join(import.meta.dirname, "golden", `${topic}.txt`);

/** The recorded results of a topic: name of the probe to text. */
export function readGolden(topic: string): Map<string, string> {
  const file = fileOf(topic);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return new Map(
    text
      .split(/^== /m)
      .slice(1)
      .map((part) => {
        const end = part.indexOf("\n");
        return [part.slice(0, end), part.slice(end + 1).trimEnd()];
      }),
  );
}

export function writeGolden(topic: string, results: ReadonlyMap<string, string>): void {
  writeFileSync(fileOf(topic), [...results].map(([name, text]) => `== ${name}\n${text}\n`).join("\n"));
}
