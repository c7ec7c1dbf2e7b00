// Istio's string patterns, as predicates. Wire text is one character per byte, a policy's text is Unicode: both become bytes.

export type Predicate = (text: string) => boolean;

/** Text as the characters of its UTF-8 bytes. */
export function utf8(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** Text that stands for itself in a regular expression. */
export function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}

/**
 * `*` is the regex `.+`, `*s` a suffix, `p*` a prefix, all else is exact: a star that is neither first nor last is a star, and of two the
 * first counts.
 */
export function stringPattern(value: string): Predicate {
  const pattern = utf8(value);
  if (pattern === "*") return isAnything;
  if (pattern.startsWith("*")) return (text) => text.endsWith(pattern.slice(1));
  if (pattern.endsWith("*")) return (text) => text.startsWith(pattern.slice(0, -1));
  return (text) => text === pattern;
}

/** As a string pattern, but for `*`: it asks whether the header is there, so that the empty value counts. */
export function headerPattern(value: string): Predicate {
  return value === "*" ? () => true : stringPattern(value);
}

/** As a header's, in any case of ASCII letters; no port is added or taken away. */
export function hostPattern(value: string): Predicate {
  const matches = headerPattern(lowerCase(value));
  return (host) => matches(lowerCase(host));
}

/** RE2's `.+`: not empty, no line feed, and valid UTF-8. */
export function isAnything(text: string): boolean {
  return text !== "" && !text.includes("\n") && utf8(Buffer.from(text, "latin1").toString("utf8")) === text;
}

function lowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Where a path pattern has an operator, it is a template. */
export function pathPattern(value: string): Predicate {
  return value.includes("{*}") || value.includes("{**}") ? pathTemplate(value) : stringPattern(value);
}

/**
 * What uri_template of Envoy 1.40 takes in a segment, byte by byte observed in `particular.envoy.test.ts`: all of RFC 3986's pchar. Not in it:
 * `"<>[\\]^`, the backtick and `{|}`; Envoy answers 400 to `#` and to bytes above 0x7e before any filter, and `?` begins the query.
 * `{**}` has the slashes, too, and none of those around it is optional: `/{**}/end` takes `//end`, and neither `/end` nor `/a/end/`.
 */
const SEGMENT = "a-zA-Z0-9\\-._~%!$&'()*+,;=:@";

function pathTemplate(value: string): Predicate {
  const segments = utf8(value).split("/");
  const expression = segments.map((segment) => {
    if (segment === "{*}") return `[${SEGMENT}]+`;
    if (segment === "{**}") return `[${SEGMENT}/]*`;
    return literally(segment);
  });
  const regex = new RegExp(`^${expression.join("\\/")}$`);
  return (path) => regex.test(path);
}
