import type { Context } from "../context/context.ts";
import type { NetworkStream } from "../network/stream.ts";
import { addressPart, connectionProperty } from "./connection.ts";
import { nodeProperty, ownProperty } from "./source.ts";
import { type PropertySource, type PropertyValue, group } from "./value.ts";

/** The attributes of a TCP connection: no message, and of the response only flags. */
export function networkProperties(context: Context, stream: NetworkStream): PropertySource {
  return { top: (name, last) => top(name, last, context, stream) };
}

function top(name: string, last: boolean, { vm, plugin }: Context, stream: NetworkStream): PropertyValue | undefined {
  const { connection, info } = stream;
  switch (name) {
    case "source":
      return group((part) => addressPart(part, connection.remote));
    case "destination":
      return group((part) => addressPart(part, connection.local));
    case "connection":
      return group((part) => connectionProperty(part, connection));
    case "upstream":
      return group((part) => info.upstreamHost && addressPart(part, info.upstreamHost));
    case "request":
      return group((part) => (part === "time" ? vm.host.clock.wall - BigInt(vm.host.clock.elapsed - info.start) : undefined));
    case "response":
      return group((part) => (part === "flags" ? 0n : undefined));
    case "filter_state":
      return group((key) => info.filterState.get(key));
    case "connection_id":
      return BigInt(connection.id);
    case "xds":
      return group((part) =>
        part === "node" ? nodeProperty(vm) : part === "cluster_name" ? info.cluster : part === "listener_direction" ? 0n : undefined,
      );
    default: {
      const state = last ? info.filterState.get(`wasm.${name}`) : undefined;
      return ownProperty(name, vm, plugin) ?? state;
    }
  }
}
