import { z } from "zod";
import { condition, workload } from "../vocabulary.ts";

/** What a peer takes; filters/peer-metadata/assembly/core/text.ts has the same. */
function isText(text: string): boolean {
  return Buffer.byteLength(text) <= 256 && !/\p{Cc}/u.test(text);
}

/** The configuration of the peer-metadata filter: the source of config.schema.json, of the README's table, and of editor completion. */
export const peerMetadataConfig = z
  .strictObject({
    direction: z
      .enum(["inbound", "outbound"])
      .optional()
      .describe(
        "Whether requests come to the own workload or leave it; a gateway's leave it [the listener's `traffic_direction`; `inbound` without one].",
      ),
    when: z
      .array(condition)
      .default([])
      .describe("Which outbound requests carry the own metadata: all conditions must hold [all requests]."),
    trust: z
      .enum(["mutualTls", "always"])
      .default("mutualTls")
      .describe("Whose metadata is believed: that of peers whose certificate has a SPIFFE identity, or anybody's."),
    workload: workload
      .superRefine((given, context) => {
        for (const [key, text] of Object.entries(given)) {
          if (text === undefined || isText(text)) continue;
          context.addIssue({ code: "custom", path: [key], message: "must be 256 bytes at most, without control characters" });
        }
      })
      .optional(),
  })
  .superRefine(({ direction, when }, context) => {
    if (direction !== "inbound" || when.length === 0) return;
    context.addIssue({ code: "custom", path: ["when"], message: 'is for "outbound": an inbound filter only answers' });
  });

export type PeerMetadataConfig = z.input<typeof peerMetadataConfig>;
