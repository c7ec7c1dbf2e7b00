import { createServer } from "node:net";

/** Why a port on loopback cannot be listened at; undefined when it can. Asked before anything starts, for one clear line. */
export function whyNotFree(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code === "EADDRINUSE" ? "is in use" : `cannot be used: ${error.message}`),
    );
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
