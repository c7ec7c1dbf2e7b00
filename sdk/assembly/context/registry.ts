import { proxy_get_property } from "../abi/imports";
import { Status } from "../abi/enums";
import { clearOut, OUT, OUT_LENGTH, outBytes } from "../abi/out";
import { log } from "../log";
import { PropertyPath } from "../property";
import { BaseContext } from "./base";
import { HttpContext } from "./http";
import { RootContext } from "./root";
import { IdTable } from "./table";
import { TcpContext } from "./tcp";

/** What `register` is given: makes the root of one configuration. */
export type RootFactory = () => RootContext;

const names: string[] = [];
const factories: RootFactory[] = [];

/**
 * Names a root. Called at the top level of a filter's index.ts, once for each root that the module holds. A module with one root
 * takes any `root_id`; one with several goes by the name, and refuses a configuration with another.
 */
export function register(name: string, factory: RootFactory): void {
  names.push(name);
  factories.push(factory);
}

/** @internal Moves what was registered so far to where it is one root's parts. */
export function takeRegistered(toNames: string[], toFactories: RootFactory[]): void {
  for (let i = 0; i < names.length; i++) {
    toNames.push(names[i]);
    toFactories.push(factories[i]);
  }
  names.length = 0;
  factories.length = 0;
}

/**
 * Contexts by Envoy's id. An id leads to its object; that of a stream whose type is not yet known leads to its root, whose own id
 * differs from the key: so a stream that no callback but `log` ever reaches costs no object.
 */
const contexts: IdTable<BaseContext> = new IdTable<BaseContext>();

/** A root or stream came to be. For a root the object is made when its `root_id` can be read: see `root`. */
export function created(id: u32, parent: u32): void {
  if (parent == 0) return;
  const root = contexts.get(parent);
  if (root !== null) contexts.set(id, root);
}

const ROOT_ID: PropertyPath = PropertyPath.of("plugin_root_id");

/** The root of this id, made at its first configuration; null when the plugin's root_id names none of ours. */
export function openRoot(id: u32): RootContext | null {
  const known = contexts.get(id);
  if (known !== null) return known instanceof RootContext ? <RootContext>known : null;
  const index = factories.length == 1 ? 0 : indexOfRootId();
  if (index < 0) return null;
  const root = factories[index]();
  root._id = id;
  root._rootId = id;
  root._name = names[index];
  contexts.set(id, root);
  return root;
}

function indexOfRootId(): i32 {
  clearOut();
  const status = proxy_get_property(ROOT_ID.bytes.ptr, ROOT_ID.bytes.length, OUT, OUT_LENGTH);
  const rootId = status == Status.Ok ? outBytes().toString() : "";
  const index = names.indexOf(rootId);
  if (index < 0) log.error('root_id "' + rootId + '" is none of this module: ' + names.join(", "));
  return index;
}

export function root(id: u32): RootContext | null {
  const context = contexts.get(id);
  return context !== null && context._id == id && context instanceof RootContext ? <RootContext>context : null;
}

/** The object of an HTTP stream, made at its first HTTP callback; null for an unknown id or a plugin without HTTP. */
export function http(id: u32): HttpContext | null {
  const place = contexts.place(id);
  const context = contexts.at(place);
  if (context === null) return null;
  if (context._id == id) return context instanceof HttpContext ? <HttpContext>context : null;
  if (!(context instanceof RootContext)) return null;
  const made = (<RootContext>context).createHttpContext();
  if (made === null) return null;
  // One object for two streams would hide the first from its filter: a way around an authorization filter.
  if (made._id != 0) abort("createHttpContext returned an object that serves another stream", "sdk/assembly/context/registry.ts", 0, 0);
  made._id = id;
  made._rootId = context._id;
  contexts.setAt(place, id, made);
  return made;
}

/** The object of a TCP connection, made at its first callback; null for an unknown id or a plugin without TCP. */
export function tcp(id: u32): TcpContext | null {
  const place = contexts.place(id);
  const context = contexts.at(place);
  if (context === null) return null;
  if (context._id == id) return context instanceof TcpContext ? <TcpContext>context : null;
  if (!(context instanceof RootContext)) return null;
  const made = (<RootContext>context).createTcpContext();
  if (made === null) return null;
  if (made._id != 0) abort("createTcpContext returned an object that serves another connection", "sdk/assembly/context/registry.ts", 0, 0);
  made._id = id;
  made._rootId = context._id;
  contexts.setAt(place, id, made);
  return made;
}

/** The object of an id, or, for a stream without one, its root: compare `_id`. */
export function find(id: u32): BaseContext | null {
  return contexts.get(id);
}

export function forget(id: u32): BaseContext | null {
  return contexts.remove(id);
}
