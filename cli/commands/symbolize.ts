import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { MeshscriptError, diagnostic, exitCodes, reasonOfErrno, render } from "../../diagnostics/index.ts";
import { Backtraces, type TracedFrame, openTraced } from "../../modules/index.ts";
import type { Command } from "../command.ts";

/** `meshscript symbolize`: lines of the source for Envoy's backtraces. */
export const symbolize: Command = {
  name: "symbolize",
  summary: "add file:line:column to the backtraces of traps in Envoy's log",
  description: [
    "Reads a log and writes it to stdout as it is, with the place in the source behind each line of a module's backtrace. Works on a log that goes on (`tail -f`), in Envoy's own format and in one with messages escaped as JSON.",
    "Give every module that Envoy runs; each backtrace finds its own. FILE.map must lie beside each FILE, both from the build that Envoy ran: `meshscript build` writes them, for the release and the debug module. In a release module a function may have been merged into its caller: the place is right, the name is the caller's.",
  ],
  arguments: { usage: "FILE.wasm...", min: 1, max: Number.POSITIVE_INFINITY },
  flags: { log: { type: "string", value: "FILE", default: "standard input", description: "the log" } },
  examples: [
    { title: "which line trapped?", command: "meshscript symbolize build/tracing.wasm --log envoy.log" },
    { title: "as it happens", command: "tail -f envoy.log | meshscript symbolize build/*.wasm" },
    {
      title: "only the frames, as data",
      command: "kubectl logs deploy/reviews -c istio-proxy | meshscript symbolize build/tracing.wasm --json",
    },
  ],
  exits: { data: "a module, its source map or the log cannot be read" },
  async run({ flags, positionals, io, json, say, printJson, color }) {
    const modules = positionals.map((file) => openTraced(resolve(io.cwd, file), file));
    const frames: TracedFrame[] = [];
    let strange: TracedFrame | undefined;
    const traces = new Backtraces(modules, (frame) => {
      if (json) frames.push(frame);
      if (frame.module !== undefined || strange !== undefined) return;
      strange = frame;
      if (!json) say(render([stranger(frame)], { color: color.stderr }).trimEnd());
    });
    const file = flags.text("log");
    if (file === undefined && io.stdin.isTTY) say("reading a log from the terminal; Ctrl-D ends it");
    const log = file === undefined ? io.stdin : read(resolve(io.cwd, file), file);
    for await (const lines of wholeLines(log)) {
      const out = lines.map((line) => placed(line, traces));
      if (!json) io.stdout.write(Buffer.concat(out));
    }
    if (json) printJson({ success: true, frames, diagnostics: strange ? [stranger(strange)] : [] });
    return exitCodes.ok;
  },
};

function stranger({ name, offset }: TracedFrame) {
  return diagnostic("MS0229", `no module that was given has ${name} at 0x${offset.toString(16)}`);
}

/** A line that has no backtrace keeps its bytes, whatever their encoding. */
function placed(line: Buffer, traces: Backtraces): Buffer {
  const text = line.toString();
  const end = /\r?\n$/.exec(text)?.[0] ?? "";
  const body = text.slice(0, text.length - end.length);
  const out = traces.line(body);
  return out === body ? line : Buffer.from(out + end);
}

/** What has come of a log, as whole lines: the last one of a piece waits for its end. */
async function* wholeLines(log: AsyncIterable<string | Uint8Array>): AsyncGenerator<Buffer[]> {
  let rest: Buffer[] = [];
  for await (const piece of log) {
    const bytes = Buffer.from(piece as Uint8Array);
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      lines.push(Buffer.concat([...rest, bytes.subarray(from, end + 1)]));
      rest = [];
      from = end + 1;
    }
    if (from < bytes.length) rest.push(bytes.subarray(from));
    if (lines.length > 0) yield lines;
  }
  if (rest.length > 0) yield [Buffer.concat(rest)];
}

async function* read(path: string, file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of createReadStream(path)) yield piece as Uint8Array;
  } catch (error) {
    throw new MeshscriptError(
      diagnostic("MS0205", `${file} cannot be read: ${reasonOfErrno(error) ?? String(error)}`, { location: { file } }),
    );
  }
}
