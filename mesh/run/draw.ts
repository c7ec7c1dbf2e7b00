import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import type { HeadersInput } from "../../harness/upstreams/types.ts";
import { DRAW, drawOf } from "../routes/draws.ts";
import { pairsOf } from "./host-header.ts";

/** A request's part in splits. */
export interface Draw {
  /**
   * Which share of the first split it gets, from 0 to below 1: of 90/10, 0.93 is in the second. Only where the mesh is opened with `draws: true`
   * [by chance].
   */
  draw?: number;
}

/** Headers with what chooses the share. */
export function withDraw(headers: HeadersInput | undefined, draw: number | undefined, draws: boolean): HeadersInput | undefined {
  if (draw === undefined) return headers;
  const wrong = (message: string, help: string) => new MeshscriptError(diagnostic("MS0407", message, { help }));
  if (!draws) throw wrong("`draw` is for a mesh whose splits go by it", "open it with `openMesh({ draws: true, ... })`");
  if (!(draw >= 0 && draw < 1)) throw wrong(`draw: ${draw} is no share`, "give a number from 0 to below 1");
  return [...pairsOf(headers), [DRAW, drawOf(draw)]];
}
