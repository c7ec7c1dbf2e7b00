import { probeModule } from "../../../test/probes/module/build.ts";
import { type Script, scriptText } from "../../../test/probes/script.ts";
import { type Host, type HostOptions, type HostPlugin, openHost } from "../index.ts";

/** A plugin that follows a script (see test/probes/script.ts). */
export async function scripted(script: Script, more: Partial<HostPlugin> = {}): Promise<HostPlugin> {
  return { name: "scripted", wasm: await probeModule(), config: scriptText(script), ...more };
}

/** A host with one scripted plugin and the upstream `app`. */
export async function open(script: Script, options: HostOptions = {}, plugin: Partial<HostPlugin> = {}): Promise<Host> {
  return openHost({ plugins: [await scripted(script, plugin)], upstreams: { app: {} }, ...options });
}

/** What the plugin on the workers logged. */
export function lines(host: Host): string[] {
  return host
    .logs()
    .wasm.filter(({ thread }) => thread > 0)
    .map(({ message }) => message);
}
