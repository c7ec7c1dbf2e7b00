/** What is wrong with a path that is a template; undefined when nothing is, and for other paths. The module's own verdict is in assembly/config/paths.ts. */
export function templateProblem(path: string): string | undefined {
  if (!isTemplate(path)) return undefined;
  if (!path.startsWith("/")) return "must begin with /";
  const segments = path.split("/").slice(1);
  const any = segments.indexOf("{**}");
  for (const [i, segment] of segments.entries()) {
    if (segment === "{*}" || segment === "{**}") {
      if (any >= 0 && i > any) return "must have nothing but text behind {**}";
    } else if (segment === "") {
      if (i < segments.length - 1) return "must not have an empty segment in a template";
    } else if (!/^[A-Za-z0-9\-._~%!$&'()+,;=:@]+$/.test(segment)) {
      return "must have {*} and {**} as whole segments, and no other braces or stars";
    }
  }
  return undefined;
}

export function isTemplate(path: string): boolean {
  return path.includes("{*}") || path.includes("{**}");
}

/** Whether a path has nothing that a lenient reading takes away. */
export function isPlain(path: string): boolean {
  return !/[?#;\\]|\/\/|\/\.\.?\//.test(path);
}
