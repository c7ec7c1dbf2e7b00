import { Bytes, HeaderName, JsonKind, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { oneOf } from "./one-of";
import { Value } from "./value";
import { attributeNames, attributeValue } from "./values/attribute";
import { ClaimValue, isClaimName } from "./values/claim";
import { ClientIpValue } from "./values/client-ip";
import { ConstantValue } from "./values/constant";
import { CookieValue } from "./values/cookie";
import { headerValue } from "./values/header";
import { PathSegmentValue } from "./values/path";
import { PathTemplateValue, templateProblem } from "./values/path-template";
import { PrincipalValue } from "./values/principal";
import { QueryValue } from "./values/query";
import { TraceIdValue } from "./values/trace-id";

const NAMES: string[] = [
  "header",
  "cookie",
  "query",
  "pathSegment",
  "pathTemplate",
  "clientIp",
  "principal",
  "claim",
  "traceId",
  "attribute",
  "constant",
];

/** Segments that a configuration may ask for; far more than paths have. */
const MOST_SEGMENT = 255;

/**
 * Reads the one value that an object names, or notes a problem and answers null. Other keys of the object are the caller's.
 *
 * @param masks `clientIp` may be cut to a network: `maskV4` [32] and `maskV6` [64, what one subscriber has]
 */
export function readValue(object: JsonObject, masks: bool = false): Value | null {
  const found = oneOf(object, NAMES, "value");
  const value = read(object, found, masks);
  if (value !== null) value.identity = identityOf(object, found);
  return value;
}

/** Told apart are values that are read from a text or a number; the others are what they are called, but for masks. */
function identityOf(object: JsonObject, found: string): string {
  const kind = object.kind(found);
  if (kind == JsonKind.String) return found + " " + object.string(found);
  if (kind == JsonKind.Number) return found + " " + object.integer(found).toString();
  return found == "principal" || found == "traceId" ? found : "";
}

function read(object: JsonObject, found: string, masks: bool): Value | null {
  if (found == "header") return header(object);
  if (found == "cookie") return cookie(object);
  if (found == "query") return query(object);
  if (found == "pathSegment") return new PathSegmentValue(<i32>object.integer(found, 0, 0, MOST_SEGMENT));
  if (found == "pathTemplate") return pathTemplate(object);
  if (found == "clientIp") return clientIp(object.object(found), masks);
  if (found == "principal") {
    object.object(found);
    return new PrincipalValue();
  }
  if (found == "claim") return claim(object);
  if (found == "traceId") {
    object.object(found);
    return new TraceIdValue();
  }
  if (found == "attribute") return attribute(object);
  if (found == "constant") return new ConstantValue(object.bytes(found));
  return null;
}

function header(object: JsonObject): Value | null {
  const name = object.string("header");
  const made = headerValue(name);
  if (made === null) object.problem("header", 'must be a header name, got "' + name + '"');
  return made;
}

/** Cookies have tokens for names, as headers do (RFC 6265, 4.1.1), but their case counts. */
function cookie(object: JsonObject): Value | null {
  const name = object.string("cookie");
  if (new HeaderName(name).valid && !name.startsWith(":")) return new CookieValue(Bytes.of(name));
  object.problem("cookie", "must be a cookie's name");
  return null;
}

function query(object: JsonObject): Value | null {
  const name = object.bytes("query");
  if (name.length > 0 && name.indexOf(0x26) < 0 && name.indexOf(0x3d) < 0 && name.indexOf(0x23) < 0) return new QueryValue(name);
  object.problem("query", "must be a parameter's name as it stands in the path: not empty, without & = and #");
  return null;
}

function pathTemplate(object: JsonObject): Value | null {
  const template = object.bytes("pathTemplate");
  const problem = templateProblem(template);
  if (!problem.length) return new PathTemplateValue(template);
  object.problem("pathTemplate", problem);
  return null;
}

function clientIp(object: JsonObject, masks: bool): Value {
  if (!masks) return new ClientIpValue();
  return new ClientIpValue(<i32>object.integer("maskV4", 32, 0, 32), <i32>object.integer("maskV6", 64, 0, 128));
}

function claim(object: JsonObject): Value | null {
  const names: string[] = [];
  if (object.kind("claim") == JsonKind.Array) {
    const array = object.array("claim");
    for (let i = 0; i < array.length; i++) names.push(array.string(i));
  } else if (object.kind("claim") == JsonKind.String) names.push(object.string("claim"));
  let valid = names.length > 0;
  for (let i = 0; i < names.length; i++) valid = valid && isClaimName(names[i]);
  if (valid) return new ClaimValue(names);
  object.problem("claim", "must be a claim's name, or a list of names that leads to a nested one");
  return null;
}

function attribute(object: JsonObject): Value | null {
  const name = object.string("attribute");
  const value = attributeValue(name);
  if (value === null) object.problem("attribute", "must be one of " + attributeNames() + ', got "' + name + '"');
  return value;
}
