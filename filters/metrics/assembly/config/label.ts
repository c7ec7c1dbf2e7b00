import { Bytes, JsonKind, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { isDigit, isWord, PathTemplateValue, readValue, templateProblem } from "../../../../policy";
import { STANDARD } from "../core/dimension";
import { Label, LabelValue, RequestLabel, TemplateLabel } from "../label";

/** What any client may choose freely, and with it the number of series: not without a list of what is allowed. */
const FREE: string[] = [
  "request.path",
  "request.url_path",
  "request.query",
  "request.host",
  "request.useragent",
  "request.referer",
  "request.id",
];

/** Reads where a label's value comes from: `pathTemplates`, a label of Istio's as `standard`, or a value of the request, `in` a list. */
export function readLabel(name: string, json: JsonObject): Label {
  if (json.has("standard")) return new Label(name, json.choice("standard", STANDARD), null);
  if (json.has("pathTemplates")) return new Label(name, -1, readTemplates(json));
  return new Label(name, -1, readRequestLabel(json));
}

function readTemplates(json: JsonObject): LabelValue {
  const array = json.array("pathTemplates");
  const templates: PathTemplateValue[] = [];
  if (array.length == 0 && json.kind("pathTemplates") == JsonKind.Array) json.problem("pathTemplates", "must not be empty");
  for (let i = 0; i < array.length; i++) {
    if (array.kind(i) != JsonKind.String) {
      array.string(i); // notes that it must be one
      continue;
    }
    const template = array.bytes(i);
    const problem = templateProblem(template);
    if (problem.length > 0) array.problem(i, problem);
    templates.push(new PathTemplateValue(template));
  }
  return new TemplateLabel(templates);
}

function readRequestLabel(json: JsonObject): LabelValue | null {
  if (!json.present) return null;
  const value = readValue(json, true);
  const free = json.kind("attribute") == JsonKind.String && FREE.includes(json.string("attribute"));
  if (free && !json.has("in")) json.problem("attribute", "needs in, a list of what is allowed: a client may choose it freely");
  let allowed: Bytes[] | null = null;
  if (json.has("in")) {
    const array = json.array("in");
    if (array.length == 0 && json.kind("in") == JsonKind.Array) json.problem("in", "must not be empty");
    const list: Bytes[] = [];
    for (let i = 0; i < array.length; i++) list.push(array.bytes(i));
    allowed = list;
  }
  return value === null ? null : new RequestLabel(value, allowed);
}

/** As Prometheus has them: letters, digits and `_`, no digit first; `__` is its own. */
export function isLabelName(name: string): bool {
  if (name.length == 0 || name.length > 64 || name.startsWith("__") || isDigit(name.charCodeAt(0))) return false;
  for (let i = 0; i < name.length; i++) if (!isWord(name.charCodeAt(i))) return false;
  return true;
}
