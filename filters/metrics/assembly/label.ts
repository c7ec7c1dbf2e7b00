import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, PathTemplateValue, Value } from "../../../policy";

const OTHER: Bytes = Bytes.of("other");
const UNKNOWN: Bytes = Bytes.of("unknown");

/** A label of a metric, and where its value comes from. */
export class Label {
  constructor(
    readonly name: string,
    /** Of Istio's; -1: of `value`. */
    readonly dimension: i32,
    private value: LabelValue | null,
  ) {}

  /** Of a label that is not Istio's. */
  read(from: Attributes): Bytes {
    const value = this.value;
    return value === null ? UNKNOWN : value.of(from);
  }
}

/** What a label of one's own says. */
export abstract class LabelValue {
  abstract of(from: Attributes): Bytes;
}

/** A value of the request: `unknown` where it is absent or repeated, `other` where it is none of those that are allowed. */
export class RequestLabel extends LabelValue {
  /** @param allowed null: any */
  constructor(
    private value: Value,
    private allowed: Bytes[] | null,
  ) {
    super();
  }

  of(from: Attributes): Bytes {
    const found = this.value.unique(from);
    if (found === null) return UNKNOWN;
    const allowed = this.allowed;
    if (allowed === null) return found;
    for (let i = 0; i < allowed.length; i++) if (allowed[i].equals(found)) return found;
    return OTHER;
  }
}

/** The first of several templates that the path matches; `other` where it matches none. */
export class TemplateLabel extends LabelValue {
  constructor(private templates: PathTemplateValue[]) {
    super();
  }

  of(from: Attributes): Bytes {
    for (let i = 0; i < this.templates.length; i++) {
      const found = this.templates[i].at(from, 0);
      if (found !== null) return found;
    }
    return OTHER;
  }
}
