import { FilterHeadersStatus, Headers, HttpContext, JsonObject, register, RootContext } from "proxy-wasm-assemblyscript-sdk";
import { HostCalls, MOST, NAMES } from "./host-calls";

/** Makes one host call so many times a request: what that costs, divided, is the call's price. */
class CalibratorRoot extends RootContext {
  calls: HostCalls | null = null;
  call: i32 = 0;
  times: i32 = 0;

  configure(json: JsonObject): bool {
    this.call = json.choice("call", NAMES);
    this.times = <i32>json.integer("times", 0, 0, MOST);
    if (!json.ok()) return false;
    this.calls = new HostCalls();
    return true;
  }

  createHttpContext(): HttpContext | null {
    return new Calibrator(this);
  }
}

class Calibrator extends HttpContext {
  constructor(private root: CalibratorRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const root = this.root;
    const calls = root.calls;
    if (calls === null) return FilterHeadersStatus.Continue;
    for (let i = 0; i < root.times; i++) calls.make(root.call, i);
    return FilterHeadersStatus.Continue;
  }
}

register("calibrator", () => new CalibratorRoot());
