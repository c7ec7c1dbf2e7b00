// What servers make of a path. None does all of it, and no two do the same: a policy must hold for whatever comes out.

const decode = (path: string): string =>
  path.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

/** Each step is one that some server takes, and others do not. */
const STEPS: readonly ((path: string) => string)[] = [
  // Tomcat and Jetty, before they decode; others behind that.
  (path) => path.replace(/;[^/]*/g, ""),
  decode,
  decode,
  // Where a decoded path goes into a URL once more, or into a function of C.
  (path) => path.replace(/[?#\0].*$/s, ""),
  // IIS.
  (path) => path.replaceAll("\\", "/"),
  (path) => path.replace(/;[^/]*/g, ""),
];

/** All that some server may take the target of a request for, from its path on. */
export function readings(target: string): Set<string> {
  const [path = ""] = target.split(/[?#]/, 1);
  let all = new Set([path]);
  for (const step of STEPS) all = new Set([...all].flatMap((one) => [one, step(one)]));
  return new Set([...all].flatMap((one) => [one, walked(one, true), walked(one, false)]));
}

/** Without dot segments; where slashes are merged, an empty segment is none that `..` could leave. */
function walked(path: string, merging: boolean): string {
  const out: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === "..") out.pop();
    if (segment === ".." || segment === "." || (segment === "" && merging)) {
      if (last) out.push("");
    } else out.push(segment);
  }
  return `/${out.join("/")}`;
}
