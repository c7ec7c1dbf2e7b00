import { Bytes } from "proxy-wasm-assemblyscript-sdk";

/** What a limit says to a request. */
export enum Outcome {
  Admitted = 0,
  /** The bucket is empty. */
  Limited = 1,
  /** The key is new and its slot is full of live ones. */
  TableFull = 2,
  /** Other workers were faster, a hundred times in a row. */
  CasExhausted = 3,
  /** A part of the key is missing, and the configuration refuses that. */
  KeyMissing = 4,
  /** The host did not give the headers, the time or the bucket, or did not take it back. */
  HostFailed = 5,
}

/** In the filter state and in response code details; nothing where it is about the rate. */
export const REASONS: Bytes[] = ["", "", "table_full", "cas_exhausted", "key_missing", "host_failed"].map<Bytes>((text) => Bytes.of(text));
