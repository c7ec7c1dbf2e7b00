import { Bytes, HeaderName, JsonKind, JsonObject, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { Cost, CostSource } from "../cost";
import { MOST_REQUESTS } from "../route";

const CHARGES: string[] = ["before", "after"];
/** Attributes that a cost may be, and how many of them, from the left, are there before the response. */
const COSTS: string[] = ["request.size", "request.total_size", "response.size", "response.total_size"];
const EARLY_COSTS = 1;

export function readCost(json: JsonObject): Cost {
  const kind = json.kind("cost");
  if (kind != JsonKind.Object) {
    const number = <u32>json.integer("cost", 1, 1, MOST_REQUESTS);
    return new Cost(CostSource.Number, number, i32.MAX_VALUE, json.choice("charge", CHARGES, 0) == 1);
  }
  const object = json.object("cost");
  const found = (object.has("header") ? 1 : 0) + (object.has("responseHeader") ? 1 : 0) + (object.has("attribute") ? 1 : 0);
  if (found != 1) object.problem("", "needs one of: header, responseHeader, attribute");
  const otherwise = <u32>object.integer("default", 1, 0, MOST_REQUESTS);
  const most = <u32>object.integer("max", MOST_REQUESTS, 1, MOST_REQUESTS);
  let source = CostSource.Attribute;
  let header = HeaderName.PATH;
  let path = new PropertyPath(Bytes.of(""));
  let late = false;
  if (object.has("header")) {
    source = CostSource.RequestHeader;
    header = readHeader(object, "header");
  }
  if (object.has("responseHeader")) {
    source = CostSource.ResponseHeader;
    header = readHeader(object, "responseHeader");
    late = true;
  }
  if (object.has("attribute")) {
    const which = object.choice("attribute", COSTS, 0);
    path = PropertyPath.of(COSTS[which]);
    late = which >= EARLY_COSTS;
  }
  const after = json.choice("charge", CHARGES, late ? 1 : 0) == 1;
  if (late && !after) json.problem("charge", "must be after: the cost is not known before the response");
  return new Cost(source, otherwise, most, after, header, path);
}

function readHeader(json: JsonObject, key: string): HeaderName {
  const text = json.string(key);
  const name = new HeaderName(text);
  if (!name.valid || text.startsWith(":")) json.problem(key, 'must be a header name, got "' + text + '"');
  return name;
}
