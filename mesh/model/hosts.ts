/** Host names as Istio reads them: short ones belong to their resource's namespace, and `*` may stand for the first labels. */

/** What Kubernetes appends to names of services. */
export const DOMAIN = "cluster.local";

/** The host of a service of Kubernetes. */
export const hostOf = (name: string, namespace: string) => `${name}.${namespace}.svc.${DOMAIN}`;

/** A host in a resource, in full: a name without a dot is a service of the resource's own namespace; `*` stays. */
export function inFull(host: string, namespace: string): string {
  const lower = host.toLowerCase();
  return lower === "" || lower.includes(".") || lower === "*" ? lower : hostOf(lower, namespace);
}

export const isWildcard = (host: string) => host.startsWith("*");

/** Whether two hosts have a name in common: `*.foo.com` and `a.foo.com`, `*` and everything. */
export function overlap(a: string, b: string): boolean {
  if (isWildcard(a) && isWildcard(b)) {
    const [short, long] = a.length < b.length ? [a, b] : [b, a];
    return long.slice(1).endsWith(short.slice(1));
  }
  return covers(a, b) || covers(b, a);
}

/** Of two that have names in common, the one that has fewer. */
export function narrower(a: string, b: string): string {
  if (!isWildcard(a)) return a;
  if (!isWildcard(b)) return b;
  return a.length > b.length ? a : b;
}

/** Whether every name of the second is one of the first. */
export function covers(pattern: string, host: string): boolean {
  return isWildcard(pattern) ? host.length >= pattern.length - 1 && host.replace(/^\*/, "").endsWith(pattern.slice(1)) : pattern === host;
}

/** Of patterns that cover a host, the narrowest: the host itself, else the longest. */
export function narrowest(host: string, patterns: Iterable<string>): string | undefined {
  let best: string | undefined;
  for (const pattern of patterns) {
    if (pattern === host) return pattern;
    if (isWildcard(pattern) && covers(pattern, host) && (best === undefined || pattern.length > best.length)) best = pattern;
  }
  return best;
}

/** The names by which a client of a namespace may call a host, without ports: Kubernetes' search path. */
export function namesFor(host: string, clientNamespace: string): string[] {
  const dotted = /^[\d.]+$|:/.test(host) ? [] : [`${host}.`];
  const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc\.cluster\.local$/.exec(host) ?? [];
  if (name === undefined || namespace === undefined) return [host, ...dotted];
  const own = namespace === clientNamespace ? [name] : [];
  return [host, ...dotted, ...own, `${name}.${namespace}.svc`, `${name}.${namespace}`];
}
