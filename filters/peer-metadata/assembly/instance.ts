import { BaseContext, Bytes, EMPTY, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { Workload } from "../../../policy";
import { Instance } from "./core/write";

const METADATA: PropertyPath = PropertyPath.of("xds.node.metadata");
const NAME: PropertyPath = METADATA.then("NAME");
const OWNER: PropertyPath = METADATA.then("OWNER");
const SLASH: u8 = 0x2f;

/** The pod and its owner, as Istio's agent writes them into the node's metadata. For `configure`. */
export function instanceOf(own: Workload, context: BaseContext): Instance {
  const instance = new Instance();
  instance.name = read(context, NAME);
  const owner = read(context, OWNER);
  // `kubernetes://apis/apps/v1/namespaces/shop/deployments/reviews-v1`: Istio cuts the workload's name off by its length, so it must be that one.
  const slash = owner.length - own.name.length - 1;
  if (owner.endsWith(own.name) && slash > 0 && owner.at(slash) == SLASH) instance.owner = owner;
  return instance;
}

function read(context: BaseContext, path: PropertyPath): Bytes {
  const found = context.property(path);
  return found === null ? EMPTY : found.copy();
}
