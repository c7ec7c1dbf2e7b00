import { Body, CloseType, Counter, Deadlines, FilterStatus, Gauge, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { monotonicNanoseconds, PropertyPath, RootContext, TcpContext } from "proxy-wasm-assemblyscript-sdk";
import { Clients, withoutPort } from "./clients";

const SOURCE = PropertyPath.of("source.address");
const HOUR: i64 = 3_600_000_000_000;

export class TcpLimitRoot extends RootContext {
  connectionsPerClient: i32 = 0;
  firstByteTimeout: u64 = 0;
  readonly clients: Clients = new Clients();
  /** Connections that have not said anything yet, by their number. */
  readonly silent: Map<u32, TcpLimit> = new Map<u32, TcpLimit>();
  readonly deadlines: Deadlines = new Deadlines();
  open!: Gauge;
  refused!: Counter;
  timedOut!: Counter;

  configure(json: JsonObject): bool {
    this.connectionsPerClient = <i32>json.integer("connectionsPerClient", 100, 1, 1_000_000);
    this.firstByteTimeout = <u64>json.duration("firstByteTimeout", 10_000_000_000, 0, HOUR);
    this.open = new Gauge("tcp_limit_open");
    this.refused = new Counter("tcp_limit_refused_total");
    this.timedOut = new Counter("tcp_limit_silent_total");
    return json.ok();
  }

  createTcpContext(): TcpContext | null {
    return new TcpLimit(this);
  }

  /** One timer for all: it comes when the next is due. */
  wait(connection: TcpLimit): void {
    if (this.firstByteTimeout == 0) return;
    const now = monotonicNanoseconds();
    this.silent.set(connection.contextId, connection);
    this.deadlines.add(connection.contextId, now + this.firstByteTimeout);
    this.setTickPeriod(this.deadlines.period(now));
  }

  onTick(): void {
    const now = monotonicNanoseconds();
    for (let id = this.deadlines.due(now); id != 0; id = this.deadlines.due(now)) {
      // Those that spoke, or left, in time are not there any more.
      if (!this.silent.has(id)) continue;
      const connection = this.silent.get(id);
      this.silent.delete(id);
      this.timedOut.increment();
      connection.closeConnection();
    }
    this.setTickPeriod(this.deadlines.period(now));
  }
}

class TcpLimit extends TcpContext {
  private client: string = "";
  private counted: bool = false;

  constructor(private root: TcpLimitRoot) {
    super();
  }

  onNewConnection(): FilterStatus {
    const root = this.root;
    const address = this.propertyString(SOURCE);
    this.client = withoutPort(address === null ? "" : address);
    this.counted = true;
    root.open.add(1);
    if (root.clients.add(this.client) > root.connectionsPerClient) {
      root.refused.increment();
      this.closeConnection();
      // Nothing behind this filter hears of it: no connection to the upstream is made.
      return FilterStatus.StopIteration;
    }
    root.wait(this);
    return FilterStatus.Continue;
  }

  onDownstreamData(data: Body, endOfStream: bool): FilterStatus {
    this.root.silent.delete(this.contextId);
    return FilterStatus.Continue;
  }

  onDownstreamClose(by: CloseType): void {
    this.root.silent.delete(this.contextId);
    if (!this.counted) return;
    this.counted = false;
    this.root.clients.remove(this.client);
    this.root.open.add(-1);
  }
}
