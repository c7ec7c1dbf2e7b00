import type { AppRequest, AppResponse, Handler } from "./app.ts";
import { page } from "./page.ts";
import { Details, Reviews } from "./schemas.ts";

const PRODUCTS = [
  {
    id: 0,
    title: "The Comedy of Errors",
    description:
      "One of Shakespeare's earliest plays and his shortest: two pairs of twins, parted at birth, come to the same town, and everybody " +
      "takes each for the other.",
  },
];

/** The shop's front: a page for people, `/api/v1/products...` for programs. */
export const productpage: Handler = (request) => {
  const { path } = request;
  if (path === "/productpage") return html(request);
  if (path === "/api/v1/products") return { json: PRODUCTS };
  const [, id, part] = /^\/api\/v1\/products\/(\d+)(?:\/(\w+))?$/.exec(path) ?? [];
  const product = PRODUCTS.find((one) => String(one.id) === id);
  if (product === undefined) return { status: 404, json: { error: "no such product" } };
  if (part === undefined) return relay(request, "details", `/details/${product.id}`);
  if (part === "reviews") return relay(request, "reviews", `/reviews/${product.id}`);
  return { status: 404, json: { error: `a product has no ${part}` } };
};

/** What the other service says; its absence is this service's 503. */
async function relay({ call }: AppRequest, service: "details" | "reviews", path: string): Promise<AppResponse> {
  try {
    return { json: await call(service, path) };
  } catch {
    return { status: 503, json: { error: `Sorry, product ${service} are currently unavailable for this book.` } };
  }
}

/** A part that does not come is missing on the page; the page itself is always there. */
async function html({ call }: AppRequest): Promise<AppResponse> {
  const product = PRODUCTS[0];
  if (product === undefined) return { status: 404, json: { error: "no such product" } };
  const [details, reviews] = await Promise.all([
    call("details", `/details/${product.id}`)
      .then(Details.parse)
      .catch(() => undefined),
    call("reviews", `/reviews/${product.id}`)
      .then(Reviews.parse)
      .catch(() => undefined),
  ]);
  return { html: page({ product, details, reviews }) };
}
