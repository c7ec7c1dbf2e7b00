import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { isDigit } from "../../../../policy";

const COMMA: u8 = 0x2c;

/**
 * A count of the text that grpc_stats leaves, `REQUESTS,RESPONSES`; -1 when it is not of that form.
 *
 * @param at 0: messages of the request, 1: of the response
 */
export function messagesIn(text: Bytes, at: i32): i64 {
  const comma = text.indexOf(COMMA);
  if (comma < 0) return -1;
  const digits = at == 0 ? text.slice(0, comma) : text.slice(comma + 1);
  // 18 digits cannot overflow.
  if (digits.length == 0 || digits.length > 18) return -1;
  let count: i64 = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.at(i);
    if (!isDigit(digit)) return -1;
    count = count * 10 + (digit - 0x30);
  }
  return count;
}
