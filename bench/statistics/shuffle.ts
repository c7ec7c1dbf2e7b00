import type { Random } from "../../test/support/seeded.ts";

/** The same in another order (Fisher and Yates). */
export function shuffled<T>(all: readonly T[], random: Random): T[] {
  const result = [...all];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}
