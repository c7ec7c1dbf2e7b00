import { JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { Conditions, isDigit, isWord, readConditions } from "../../../../policy";
import { OwnMetric } from "../config";
import { Label } from "../label";
import { Measure } from "../measure";
import { Metric, MetricType } from "../metric";
import { isLabelName, readLabel } from "./label";

const TYPES: string[] = ["COUNTER", "GAUGE", "HISTOGRAM"];
/** In the order of `Measure`. */
const VALUES: string[] = ["1", "request.duration", "request.total_size", "response.total_size", "request.size", "response.size"];
const MOST_LABELS: i32 = 32;

export function readMetric(json: JsonObject): OwnMetric {
  const name = json.string("name");
  if (!json.has("name")) json.problem("", "name is missing");
  else if (!isMetricName(name)) json.problem("name", "must be a metric's name: letters, digits, _ and :, no digit first");
  const type = <MetricType>json.choice("type", TYPES);
  const measure = <Measure>json.choice("value", VALUES);
  const labels: Label[] = [];
  const object = json.object("labels");
  if (object.size > MOST_LABELS) json.problem("labels", "must be 32 at most");
  for (let i = 0; i < object.size; i++) {
    const label = object.keyAt(i);
    if (!isLabelName(label)) object.problem(label, "must be a label's name: letters, digits and _, no digit first, not __ in front");
    labels.push(readLabel(label, object.object(label)));
  }
  const when = json.array("when");
  const conditions = readConditions(when);
  let asked: Conditions | null = null;
  if (when.length > 0) asked = conditions;
  return new OwnMetric(new Metric(name, type, measure), labels, asked);
}

function isMetricName(name: string): bool {
  if (name.length == 0 || name.length > 128 || isDigit(name.charCodeAt(0))) return false;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (!isWord(unit) && unit != 0x3a) return false;
  }
  return true;
}
