import { Status } from "../abi/enums";
import { Bytes, EMPTY } from "../bytes";
import { ForeignFunction, ForeignResult } from "./call";

const CREATE = new ForeignFunction("expr_create");
const EVALUATE = new ForeignFunction("expr_evaluate");
const DELETE = new ForeignFunction("expr_delete");

/**
 * An expression in CEL over Envoy's attributes, compiled once: make it in `configure`, which also finds mistakes in it. Costs about two reads
 * of a property each time; `.matches()` six. https://github.com/google/cel-spec
 */
export class Expression {
  private constructor(private token: u32) {}

  /** Null when the text is no expression (`lastStatus` BadArgument) or the proxy evaluates none (NotFound). */
  static create(text: Bytes): Expression | null {
    const answer = CREATE.call(text);
    return answer.ok && answer.bytes.length == 4 ? new Expression(load<u32>(answer.bytes.ptr)) : null;
  }

  /**
   * The value for the context whose callback runs, encoded as a property is: text as it is, a bool one byte, numbers 8 bytes. InternalFailure
   * when it has none: an absent attribute or map key, or one of another phase (`request.*` in the response).
   */
  evaluate(): ForeignResult {
    if (this.token == DELETED) return new ForeignResult(Status.NotFound, EMPTY);
    return EVALUATE.call(this.argument());
  }

  /** The value of a condition; `otherwise` when it has none, or is no bool. */
  test(otherwise: bool = false): bool {
    const answer = this.evaluate();
    return answer.ok && answer.bytes.length == 1 ? answer.bytes.at(0) != 0 : otherwise;
  }

  /** Gives it back to the proxy: nothing else does before the VM goes. */
  delete(): void {
    if (this.token != DELETED) DELETE.call(this.argument());
    this.token = DELETED;
  }

  private argument(): Bytes {
    store<u32>(ARGUMENT.ptr, this.token);
    return ARGUMENT;
  }
}

const DELETED: u32 = u32.MAX_VALUE;
const ARGUMENT: Bytes = Bytes.static(memory.data(4, 4), 4);
