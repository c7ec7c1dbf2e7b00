// The regular expressions as plain functions: pattern and text at `input`, texts at `output`.
import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Regex } from "../assembly/regex/regex";
import { simulation } from "../assembly/regex/simulation";

const IN: usize = memory.data(1 << 20, 16);
const OUT: usize = memory.data(4096, 16);
let regex: Regex | null = null;

export function input(): usize {
  return IN;
}

export function output(): usize {
  return OUT;
}

/** Compiles the pattern of `length` bytes: 1, or 0 with the error, ended by a NUL, at `output`. */
export function compile(length: i32, partial: i32): i32 {
  regex = Regex.compile(Bytes.static(IN, length), partial != 0);
  String.UTF8.encodeUnsafe(changetype<usize>(Regex.error), Regex.error.length, OUT, true);
  return regex === null ? 0 : 1;
}

/** Whether the text of `length` bytes, `at` bytes into the input, matches; also without the table, which must be the same: 2 where it is not. */
export function matches(at: i32, length: i32): i32 {
  const text = Bytes.static(IN + <usize>at, length);
  const answer = regex!.matches(text);
  return simulation.matches(regex!.program, text.ptr, length) == answer ? <i32>answer : 2;
}

/** As `matches`, without the table; `steps` counts. */
export function simulate(at: i32, length: i32): i32 {
  return <i32>simulation.matches(regex!.program, IN + <usize>at, length);
}

/** Whether the pattern compiled last has a table. */
export function tabled(): i32 {
  return regex!.table === null ? 0 : 1;
}

/** Instructions of the pattern compiled last. */
export function size(): i32 {
  return regex!.program.code.length;
}

/** Instructions looked at by the simulation so far. */
export function steps(): i64 {
  return simulation.work;
}
