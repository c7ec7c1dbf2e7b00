import { register, RootFactory, takeRegistered } from "../context/registry";
import { RootContext } from "../context/root";
import { FusedRoot } from "./root";

/**
 * Makes one root of all that were registered before: called behind the imports of the filters' index.ts. The root's configuration chooses and
 * orders them, `{ "filters": [{ "name": "authz", "config": { ... } }] }`, and each stream goes through them as through a chain of Envoy's.
 */
export function fuse(name: string): void {
  takeRegistered(names, factories);
  register(name, newRoot);
}

const names: string[] = [];
const factories: RootFactory[] = [];

function newRoot(): RootContext {
  return new FusedRoot(names, factories);
}
