import type { Handler } from "./app.ts";
import { Ratings } from "./schemas.ts";

const TEXTS: Record<string, string> = {
  Reviewer1: "Two pairs of twins, one town, and not a quiet minute. I laughed all the way through.",
  Reviewer2: "Great fun on a rainy evening, though nobody will call it his deepest play.",
};

/**
 * Reviews of a book, `GET /reviews/<id>`. Version 1 has no stars and does not call ratings; the others differ in the stars' colour.
 * Without ratings the reviews are still shown.
 */
export function reviews(workload: string, color?: "black" | "red"): Handler {
  return async ({ path, call }) => {
    const id = /^\/reviews\/(\d+)$/.exec(path)?.[1];
    if (id === undefined) return { status: 404, json: { error: "please provide a numeric product id" } };
    const stars = color === undefined ? undefined : await call("ratings", `/ratings/${id}`).then(Ratings.safeParse, () => undefined);
    const rating = (reviewer: string) => {
      if (color === undefined) return {};
      const given = stars?.data?.ratings[reviewer];
      return { rating: given === undefined ? { error: "Ratings service is currently unavailable" } : { stars: given, color } };
    };
    const list = Object.entries(TEXTS).map(([reviewer, text]) => ({ reviewer, text, ...rating(reviewer) }));
    return { json: { id, podname: workload, clustername: "demo", reviews: list } };
  };
}
