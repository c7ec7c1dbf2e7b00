import type { Context } from "../context/context.ts";
import type { HeaderMap } from "../stream/header-map.ts";
import type { HttpStream } from "../stream/stream.ts";
import { connectionProperty, destinationProperty, sourceProperty, upstreamProperty } from "./connection.ts";
import { requestProperty, responseProperty } from "./messages.ts";
import { metadataProperty, nodeProperty, ownProperty } from "./source.ts";
import { type PropertySource, type PropertyValue, group } from "./value.ts";

/** What the module may see of the messages at this moment. */
export interface View {
  requestHeaders: HeaderMap | undefined;
  responseHeaders: HeaderMap | undefined;
  responseTrailers: HeaderMap | undefined;
  logging: boolean;
}

/** The attributes of a stream (Envoy's documentation, "Attributes"), with what each phase hides. */
export function streamProperties(context: Context, stream: HttpStream, view: View): PropertySource {
  return { top: (name, last) => top(name, last, context, stream, view) };
}

function top(name: string, last: boolean, context: Context, stream: HttpStream, view: View): PropertyValue | undefined {
  switch (name) {
    case "request":
      return group((part) => requestProperty(part, stream, view));
    case "response":
      return group((part) => responseProperty(part, stream, view));
    case "source":
      return group((part) => sourceProperty(part, stream));
    case "destination":
      return group((part) => destinationProperty(part, stream));
    case "connection":
      return group((part) => connectionProperty(part, stream.connection));
    case "upstream":
      return group((part) => upstreamProperty(part, stream));
    case "metadata":
      return metadataProperty(stream.info.metadata);
    case "filter_state":
      return group((key) => stream.info.filterState.get(key));
    case "xds":
      return group((part) => xds(part, context, stream));
    case "connection_id":
      // In the log callback the filter has let go of its connection.
      // An access logger's root has never had one.
      return context === context.root ? undefined : BigInt(stream.connection.id);
    default:
      return ownProperty(name, context.vm, context.plugin) ?? ownState(name, last, stream);
  }
}

/** What a module set with `proxy_set_property`: only as a whole path. */
function ownState(name: string, last: boolean, stream: HttpStream): PropertyValue | undefined {
  const value = stream.info.filterState.get(`wasm.${name}`);
  return value !== undefined && last ? value : undefined;
}

function xds(part: string, context: Context, stream: HttpStream): PropertyValue | undefined {
  const { info, settings } = stream;
  const { route } = info;
  switch (part) {
    case "node":
      return nodeProperty(context.vm);
    case "cluster_name":
      return info.upstreamCluster || undefined;
    case "cluster_metadata":
      return info.upstreamCluster === undefined ? undefined : metadataProperty({});
    case "route_name":
      return route?.name;
    case "route_metadata":
      return route && metadataProperty(route.metadata);
    case "virtual_host_name":
      return route && info.virtualHost?.name;
    case "virtual_host_metadata":
      return route && info.virtualHost && metadataProperty(info.virtualHost.metadata);
    case "listener_direction":
      return BigInt(settings.direction);
    case "listener_metadata":
      return metadataProperty(settings.metadata);
    case "upstream_host_metadata":
      // There, but with nothing in it that could be read as a whole.
      return info.upstreamHost && group(() => undefined);
    case "filter_chain_name":
      return "";
    default:
      return undefined;
  }
}
