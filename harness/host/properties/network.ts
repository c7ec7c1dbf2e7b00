import type { Context } from "../context/context.ts";
import type { NetworkStream } from "../network/stream.ts";
import { addressPart, connectionProperty } from "./connection.ts";
import { nodeProperty, ownProperty } from "./source.ts";
import { type PropertySource, type PropertyValue, group } from "./value.ts";

/** The attributes of a TCP connection: no message; bytes of both ways, and flags. */
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
      return group((part) =>
        part === "time" ? vm.host.clock.wall - BigInt(vm.host.clock.elapsed - info.start) : size(part, stream.bytes.received),
      );
    case "response":
      return group((part) => (part === "flags" ? 0n : size(part, stream.bytes.sent)));
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

/** Of bytes without headers, both names say the same. */
function size(part: string, bytes: number): PropertyValue | undefined {
  return part === "size" || part === "total_size" ? BigInt(bytes) : undefined;
}
