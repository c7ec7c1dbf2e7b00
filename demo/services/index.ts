import type { Handler } from "./app.ts";
import { details } from "./details.ts";
import { productpage } from "./productpage.ts";
import { ratings } from "./ratings.ts";
import { reviews } from "./reviews.ts";

/** What each workload of the topology runs. */
export const handlers: Record<string, Handler> = {
  productpage,
  details,
  ratings,
  "reviews-v1": reviews("reviews-v1"),
  "reviews-v2": reviews("reviews-v2", "black"),
  "reviews-v3": reviews("reviews-v3", "red"),
};
