import { usage } from "../parse.ts";

const MOST = 2 ** 31 - 1;

/** `v2=90 v3=10`. @throws MeshscriptError MS0504 for what is no weight, for a subset twice, and when nobody gets anything */
export function weightsOf(texts: readonly string[]): Map<string, number> {
  const weights = new Map<string, number>();
  for (const text of texts) {
    const [, subset = "", number = ""] = /^([^=]+)=(\d{1,10})$/.exec(text) ?? [];
    if (subset === "" || Number(number) > MOST) {
      throw usage("MS0504", `a weight is SUBSET=NUMBER, a whole number, got ${JSON.stringify(text)}`, "write for example v2=90 v3=10");
    }
    if (weights.has(subset)) throw usage("MS0504", `the subset ${subset} has two weights`, "give each subset one");
    weights.set(subset, Number(number));
  }
  if (sumOf([...weights.values()]) === 0) throw usage("MS0504", "all weights are 0: nobody would get a request", "give one of them more");
  return weights;
}

/** What weights that do not sum to 100 mean: Istio divides by their sum. Undefined where they do. */
export function sharesOf(weights: readonly { name: string; weight: number }[]): string | undefined {
  const sum = sumOf(weights.map(({ weight }) => weight));
  if (sum === 100) return undefined;
  const shares = weights.map(({ name, weight }) => `${name} ${percent(weight / sum)}`);
  return `the weights sum to ${sum}, and Istio divides by that: ${shares.join(", ")}`;
}

/** 0.5 -> "50 %", 1/3 -> "33.33 %" */
export const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);
