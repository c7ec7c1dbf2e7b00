import { Bytes } from "../bytes";
import { ForeignFunction, ForeignResult } from "./call";

const COMPRESS = new ForeignFunction("compress");
const UNCOMPRESS = new ForeignFunction("uncompress");

/** Compresses with zlib (RFC 1950), in the proxy. */
export function compress(bytes: Bytes): ForeignResult {
  return COMPRESS.call(bytes);
}

/**
 * Undoes `compress`. SerializationFailure for what is no zlib; InvalidMemoryAccess for more than 256 MiB, of which the proxy has then spent the
 * memory already: do not give it what a stranger sent.
 */
export function uncompress(bytes: Bytes): ForeignResult {
  return UNCOMPRESS.call(bytes);
}
