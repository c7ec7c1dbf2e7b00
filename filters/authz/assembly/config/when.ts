import { Bytes, HeaderName, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { isClaimName } from "../../../../policy";
import { GroupSpec } from "../core/rule";
import { HeaderSubject } from "../subjects/message";
import { claimSubject, MetadataSubject } from "../subjects/metadata";
import { Subject } from "../subjects/subject";
import { FieldReader, Values } from "./fields";

const HEADERS = "request.headers[";
const CLAIMS = "request.auth.claims[";
const EXPERIMENTAL = "experimental.";
const FILTERS = "experimental.envoy.filters.";

/** Keys with one meaning each, and what their values are. */
const KEYS: string[] = [
  "source.ip",
  "source.namespace",
  "source.serviceAccount",
  "source.trustDomain",
  "source.principal",
  "remote.ip",
  "request.auth.principal",
  "destination.ip",
  "destination.port",
  "connection.sni",
];
const KINDS: Values[] = [
  Values.DirectIps,
  Values.Namespaces,
  Values.ServiceAccounts,
  Values.TrustDomains,
  Values.Principals,
  Values.RemoteIps,
  Values.RequestPrincipals,
  Values.DestinationIps,
  Values.Ports,
  Values.ServerNames,
];

/** Reads an entry of `when`: `key`, and `values` or `notValues` or both. */
export function readCondition(json: JsonObject, fields: FieldReader, into: GroupSpec[]): void {
  if (!json.present) return;
  const key = json.string("key");
  const about = aboutOf(key, fields.strict);
  if (fields.strict && isWholePath(key))
    json.problem("key", "must not be the whole path with matching: strict, which knows how `paths` may be written");
  if (about === null) json.problem("key", 'is unknown: "' + key + '"; there are ' + KEYS.join(", ") + MORE);
  if (!json.has("values") && !json.has("notValues")) json.problem("", "needs values or notValues");
  if (about !== null) fields.readCondition(json, "when[" + key + "]", about.values, about.subject, into);
  else {
    json.ignore("values");
    json.ignore("notValues");
  }
}

/** In any case: names of headers have none. */
function isWholePath(key: string): bool {
  return (
    key.startsWith(HEADERS) &&
    key.endsWith("]") &&
    new HeaderName(key.substring(HEADERS.length, key.length - 1)).bytes.equals(HeaderName.PATH.bytes)
  );
}

const MORE =
  ", request.auth.audiences, request.auth.presenter, request.headers[NAME], request.auth.claims[NAME] and experimental.envoy.filters.NAMESPACE[KEY]";

/** What a key means. */
class About {
  constructor(
    readonly values: Values,
    readonly subject: Subject | null,
  ) {}
}

function aboutOf(key: string, strict: bool): About | null {
  const index = KEYS.indexOf(key);
  if (key == "request.auth.audiences") return new About(Values.Texts, claimSubject(["aud"]));
  if (key == "request.auth.presenter") return new About(Values.Texts, claimSubject(["azp"]));
  if (index >= 0) return new About(KINDS[index], null);
  if (!key.endsWith("]")) return null;
  if (key.startsWith(HEADERS)) {
    const name = new HeaderName(key.substring(HEADERS.length, key.length - 1));
    // These two have subjects that know how they can be written.
    if (strict && name.bytes.equals(HeaderName.AUTHORITY.bytes)) return new About(Values.Hosts, null);
    if (strict && name.bytes.equals(HeaderName.METHOD.bytes)) return new About(Values.Methods, null);
    return name.valid ? new About(Values.Headers, new HeaderSubject(HEADERS + name.toString() + "]", name, strict)) : null;
  }
  if (key.startsWith(CLAIMS)) {
    const names = key.substring(CLAIMS.length, key.length - 1).split("][");
    for (let i = 0; i < names.length; i++) if (!isClaimName(names[i]) || names[i].includes("[") || names[i].includes("]")) return null;
    return new About(Values.Texts, claimSubject(names));
  }
  if (!key.startsWith(FILTERS)) return null;
  const open = key.indexOf("[");
  if (open <= FILTERS.length || open == key.length - 2) return null;
  const namespace = key.substring(EXPERIMENTAL.length, open);
  const name = key.substring(open + 1, key.length - 1);
  return new About(Values.Metadata, new MetadataSubject(key, Bytes.of(namespace), [Bytes.of(name)]));
}
