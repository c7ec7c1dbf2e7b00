import { z } from "zod";

/** What services say to each other, as far as the other side relies on it. */
export const Details = z.record(z.string(), z.union([z.string(), z.number()]));

export const Ratings = z.object({ ratings: z.record(z.string(), z.number()) });

export const Reviews = z.object({
  podname: z.string(),
  reviews: z.array(
    z.object({
      reviewer: z.string(),
      text: z.string(),
      rating: z.union([z.object({ stars: z.number(), color: z.enum(["black", "red"]) }), z.object({ error: z.string() })]).optional(),
    }),
  ),
});
