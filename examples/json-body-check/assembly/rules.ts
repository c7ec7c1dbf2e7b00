import { Bytes, JsonDocument, JsonKind, JsonObject } from "proxy-wasm-assemblyscript-sdk";

/** In the order of JsonKind, whose 0 is absent. */
const TYPES: string[] = ["any", "null", "boolean", "number", "string", "array", "object"];

class Field {
  constructor(
    readonly name: string,
    readonly type: i32,
  ) {}
}

/** What a body has to be. */
export class Rules {
  private fields: Field[] = [];

  read(config: JsonObject): void {
    const required = config.object("required");
    for (let i = 0; i < required.size; i++) {
      const name = required.keyAt(i);
      this.fields.push(new Field(name, required.choice(name, TYPES)));
    }
  }

  /** What is wrong with a body and where; empty: nothing. */
  check(text: Bytes): string {
    const document = JsonDocument.parse(text);
    // `ok()` would ask for more than JSON: that every field be known here.
    if (document.report().length > 0 || this.fields.length == 0) return document.report();
    if (!document.isObject) return document.report();
    const body = document.root;
    const missing: string[] = [];
    for (let i = 0; i < this.fields.length; i++) {
      const field = this.fields[i];
      const kind = body.kind(field.name);
      if (kind == JsonKind.Absent) missing.push(field.name);
      else if (field.type > 0 && kind != field.type)
        body.problem(field.name, "must be of type " + TYPES[field.type] + ", got " + TYPES[kind]);
    }
    if (missing.length == 0) return document.report();
    return "missing: " + missing.join(", ") + (document.report().length > 0 ? "; " : "") + document.report();
  }
}
