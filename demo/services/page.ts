import type { z } from "zod";
import type { Details, Reviews } from "./schemas.ts";

export interface PageData {
  product: { title: string; description: string };
  details: z.infer<typeof Details> | undefined;
  reviews: z.infer<typeof Reviews> | undefined;
}

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #f6f5f1; max-width: 56rem; margin: 3rem auto; padding: 0 1.5rem; }
  h1 { font: 600 2.2rem/1.2 Georgia, serif; margin: 0 0 .5rem; }
  h2 { font-size: 1rem; margin: 0 0 .75rem; }
  .parts { display: grid; grid-template-columns: 1fr 2fr; gap: 1.5rem; margin-top: 2rem; }
  section { background: #fff; border: 1px solid #e2dfd6; border-radius: 8px; padding: 1.25rem; }
  dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0; }
  dt { color: #777; } dd { margin: 0; }
  blockquote { margin: 0 0 1rem; } footer { color: #777; font-size: .9rem; }
  .black { color: #222; } .red { color: #c62828; } .missing { color: #a33; }
  @media (max-width: 40rem) { .parts { grid-template-columns: 1fr; } }
`;

/** The product's page, complete: no scripts, no other files. */
export function page({ product, details, reviews }: PageData): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(product.title)}</title>
<style>${STYLE}</style>
<h1>${escapeHtml(product.title)}</h1>
<p>${escapeHtml(product.description)}</p>
<div class="parts">
<section>
<h2>Book details</h2>
${detailsPart(details)}
</section>
<section>
<h2>Reviews</h2>
${reviewsPart(reviews)}
</section>
</div>
</html>
`;
}

function detailsPart(details: PageData["details"]): string {
  if (details === undefined) return missing("details");
  const rows = Object.entries(details).filter(([name]) => name !== "id");
  return `<dl>\n${rows.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(String(value))}</dd>`).join("\n")}\n</dl>`;
}

function reviewsPart(reviews: PageData["reviews"]): string {
  if (reviews === undefined) return missing("reviews");
  const quotes = reviews.reviews.map(({ reviewer, text, rating }) => {
    let line = "";
    if (rating !== undefined && "error" in rating) line = `<div class="missing">${escapeHtml(rating.error)}</div>`;
    else if (rating !== undefined) {
      const full = Math.max(0, Math.min(5, Math.round(rating.stars)));
      line = `<div class="${rating.color}" title="${full} of 5">${"★".repeat(full)}${"☆".repeat(5 - full)}</div>`;
    }
    return `<blockquote>${escapeHtml(text)}<footer>${escapeHtml(reviewer)}</footer>${line}</blockquote>`;
  });
  return `${quotes.join("\n")}\n<footer>served by ${escapeHtml(reviews.podname)}</footer>`;
}

function missing(what: string): string {
  return `<p class="missing">Sorry, product ${what} are currently unavailable for this book.</p>`;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
