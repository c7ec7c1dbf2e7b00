import { JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { Side } from "../config";
import { STANDARD } from "../core/dimension";
import { Label } from "../label";
import { isLabelName, readLabel } from "./label";

/** Of Istio's Telemetry API; the first is all of them. */
const METRICS: string[] = [
  "ALL_METRICS",
  "REQUEST_COUNT",
  "REQUEST_DURATION",
  "REQUEST_SIZE",
  "RESPONSE_SIZE",
  "TCP_OPENED_CONNECTIONS",
  "TCP_CLOSED_CONNECTIONS",
  "TCP_SENT_BYTES",
  "TCP_RECEIVED_BYTES",
  "GRPC_REQUEST_MESSAGES",
  "GRPC_RESPONSE_MESSAGES",
];
const MODES: string[] = ["CLIENT_AND_SERVER", "CLIENT", "SERVER"];
const OPERATIONS: string[] = ["UPSERT", "REMOVE"];

/** A change of standard metrics, in the words of Istio's Telemetry API. */
export class Override {
  disabled: bool = false;
  readonly removed: string[] = [];
  readonly upserted: Label[] = [];

  constructor(
    private metric: i32,
    private mode: i32,
  ) {}

  /** @param metric which of the standard ones */
  matches(metric: i32, side: Side): bool {
    if (this.metric != 0 && this.metric - 1 != metric) return false;
    return this.mode == 0 || (this.mode == 1) == (side == Side.Source);
  }

  /** The labels with its changes; the same array when it has none. */
  apply(labels: Label[]): Label[] {
    if (this.removed.length == 0 && this.upserted.length == 0) return labels;
    const changed: Label[] = [];
    for (let i = 0; i < labels.length; i++) {
      const name = labels[i].name;
      if (this.removed.includes(name) || indexOf(this.upserted, name) >= 0) continue;
      changed.push(labels[i]);
    }
    for (let i = 0; i < this.upserted.length; i++) changed.push(this.upserted[i]);
    return changed;
  }
}

export function readOverride(json: JsonObject): Override {
  const match = json.object("match");
  const change = new Override(match.choice("metric", METRICS), match.choice("mode", MODES));
  change.disabled = json.boolean("disabled", false);
  const tags = json.object("tagOverrides");
  for (let i = 0; i < tags.size; i++) {
    const name = tags.keyAt(i);
    const tag = tags.object(name);
    if (!tag.present) continue;
    const operation = tag.choice("operation", OPERATIONS);
    if (operation == 1) {
      if (!STANDARD.includes(name)) tags.problem(name, "is none of Istio's labels");
      if (tag.has("value")) tag.problem("value", "is nothing that is removed");
      change.removed.push(name);
      continue;
    }
    if (!isLabelName(name)) tags.problem(name, "must be a label's name: letters, digits and _, no digit first, not __ in front");
    const value = tag.object("value");
    if (!tag.has("value")) tag.problem("", "value is missing");
    change.upserted.push(readLabel(name, value));
  }
  return change;
}

function indexOf(labels: Label[], name: string): i32 {
  for (let i = 0; i < labels.length; i++) if (labels[i].name == name) return i;
  return -1;
}
