/** Seconds of Istio's durations: `1h`, `90s`, `1m30s`, `250ms`. */
export function seconds(text: string): number {
  const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };
  return [...text.matchAll(/([\d.]+)(h|ms|us|µs|ns|m|s)/g)].reduce(
    (sum, [, n = "0", unit = "s"]) => sum + Number(n) * (units[unit] ?? 1),
    0,
  );
}

/** The same in the form that Envoy reads: seconds with up to nine digits behind the point. */
export function envoyDuration(text: string): string {
  return `${Number(seconds(text).toFixed(9))}s`;
}
