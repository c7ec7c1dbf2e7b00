import { Bytes } from "./bytes";

/**
 * The path of an attribute, encoded once: parts separated by NUL. Make it a constant at the top of a file:
 *
 * ```ts
 * const URL_PATH = PropertyPath.of("request.url_path");
 * const TEAM = PropertyPath.of("xds.route_metadata.filter_metadata").then("my.namespace").then("team");
 * ```
 */
export class PropertyPath {
  readonly bytes: Bytes;

  /** @param bytes parts separated by NUL; copied when they are borrowed */
  constructor(bytes: Bytes) {
    this.bytes = bytes.owned ? bytes : bytes.copy();
  }

  /** Parts are separated by dots. A part that holds dots itself is added with `then`. */
  static of(dotted: string): PropertyPath {
    const bytes = Bytes.of(dotted);
    for (let i: usize = 0, n = <usize>bytes.length; i < n; i++) {
      if (load<u8>(bytes.ptr + i) == 0x2e) store<u8>(bytes.ptr + i, 0);
    }
    return new PropertyPath(bytes);
  }

  /** This path and one part more, taken as it is. */
  then(part: string): PropertyPath {
    return new PropertyPath(Bytes.of(this.bytes.toString() + "\0" + part));
  }
}
