import type { Handler } from "./app.ts";

/** Stars by reviewer: `GET /ratings/<id>`. */
export const ratings: Handler = ({ path }) => {
  const id = /^\/ratings\/(\d+)$/.exec(path)?.[1];
  if (id === undefined) return { status: 404, json: { error: "please provide a numeric product id" } };
  return { json: { id: Number(id), ratings: { Reviewer1: 5, Reviewer2: 4 } } };
};
