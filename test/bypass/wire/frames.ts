// HTTP/2's frames (RFC 9113) and the plainest form of HPACK (RFC 7541): literals without a table and without Huffman's code.
import type { Pairs } from "../types.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADER = 9;
const HEADERS = 1;
const CONTINUATION = 9;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const LARGEST = 16_384;

/** Whole frames at the beginning of what was written; the preface counts as one. */
export function splitFrames(bytes: Buffer): { frames: Buffer[]; rest: Buffer } {
  const frames: Buffer[] = [];
  let at = 0;
  if (bytes.subarray(0, PREFACE.length).toString("latin1") === PREFACE) {
    frames.push(bytes.subarray(0, PREFACE.length));
    at = PREFACE.length;
  }
  while (at + HEADER <= bytes.length) {
    const end = at + HEADER + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  return { frames, rest: bytes.subarray(at) };
}

export function isHeaders(frame: Buffer): boolean {
  return frame.length >= HEADER && frame[3] === HEADERS && frame.toString("latin1", 0, 3) !== "PRI";
}

/** The frames of these fields, for a stream: HEADERS, and CONTINUATION where they are long. */
export function headersFrames(fields: Pairs): (flags: number, stream: number) => Buffer {
  const block = Buffer.concat(fields.map(literal));
  return (flags, stream) => {
    const frames: Buffer[] = [];
    for (let at = 0; at === 0 || at < block.length; at += LARGEST) {
      const piece = block.subarray(at, at + LARGEST);
      const last = at + LARGEST >= block.length ? END_HEADERS : 0;
      frames.push(frame(at === 0 ? HEADERS : CONTINUATION, last | (at === 0 ? flags & END_STREAM : 0), stream, piece));
    }
    return Buffer.concat(frames);
  };
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** A literal field without indexing, with a name of its own. */
function literal([name, value]: readonly [string, string]): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

function text(characters: string): Buffer {
  const bytes = Buffer.from(characters, "latin1");
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}
