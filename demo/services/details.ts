import type { Handler } from "./app.ts";

/** Facts about a book: `GET /details/<id>`. */
export const details: Handler = ({ path }) => {
  const id = /^\/details\/(\d+)$/.exec(path)?.[1];
  if (id === undefined) return { status: 404, json: { error: "please provide a numeric product id" } };
  return {
    json: {
      id: Number(id),
      author: "William Shakespeare",
      year: 1595,
      type: "paperback",
      pages: 200,
      publisher: "PublisherA",
      language: "English",
      "ISBN-10": "1234567890",
      "ISBN-13": "123-1234567890",
    },
  };
};
