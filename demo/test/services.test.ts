import { afterEach, describe, expect, test } from "vitest";
import { type Upstream, openUpstream, send } from "../../harness/index.ts";
import { App, COPIED, type Handler, type Sighting } from "../services/app.ts";
import { handlers } from "../services/index.ts";
import type { Workload } from "../topology.ts";

type Answers = Record<string, unknown>;

/** Asks a workload's handler; other services answer from `answers`, or fail. */
function ask(workload: string, path: string, answers: Answers = {}) {
  const handler = handlers[workload];
  if (handler === undefined) throw new Error(`no handler for ${workload}`);
  const call = async (service: string, where: string) => {
    const answer = answers[`${service}${where}`];
    if (answer === undefined) throw new Error(`${service} is down`);
    return answer;
  };
  return handler({ method: "GET", path, call });
}

const ratings = { id: 0, ratings: { Reviewer1: 5, Reviewer2: 4 } };

describe("reviews", () => {
  test("version 1 shows no stars, 2 black ones, 3 red ones", async () => {
    for (const [version, rating] of Object.entries({
      "reviews-v1": undefined,
      "reviews-v2": { stars: 5, color: "black" },
      "reviews-v3": { stars: 5, color: "red" },
    })) {
      const { json } = await ask(version, "/reviews/0", { "ratings/ratings/0": ratings });
      expect(json).toMatchObject({ podname: version, reviews: [{ reviewer: "Reviewer1" }, { reviewer: "Reviewer2" }] });
      expect((json as { reviews: { rating?: unknown }[] }).reviews[0]?.rating).toEqual(rating);
    }
  });

  test("are shown without stars when ratings is down or answers nonsense", async () => {
    for (const answers of [{}, { "ratings/ratings/0": { error: 1 } }]) {
      const { status, json } = await ask("reviews-v2", "/reviews/0", answers);
      expect(status).toBeUndefined();
      expect(json).toMatchObject({ reviews: [{ rating: { error: "Ratings service is currently unavailable" } }, {}] });
    }
  });
});

describe("productpage", () => {
  const reviews = (text: string, stars: number) => ({
    podname: "reviews-v3",
    reviews: [{ reviewer: "Ann", text, rating: { stars, color: "red" } }],
  });

  test("shows details, reviews and stars in one page without other files", async () => {
    const { html = "" } = await ask("productpage", "/productpage", {
      "details/details/0": { id: 0, author: "William Shakespeare" },
      "reviews/reviews/0": reviews("good", 3),
    });
    expect(html).toContain("<dd>William Shakespeare</dd>");
    expect(html).toContain("★★★☆☆");
    expect(html).toContain("served by reviews-v3");
    expect(html).not.toMatch(/<script|<link|src=|url\(/);
  });

  test("takes what others say for text", async () => {
    const { html = "" } = await ask("productpage", "/productpage", { "reviews/reviews/0": reviews("<script>alert(1)</script>", 99) });
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(html).toContain("★★★★★<");
  });

  test("is there without them, and says what is missing", async () => {
    const { status, html } = await ask("productpage", "/productpage");
    expect(status).toBeUndefined();
    expect(html).toContain("Sorry, product details are currently unavailable");
    expect(html).toContain("Sorry, product reviews are currently unavailable");
  });

  test("its API relays, answers 503 for a service that is down and 404 for what is not there", async () => {
    expect(await ask("productpage", "/api/v1/products/0", { "details/details/0": { id: 0 } })).toEqual({ json: { id: 0 } });
    expect(await ask("productpage", "/api/v1/products/0/reviews")).toMatchObject({ status: 503 });
    expect(await ask("productpage", "/api/v1/products/7")).toMatchObject({ status: 404 });
    expect(await ask("productpage", "/api/v1/products/0/toys")).toMatchObject({ status: 404 });
  });
});

describe("an application", () => {
  const started: { stop: () => Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of started.splice(0)) await one.stop();
  });

  const workload: Workload = { name: "reviews-v2", service: "reviews", calls: ["ratings"] };

  async function start(handler: Handler) {
    const seen: Sighting[] = [];
    const app = new App(workload, handler, (sighting) => seen.push(sighting));
    started.push(app);
    return { app, seen, address: await app.start() };
  }

  test("copies the headers of the trace and of the user, and no others, to the requests that it makes", async () => {
    const upstream: Upstream = await openUpstream({ respond: { body: "{}" } });
    started.push(upstream);
    const { app, seen, address } = await start(async ({ call }) => ({ json: await call("ratings", "/ratings/0") }));
    app.connect(new Map([["ratings", upstream.url]]));
    const copied = { traceparent: "a", tracestate: "b", baggage: "c", "end-user": "ann" };
    expect(Object.keys(copied)).toEqual(COPIED);
    const response = await send(address, { path: "/x", headers: { ...copied, cookie: "secret" } });
    expect([response.status, response.json()]).toEqual([200, {}]);
    const [received] = upstream.requests;
    for (const [name, value] of Object.entries(copied)) expect(received?.headerValues(name)).toEqual([value]);
    expect(received?.header("cookie")).toBeUndefined();
    expect(seen).toMatchObject([{ workload: "reviews-v2", method: "GET", path: "/x" }]);
    expect(seen[0]?.headers).toContainEqual(["traceparent", "a"]);
  });

  test("a call to a service that answers with an error, or that it has no way to, rejects", async () => {
    const upstream = await openUpstream({ respond: { status: 503, body: "no" } });
    started.push(upstream);
    const { app, address } = await start(async ({ call }) => ({ json: await call("ratings", "/").catch((error: Error) => error.message) }));
    expect((await send(address, {})).json()).toBe("reviews-v2 has no way to ratings");
    app.connect(new Map([["ratings", upstream.url]]));
    expect((await send(address, {})).json()).toBe("ratings answered 503");
  });

  test("a handler that throws is a 500, another method a 405, /health is there", async () => {
    const { address } = await start(() => {
      throw new Error("broken");
    });
    expect(await send(address, {})).toMatchObject({ status: 500 });
    expect(await send(address, { method: "POST", body: "x" })).toMatchObject({ status: 405 });
    expect((await send(address, { path: "/health" })).json()).toEqual({ status: "reviews-v2 is healthy" });
  });
});
