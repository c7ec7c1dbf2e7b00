/** A pattern that needs more instructions is refused. */
export const MAX_INSTRUCTIONS: i32 = 4096;

export enum Opcode {
  Fail = 0,
  Match = 1,
  /** Takes a byte from `low` to `high`. */
  Range = 2,
  /** Takes a byte that is in the set at `argument`. */
  Set = 3,
  /** Goes on at `next` and at `argument`. */
  Split = 4,
  /** Goes on at `next` where the place is as `low` says. */
  Assertion = 5,
}

/** Instructions on bytes, of 64 bits each: opcode, low and high of 8 bits, 8 that are free, next and argument of 16. */
export class Program {
  readonly code: u64[] = [];
  /** Sets of bytes, of 256 bits each. */
  readonly sets: u64[] = [];
  start: i32 = 0;
  /** All places that assertions ask for. */
  places: i32 = 0;

  constructor() {
    this.code.push(Opcode.Fail);
    this.code.push(Opcode.Match);
  }
}

export const FAIL: i32 = 0;
export const MATCH: i32 = 1;

export function encode(opcode: Opcode, low: i32, high: i32, next: i32, argument: i32): u64 {
  return (<u64>opcode) | ((<u64>low) << 8) | ((<u64>high) << 16) | ((<u64>next) << 32) | ((<u64>argument) << 48);
}

// @ts-ignore: decorator
@inline export function opcodeOf(instruction: u64): i32 {
  return <i32>(instruction & 0xff);
}

// @ts-ignore: decorator
@inline export function lowOf(instruction: u64): i32 {
  return (<i32>(instruction >> 8)) & 0xff;
}

// @ts-ignore: decorator
@inline export function highOf(instruction: u64): i32 {
  return (<i32>(instruction >> 16)) & 0xff;
}

// @ts-ignore: decorator
@inline export function nextOf(instruction: u64): i32 {
  return (<i32>(instruction >> 32)) & 0xffff;
}

// @ts-ignore: decorator
@inline export function argumentOf(instruction: u64): i32 {
  return <i32>(instruction >> 48);
}
