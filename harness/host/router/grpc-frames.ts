const HEADER = 5;

/** A message as gRPC sends it: not compressed, its length, its bytes (grpc/grpc, PROTOCOL-HTTP2.md). */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEADER + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEADER);
  return frame;
}

/** Takes messages out of bytes that come in pieces. */
export class GrpcFrames {
  private rest = Buffer.alloc(0);

  /** @returns the messages that are whole now; undefined when one is compressed, which Envoy's client does not take */
  push(bytes: Uint8Array): Buffer[] | undefined {
    this.rest = Buffer.concat([this.rest, bytes]);
    const messages: Buffer[] = [];
    while (this.rest.length > 0) {
      if (this.rest[0] !== 0) return undefined;
      const end = this.rest.length < HEADER ? Number.POSITIVE_INFINITY : HEADER + this.rest.readUInt32BE(1);
      if (end > this.rest.length) break;
      messages.push(this.rest.subarray(HEADER, end));
      this.rest = this.rest.subarray(end);
    }
    return messages;
  }
}
