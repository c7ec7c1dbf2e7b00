import { proxy_done, proxy_get_buffer_bytes, proxy_set_tick_period_milliseconds } from "../abi/imports";
import { BufferType, Status } from "../abi/enums";
import { clearOut, OUT, OUT_LENGTH, outBytes, setLastStatus } from "../abi/out";
import { Bytes, EMPTY } from "../bytes";
import { Headers } from "../headers/headers";
import { JsonDocument } from "../json/document";
import { JsonObject } from "../json/object";
import { log } from "../log";
import { SharedQueue } from "../shared-queue";
import { BaseContext } from "./base";
import { activate } from "./callback";
import { HttpContext } from "./http";
import { find } from "./registry";
import { TcpContext } from "./tcp";

/**
 * One configuration of the plugin in one VM. Envoy makes 2 + N of them for N workers: one to try the configuration, one on the main
 * thread that lives on and ticks, and one a worker. State in fields is therefore per worker; what all share goes to `SharedData`.
 */
export abstract class RootContext extends BaseContext {
  /** @internal */
  _name: string = "";
  /** @internal Why it refuses its configuration is in the log already. */
  _told: bool = false;
  /** @internal The stream that `onLogOnly` is about; 0: none. */
  _logged: u32 = 0;

  /** @internal The root that it is fused into, and its place there; null: it is alone. */
  _whole: RootContext | null = null;
  /** @internal */
  _place: i32 = 0;

  /** @internal */
  _reads(): u32 {
    return this._logged != 0 ? this._logged : this._id;
  }

  /** The name that the module registered. */
  get name(): string {
    return this._name;
  }

  /**
   * Takes the plugin's configuration. Envoy refuses the configuration when this answers false, and when anything in `config` was
   * wrong or left unread; then one log line says what and where. An empty configuration reads as `{}`.
   */
  configure(config: JsonObject): bool {
    return config.ok();
  }

  /** The configuration as it came, for plugins whose configuration is not JSON. The default reads it as JSON and calls `configure`. */
  onConfigure(configuration: Bytes): bool {
    const document = JsonDocument.parse(configuration.length == 0 ? NOTHING : configuration);
    const accepted = document.isObject ? this.configure(document.root) : false;
    if (!document.ok()) {
      log.error("[" + this._name + " #" + this._id.toString() + "] configuration refused: " + document.report());
      return false;
    }
    if (!accepted && !this._told) log.error("[" + this._name + " #" + this._id.toString() + "] configuration refused");
    return accepted;
  }

  /** The object for a new HTTP stream; null: this plugin takes no part in HTTP. */
  createHttpContext(): HttpContext | null {
    return null;
  }

  /** The object for a new TCP connection; null: this plugin takes no part in TCP. */
  createTcpContext(): TcpContext | null {
    return null;
  }

  /** The HTTP stream of this id, which this root made; null when it is over. For timers and queues: a `Deadlines` keeps ids. */
  httpContext(id: u32): HttpContext | null {
    const context = find(id);
    if (context === null || context._id != id || context._rootId != this._id || !(context instanceof HttpContext)) return null;
    return (<HttpContext>context)._part(this._place);
  }

  /**
   * A stream that only `onLog` ever heard of: Envoy answered it before the filter chain (bad request, an earlier filter's reply). For a plugin
   * that is an access logger (`envoy.access_loggers.wasm`), every stream. For a plugin without callbacks of HTTP as well: then that is all that a
   * stream costs. Properties are the stream's.
   */
  onLogOnly(requestHeaders: Headers): void {}

  /** The timer set with `setTickPeriod`. Also runs on Envoy's main thread. */
  onTick(): void {}

  /**
   * Something has come into a queue that this root has registered: take out until `dequeue` answers null. Envoy calls once for each item, also
   * when an earlier call took it already, and only the VM that registered last, one for all workers.
   */
  onQueueReady(queue: SharedQueue): void {}

  /**
   * Makes a queue of this VM's vm_id, or finds it, and has this root told of what comes in (`onQueueReady`). Register while configuring: every
   * worker does, and the last one is told. Null when Envoy refuses.
   */
  registerQueue(name: Bytes): SharedQueue | null {
    const queue = activate(this._id) == Status.Ok ? SharedQueue._register(name) : null;
    const whole = this._whole;
    if (queue !== null && whole !== null) whole._partListens(this._place, queue);
    return queue;
  }

  /**
   * This configuration is being taken down. False: not before `done()` is called; until then ticks and answers go on. Envoy keeps that only
   * while the VM has another root: with the last one it drops the VM at once.
   */
  onDone(): bool {
    return true;
  }

  /** Ends what `onDone` put off with false. NotFound when nothing was put off. */
  done(): Status {
    const whole = this._whole;
    if (whole !== null) return whole._partDone(this._place);
    const status = activate(this._id);
    return status == Status.Ok ? setLastStatus(proxy_done()) : status;
  }

  onDelete(): void {}

  /** Milliseconds between ticks, from now; 0 stops them. Envoy adds up to one kernel jiffy (4 ms at 250 Hz) to each. */
  setTickPeriod(milliseconds: u32): Status {
    const whole = this._whole;
    if (whole !== null) return whole._partTicks(this._place, milliseconds);
    const status = activate(this._id);
    return status == Status.Ok ? setLastStatus(proxy_set_tick_period_milliseconds(milliseconds)) : status;
  }

  /** @internal A stream is over of which it has no object. */
  _logs(stream: u32, requestHeaders: Headers): void {
    this._logged = stream;
    this.onLogOnly(requestHeaders);
    this._logged = 0;
  }

  /** @internal What its parts ask of it; it has none. */
  _partTicks(place: i32, milliseconds: u32): Status {
    return Status.NotFound;
  }

  /** @internal */
  _partDone(place: i32): Status {
    return Status.NotFound;
  }

  /** @internal */
  _partListens(place: i32, queue: SharedQueue): void {}

  /**
   * Logs that the host lacks something that this root cannot do without, and answers false: for `configure`.
   *
   * @param what "time", "shared data"
   * @param functions that `capability_restriction_config` has to allow
   */
  lacks(what: string, functions: string): bool {
    this._told = true;
    log.error(
      "[" +
        this._name +
        " #" +
        this._id.toString() +
        "] the host gives no " +
        what +
        ": allow " +
        functions +
        " in capability_restriction_config",
    );
    return false;
  }

  /** `vm_config.configuration`, the same for all plugins of the VM. Readable while configuring. */
  vmConfiguration(): Bytes {
    return readConfiguration(BufferType.VmConfiguration);
  }
}

const NOTHING: Bytes = Bytes.of("{}");

/** @internal */
export function readConfiguration(type: BufferType): Bytes {
  clearOut();
  const status = proxy_get_buffer_bytes(type, 0, i32.MAX_VALUE, OUT, OUT_LENGTH);
  return setLastStatus(status) == Status.Ok ? outBytes() : EMPTY;
}
