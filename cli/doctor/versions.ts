/** The first release of each line with the security fixes known when this meshscript was made. */
const PATCHED = ["1.36.10", "1.37.6", "1.38.4", "1.39.1", "1.40.0"] as const;

/** `atLeast("20.20.2", "20.19.0")` is true. Missing parts count as 0, a suffix like `-dev` is not looked at. */
export function atLeast(version: string, minimum: string): boolean {
  const [a, b] = [numbers(version), numbers(minimum)];
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** The release to upgrade to, or undefined when this version has the fixes. */
export function patchFor(version: string): string | undefined {
  const [major = 0, minor = 0] = numbers(version);
  const sameLine = PATCHED.find((patched) => numbers(patched)[0] === major && numbers(patched)[1] === minor);
  const needed = sameLine ?? PATCHED[PATCHED.length - 1] ?? "";
  return atLeast(version, needed) ? undefined : needed;
}

function numbers(version: string): number[] {
  return version
    .split(/[.-]/)
    .slice(0, 3)
    .map((part) => Number.parseInt(part, 10) || 0);
}
