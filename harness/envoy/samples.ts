/** One line of Prometheus's text format. */
export interface Sample {
  /** `istio_requests_total`; of a histogram with `_bucket`, `_sum` or `_count`. */
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/s;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/gs;
const ESCAPES: Record<string, string> = { n: "\n", '"': '"', "\\": "\\" };

/**
 * Reads what `/stats/prometheus` says. Comments are left out, and what is no sample is too.
 * @example
 * const refused = samplesOf(await envoy.prometheus(), "istio_requests_total").filter(({ labels }) => labels["response_code"] === "403");
 */
export function samplesOf(text: string, metric?: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    if (line.startsWith("#") || (metric !== undefined && !line.startsWith(metric))) return [];
    const [, name, inside = "", value] = LINE.exec(line) ?? [];
    if (name === undefined || (metric !== undefined && name !== metric)) return [];
    return [{ name, labels: labelsOf(inside), value: numberOf(value) }];
  });
}

function labelsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(LABEL)].map(([, name = "", value = ""]): [string, string] => [name, unescaped(value)]);
  return Object.fromEntries(pairs);
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (whole, letter: string) => ESCAPES[letter] ?? whole);
}

/** Infinity is written `+Inf`. */
function numberOf(text = ""): number {
  return /^[+-]?Inf$/.test(text) ? Number(`${text}inity`) : Number(text);
}
