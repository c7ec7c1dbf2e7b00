import {
  Bytes,
  FilterHeadersStatus,
  Headers,
  HttpContext,
  JsonObject,
  MemoryGauges,
  PropertyPath,
  RootContext,
  Status,
} from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../../../policy";
import { CanaryConfig, readConfig } from "./config";
import { Split } from "./split";

const SPLIT: PropertyPath = PropertyPath.of("xds.route_metadata.filter_metadata").then("meshscript.canary").then("split");

export class CanaryRoot extends RootContext {
  config: CanaryConfig = new CanaryConfig();
  readonly attributes: Attributes = new Attributes();
  private gauges: MemoryGauges | null = null;

  configure(json: JsonObject): bool {
    this.config = readConfig(json);
    if (!json.ok()) return false;
    const gauges = new MemoryGauges("meshscript_canary");
    gauges.report();
    this.gauges = gauges;
    return true;
  }

  createHttpContext(): HttpContext | null {
    const gauges = this.gauges;
    if (gauges !== null) gauges.tick();
    return new Request(this);
  }

  /** The one that the request's route names; null where it names one that is not there, or there is none for routes that name none. */
  splitOf(request: HttpContext): Split | null {
    const named = this.config.named;
    if (named.length == 0) return this.config.unnamed;
    const wanted = request.property(SPLIT);
    if (wanted === null || wanted.length == 0) return this.config.unnamed;
    for (let i = 0; i < named.length; i++) if (named[i].name.equals(wanted)) return named[i];
    return null;
  }
}

class Request extends HttpContext {
  constructor(private readonly own: CanaryRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const own = this.own;
    const header = own.config.header;
    const split = own.splitOf(this);
    let number: Bytes | null = null;
    if (split !== null) number = split.numberOf(own.attributes.of(headers, this));
    // In place of what the client sent: nobody chooses a version for himself.
    if (number !== null && headers.replace(header, number) == Status.Ok) return FilterHeadersStatus.Continue;
    // An edit has the route picked anew: none without need.
    if (headers.has(header) || headers.status != Status.Ok) headers.remove(header);
    return FilterHeadersStatus.Continue;
  }
}
