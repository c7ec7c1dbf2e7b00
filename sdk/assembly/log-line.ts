import { proxy_log } from "./abi/imports";
import { LogLevel } from "./abi/enums";
import { Bytes, isUtf8 } from "./bytes";
import { log } from "./log";
import { ArenaBuffer } from "./memory/arena";

/**
 * A log line for machines: one JSON object, on one line whatever is in it.
 *
 * ```ts
 * const line = LogLine.at(LogLevel.Info, "request denied");
 * if (line !== null) line.text("rule", rule.name).number("status", 403).write();
 * ```
 *
 * gives `{"msg":"request denied","rule":"admin-only","status":403}`. Nothing is built when Envoy does not log this level.
 */
export class LogLine {
  private readonly buffer: ArenaBuffer = new ArenaBuffer();

  private constructor(private readonly level: LogLevel) {}

  /** Null when Envoy does not log this level. */
  static at(level: LogLevel, message: string): LogLine | null {
    if (!log.enabled(level)) return null;
    const line = new LogLine(level);
    line.buffer.pushByte(0x7b);
    line.named("msg", false);
    line.quoted(Bytes.of(message));
    return line;
  }

  /** What is not UTF-8 stands as U+FFFD, byte by byte. Never a secret: nobody guards logs as they guard secrets. */
  bytes(name: string, value: Bytes): LogLine {
    value._fresh();
    this.named(name, true);
    this.quoted(value);
    return this;
  }

  text(name: string, value: string): LogLine {
    return this.bytes(name, Bytes.of(value));
  }

  number(name: string, value: i64): LogLine {
    this.named(name, true);
    this.plain(value.toString());
    return this;
  }

  /** `null` for what JSON has no number for. */
  decimal(name: string, value: f64): LogLine {
    this.named(name, true);
    this.plain(isFinite(value) ? value.toString() : "null");
    return this;
  }

  boolean(name: string, value: bool): LogLine {
    this.named(name, true);
    this.plain(value ? "true" : "false");
    return this;
  }

  write(): void {
    const buffer = this.buffer;
    buffer.pushByte(0x7d);
    if (buffer.ok) proxy_log(this.level, buffer.at, buffer.length);
  }

  private named(name: string, more: bool): void {
    if (more) this.buffer.pushByte(0x2c);
    this.quoted(Bytes.of(name));
    this.buffer.pushByte(0x3a);
  }

  private plain(text: string): void {
    const utf8 = Bytes.of(text);
    this.buffer.push(utf8.ptr, utf8.length);
  }

  private quoted(text: Bytes): void {
    const buffer = this.buffer;
    const valid = isUtf8(text.ptr, text.length);
    buffer.pushByte(0x22);
    for (let i: usize = 0, n = <usize>text.length; i < n; i++) {
      const byte = load<u8>(text.ptr + i);
      if (byte == 0x22 || byte == 0x5c) {
        buffer.pushByte(0x5c);
        buffer.pushByte(byte);
      } else if (byte < 0x20 || byte == 0x7f) escaped(buffer, 0, byte);
      else if (byte >= 0x80 && !valid) escaped(buffer, 0xff, 0xfd);
      else buffer.pushByte(byte);
    }
    buffer.pushByte(0x22);
  }
}

/** `\u00hh` or `\uhhhh`. */
function escaped(buffer: ArenaBuffer, high: u8, low: u8): void {
  buffer.pushByte(0x5c);
  buffer.pushByte(0x75);
  for (let shift = 4; shift >= 0; shift -= 4) buffer.pushByte(digit((high >> (<u8>shift)) & 15));
  for (let shift = 4; shift >= 0; shift -= 4) buffer.pushByte(digit((low >> (<u8>shift)) & 15));
}

// @ts-ignore: decorator
@inline function digit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x57 + value;
}
