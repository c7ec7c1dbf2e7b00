import { randomBytes } from "node:crypto";
import { type HttpResponse, IncompleteResponse } from "../../harness/index.ts";
import { RATINGS_LIMIT } from "../filters.ts";
import { accountOf } from "../identities.ts";
import type { Hop } from "../recorder.ts";
import { USER } from "../services/app.ts";
import { inbound } from "../topology.ts";
import type { Exchange } from "../watch.ts";
import { sendAsFarAsRatings } from "./as-far-as-ratings.ts";
import { growth } from "./growth.ts";
import type { StepRun, TourStep } from "./step.ts";

const PART = "ratelimit";
const { name: LIMIT, requests: BURST } = RATINGS_LIMIT;
/** One comes back after so many seconds, a minute's share. */
const SECONDS = 60 / BURST;
const REVIEWS = "/api/v1/products/0/reviews";
const UNAVAILABLE = "Ratings service is currently unavailable";

/** A user whom nobody has seen yet: so that the tour can be made again without a wait. */
const newUser = (name: string) => `${name}-${randomBytes(3).toString("hex")}`;

/** A request that went as far as ratings' sidecar: what that one did, and what reviews was told. */
interface Ask {
  user: string;
  exchange: Exchange;
  /** Which version of reviews it was. */
  by: string;
  atRatings: Hop;
  atReviews: Hop;
}

/** Asks the ingress for a user, until ratings is asked. */
async function ask(step: StepRun, user: string, path = REVIEWS): Promise<Ask> {
  const exchange = await sendAsFarAsRatings(step, { path, headers: { [USER]: user } });
  const atRatings = exchange.hops.find(({ name }) => name === inbound("ratings"));
  const atReviews = exchange.hops.find(({ name }) => name.endsWith(" outbound ratings"));
  if (atRatings === undefined || atReviews === undefined) throw new Error("ratings was not asked by reviews");
  return { user, exchange, by: atReviews.name.split(" ", 1)[0] ?? "", atRatings, atReviews };
}

/** Asks ratings' sidecar as reviews does, for what only its caller gets to see. */
async function askAsReviews(step: StepRun, user: string): Promise<HttpResponse> {
  const identity = await step.mesh.authority?.issue({ serviceAccount: accountOf("reviews") });
  const answer = await step.sendTo("ratings", { path: "/ratings/0", headers: { [USER]: user }, ...(identity ? { identity } : {}) });
  if (answer instanceof IncompleteResponse) throw answer;
  return answer;
}

/** Uses up all that a user may ask. */
async function spend(step: StepRun, user: string): Promise<void> {
  const statuses: number[] = [];
  for (let n = 0; n < BURST; n++) statuses.push((await askAsReviews(step, user)).status);
  step.same(
    `the first ${BURST} of ${user} are admitted`,
    statuses,
    statuses.map(() => 200),
  );
}

const hasStars = ({ response }: Exchange) => response.text().includes('"stars":5');

/** `"per-user";r=4;t=12`: how many are left. */
const remaining = (header: string | undefined) => Number(new RegExp(`^"${LIMIT}";r=(\\d+)(;|$)`).exec(header ?? "")?.[1] ?? Number.NaN);

const admitted: TourStep = {
  part: PART,
  claim: `ratings admits a user up to ${BURST} times at once, and each answer tells reviews how many are left`,
  run: async (step) => {
    const user = newUser("ann");
    const asks: Ask[] = [];
    for (let n = 0; n < BURST; n++) asks.push(await ask(step, user));
    for (const { by, atReviews } of asks) step.saw(`${by} got ${atReviews.status}, ratelimit: ${atReviews.told["ratelimit"] ?? "none"}`);
    step.same(
      "all were answered",
      asks.map(({ atRatings }) => atRatings.status),
      asks.map(() => 200),
    );
    const verdicts = asks.map(({ atRatings }) => atRatings.verdicts[PART]);
    step.same(
      "the sidecar of ratings noted each",
      verdicts,
      asks.map(() => "verdict=admitted"),
    );
    const left = asks.map(({ atReviews }) => remaining(atReviews.told["ratelimit"]));
    step.same(
      "the number that is left falls to none",
      left,
      asks.map((_, i) => BURST - 1 - i),
    );
    step.check(
      "all reviews have stars",
      asks.every(({ exchange }) => hasStars(exchange)),
    );
  },
};

