/**
 * Steps as people write them, and as the module reads them. One step a line:
 *
 *     get_shared_data "key"                         a host function without `proxy_`; out pointers are not written down
 *     http_call "app" {":method" = "GET"} "" {} 1000 > token    its first out value goes into a variable
 *     get_property "request\0time" ~                only the length of the answer is logged (for what changes from run to run)
 *     call_foreign_function "sign" "..." ?          nothing of the answer is logged
 *     get_property "request\0headers" %             the answer is a block of pairs
 *     get_header_map_value 0 "x" !                  the out pointers lie outside the memory
 *     set_shared_data "a" * 1000 + "\xff" "" 0      repeated and joined bytes; `@4294967295:4` is a raw pointer and length
 *     let stream = $ctx                             $ctx and $root are the ids of the callback
 *     alloc zero | outside | static | log | clock | header | trap | normal
 *     grow 16032 | trap | spin | return 1
 */
export interface Script {
  /** Section (`rh`, `tick`, `rh.2` for the second call, `rh#2` for the second stream) to steps. */
  [section: string]: string;
}

const TOKEN = /\s*("(?:[^"\\]|\\.)*"|\{|\}|,|=|\+|\*|[~%!?>](?=\s|$)|@-?\d+:-?\d+|\$\w+|-?\d+|x(?:[0-9a-f]{2})*(?![\w])|[A-Za-z_]\w*)/y;

/** The script of one plugin as its configuration. */
export function scriptText(script: Script, label?: string): string {
  const sections = Object.entries(script).map(([name, steps]) => [`section ${name}`, ...steps.split("\n").flatMap(stepText)].join("\n"));
  return [...(label === undefined ? [] : [`label ${label}`]), ...sections, ""].join("\n");
}

function stepText(source: string): string[] {
  const tokens = tokenize(source.trim());
  if (tokens.length === 0) return [];
  const [name = "", ...rest] = tokens;
  if (name === "let") return [`- ${rest[0]} let ${rest[2]}`];
  let show = "-";
  let save = "-";
  const parts: string[] = [];
  for (let i = 0; i < rest.length; i++) {
    const token = rest[i] ?? "";
    if (/^[~%!?]$/.test(token)) show = token;
    else if (token === ">") save = rest[++i] ?? "-";
    else if (token === "{") {
      const end = rest.indexOf("}", i);
      parts.push(hex(pairs(rest.slice(i + 1, end))));
      i = end;
    } else if (token === "+" || token === "*") parts.push(token);
    else parts.push(token.startsWith('"') ? hex(unquote(token)) : token);
  }
  return [[show, save, name, ...joined(parts)].join(" ")];
}

/** `a * 3 + b` becomes one argument. */
function joined(parts: readonly string[]): string[] {
  const result: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? "";
    if (part === "+" || part === "*") result.push(`${result.pop()}${part}${parts[++i]}`);
    else result.push(part);
  }
  return result;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`not a step: ${text} (from ${text.slice(at, at + 20)})`);
    tokens.push(match[1] ?? "");
  }
  return tokens;
}

function pairs(tokens: readonly string[]): Buffer {
  const values = tokens.filter((token) => token !== "," && token !== "=").map(unquote);
  return pairBlock(Array.from({ length: values.length / 2 }, (_, i) => [values[2 * i] ?? "", values[2 * i + 1] ?? ""]));
}

/** A block of pairs as the ABI has it; one character of a text is one byte. */
export function pairBlock(entries: readonly (readonly [string | Buffer, string | Buffer])[]): Buffer {
  const data = entries.flat().map((value) => (typeof value === "string" ? Buffer.from(value, "latin1") : value));
  const sizes = Buffer.alloc(4 + 4 * data.length);
  sizes.writeUInt32LE(entries.length, 0);
  data.forEach((value, i) => {
    sizes.writeUInt32LE(value.length, 4 + 4 * i);
  });
  return Buffer.concat([sizes, ...data.flatMap((value) => [value, Buffer.of(0)])]);
}

/** The token of a block that holds one pair many times. */
export function manyPairs(count: number, name: string, value: string): string {
  const one = pairBlock([[name, value]]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(count);
  return `x${size.toString("hex")} + x${one.subarray(4, 12).toString("hex")} * ${count} + x${one.subarray(12).toString("hex")} * ${count}`;
}

/** Bytes as a token of a script. */
export function hex(bytes: Uint8Array | string): string {
  return `x${Buffer.from(bytes as string, "latin1").toString("hex")}`;
}

function unquote(quoted: string): Buffer {
  const text = quoted
    .slice(1, -1)
    .replace(/\\(?:x([0-9a-f]{2})|(.))/gi, (_, code: string | undefined, other: string) =>
      code === undefined ? (SIMPLE[other] ?? other) : String.fromCharCode(Number.parseInt(code, 16)),
    );
  return Buffer.from(text, "latin1");
}

const SIMPLE: Record<string, string> = { "0": "\0", n: "\n", r: "\r", t: "\t" };
