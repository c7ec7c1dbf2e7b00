import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import type { Path } from "../../harness/cases/source.ts";
import type { Resource } from "./resource.ts";
import type { Gateway, ServerTls, VirtualService } from "./types/index.ts";

/** What Istio's admission webhook refuses beyond the schemas of its CRDs, and Envoy would refuse later with worse words. */
export function admissionMistakes(resource: Resource): Diagnostic[] {
  if (resource.group !== "networking.istio.io") return [];
  if (resource.kind === "VirtualService") return routes(resource as unknown as Resource<VirtualService>);
  if (resource.kind === "Gateway") return servers(resource as unknown as Resource<Gateway>);
  return [];
}

function routes(resource: Resource<VirtualService>): Diagnostic[] {
  const { http = [], tcp = [], tls = [] } = resource.spec;
  const idle = http.flatMap(({ route, redirect, directResponse, delegate }, i) => {
    if (route?.length || redirect || directResponse || delegate) return [];
    const help = "write `route`, `redirect`, `directResponse` or `delegate`";
    return [mistake(resource, ["spec", "http", i], "the route leads nowhere", help)];
  });
  const weightless = Object.entries({ http, tcp, tls }).flatMap(([protocol, all]) =>
    all.flatMap(({ route = [] }, i) => {
      if (route.length < 2 || route.some(({ weight }) => weight)) return [];
      const message = "none of the destinations has a weight: nothing says where requests go";
      return [mistake(resource, ["spec", protocol, i, "route"], message, "write `weight` for each destination")];
    }),
  );
  return [...idle, ...weightless];
}

function servers(resource: Resource<Gateway>): Diagnostic[] {
  return (resource.spec.servers ?? []).flatMap(({ port, tls }, i) => {
    const path = ["spec", "servers", i];
    const secure = /^(https|tls)$/i.test(port.protocol);
    if (secure && !tls) return [mistake(resource, path, `a server of ${port.protocol} needs \`tls\``, "write `tls` with its `mode`")];
    if (!tls || /^http2?$/i.test(port.protocol) || hasCertificate(tls)) return [];
    const help = "write `credentialName`, or `serverCertificate` and `privateKey`; or another `mode`";
    return [mistake(resource, [...path, "tls"], `nothing says which certificate the server has`, help)];
  });
}

function hasCertificate(tls: ServerTls): boolean {
  const {
    mode = "PASSTHROUGH",
    credentialName,
    credentialNames,
    serverCertificate,
    privateKey,
    tlsCertificates = [],
    caCertificates,
  } = tls;
  if (mode === "PASSTHROUGH" || mode === "AUTO_PASSTHROUGH" || mode === "ISTIO_MUTUAL") return true;
  if (credentialName || credentialNames?.length) return true;
  const files = [...tlsCertificates, ...(serverCertificate || privateKey ? [{ serverCertificate, privateKey }] : [])];
  const whole = files.length > 0 && files.every((each) => each.serverCertificate && each.privateKey);
  return whole && (mode === "SIMPLE" || !!caCertificates);
}

const mistake = (resource: Resource<unknown>, path: Path, message: string, help: string) =>
  diagnostic("MS0914", message, { location: resource.at(path), help });
