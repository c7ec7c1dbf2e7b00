import type { Identity } from "../../../harness/identities/types.ts";
import { serveHttp1 } from "../../../harness/upstreams/http1.ts";
import { serveHttp2 } from "../../../harness/upstreams/http2.ts";
import type { Listening } from "../../../harness/upstreams/serve.ts";
import type { Responder } from "../../../harness/upstreams/types.ts";
import { Upstream } from "../../../harness/upstreams/upstream.ts";
import { Front } from "./front.ts";

/** A port of 127.0.0.1, a file of answers, or how an upstream answers. */
export type HostStubSpec = number | string | Responder;

/** Stands for a host outside of the mesh. */
export interface HostStub {
  /** Begins to listen on 127.0.0.1. @returns the port */
  open(): Promise<number>;
  /** Presents this certificate where it is asked with TLS. */
  present(identity: Identity): void;
  /** What it received; undefined where somebody else answers. */
  readonly upstream: Upstream | undefined;
  stop(): Promise<void>;
}

/** @throws MeshscriptError MS1107 for a file of answers that is none */
export async function hostStub(host: string, spec: HostStubSpec): Promise<HostStub> {
  if (typeof spec === "number") return new PassedOn(spec);
  if (typeof spec !== "string") return new Answering(host, spec);
  // Only who has a file of answers pays for what judges it.
  const { answersOf } = await import("./answers.ts");
  return new Answering(host, answersOf(spec));
}

/** To a server that is there, without TLS. */
class PassedOn implements HostStub {
  readonly upstream = undefined;
  private readonly front: Front;
  private listening: Listening | undefined;

  constructor(port: number) {
    this.front = new Front(() => ({ host: "127.0.0.1", port }));
  }

  async open(): Promise<number> {
    this.listening = await this.front.open();
    return this.listening.address.port;
  }

  present(identity: Identity): void {
    this.front.present(identity);
  }

  async stop(): Promise<void> {
    await this.listening?.close();
  }
}

/** Answers by itself, and remembers what it received. */
class Answering implements HostStub {
  readonly upstream: FrontedUpstream;

  constructor(host: string, respond: Responder) {
    this.upstream = new FrontedUpstream(host, { respond });
  }

  async open(): Promise<number> {
    return (await this.upstream.start()).address.port;
  }

  present(identity: Identity): void {
    this.upstream.front.present(identity);
  }

  stop(): Promise<void> {
    return this.upstream.stop();
  }
}

/** An upstream for HTTP/1.1 and HTTP/2 at one port. */
class FrontedUpstream extends Upstream {
  private readonly behind = new Map<string, Listening>();
  readonly front = new Front((spoken) => this.behind.get(spoken)?.address ?? this.address);

  protected override async listen(port: number): Promise<Listening> {
    this.behind.set("http/1.1", await serveHttp1(0, this.handle));
    this.behind.set("h2c", await serveHttp2(0, this.handle));
    const { address, close } = await this.front.open(port);
    const all = [close, ...[...this.behind.values()].map((each) => each.close)];
    return { address, close: async () => void (await Promise.all(all.map((each) => each()))) };
  }
}