const refused: TourStep = {
  part: PART,
  claim: "the next one gets 429 and the time to wait; the page still comes, without stars, and ratings hears of nothing",
  run: async (step) => {
    const user = newUser("ann");
    await spend(step, user);
    const { exchange, by, atRatings } = await ask(step, user, "/productpage");
    const page = exchange.response.text();
    step.saw(`the page is ${exchange.response.status}, by ${by}: ${page.includes(UNAVAILABLE) ? UNAVAILABLE : "with stars"}`);
    step.saw(`the sidecar of ratings noted ${atRatings.verdicts[PART] ?? "nothing"}`);
    step.same("the page is there", exchange.response.status, 200);
    step.check("it shows its reviews without stars", page.includes(`served by ${by}`) && page.includes(UNAVAILABLE) && !page.includes("★"));
    step.same(
      "the sidecar of ratings says who refused",
      [atRatings.status, atRatings.verdicts[PART]],
      [429, `verdict=refused limit=${LIMIT}`],
    );
    const reached = exchange.sightings.map(({ workload }) => workload);
    step.check("the application of ratings heard nothing of it", !reached.includes("ratings"), `reached: ${reached.join(", ")}`);

    const answer = await askAsReviews(step, user);
    const told = ["retry-after", "ratelimit-policy", "ratelimit"].map((name) => `${name}: ${answer.header(name) ?? "none"}`);
    step.saw([`ratings answers ${answer.status} ${answer.text()}`, ...told].join("\n"));
    step.same("status and body", [answer.status, answer.text()], [429, "Too many requests"]);
    const wait = Number(answer.header("retry-after"));
    step.check(
      "Retry-After is when the next one comes",
      wait > SECONDS / 2 && wait <= SECONDS,
      `got ${answer.header("retry-after") ?? "none"}`,
    );
    step.same("the policy", answer.header("ratelimit-policy"), `"${LIMIT}";q=${BURST};w=60`);
    step.same("nothing is left, for just as long", answer.header("ratelimit"), `"${LIMIT}";r=0;t=${wait}`);
  },
};

const apart: TourStep = {
  part: PART,
  claim: "what one user has used up, another still has",
  run: async (step) => {
    const [ann, bob] = [newUser("ann"), newUser("bob")];
    await spend(step, ann);
    const both = [await ask(step, ann), await ask(step, bob)];
    for (const { user, exchange, atReviews } of both) {
      const stars = hasStars(exchange) ? "stars" : "no stars";
      step.saw(`${user}: ${atReviews.status}, ${stars}, ratelimit: ${atReviews.told["ratelimit"] ?? "none"}`);
    }
    step.same(
      "one is refused, the other is served",
      both.map(({ atRatings }) => atRatings.status),
      [429, 200],
    );
    step.same("the other has used one", remaining(both[1]?.atReviews.told["ratelimit"]), BURST - 1);
  },
};

const counted: TourStep = {
  part: PART,
  claim: "ratings' Envoy counts exactly what was admitted and what was refused",
  run: async (step) => {
    const user = newUser("cy");
    const over = 2;
    const counters = `wasm_filter\\.ratelimit\\.limit=\\.=${LIMIT};\\.;meshscript_ratelimit_(admitted|refused)_total$`;
    const grown = await growth(step, "ratings", counters, async () => {
      for (let n = 0; n < BURST + over; n++) await askAsReviews(step, user);
    });
    for (const [name, more] of grown) step.saw(`${name}: +${more}`);
    step.same("by how much", Object.fromEntries(grown.map(([name, more]) => [name.replace(/^.*;\.;/, ""), more])), {
      meshscript_ratelimit_admitted_total: BURST,
      meshscript_ratelimit_refused_total: over,
    });
  },
};

export const ratelimit: readonly TourStep[] = [admitted, refused, apart, counted];
