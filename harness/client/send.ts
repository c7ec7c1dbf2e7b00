import type { Address } from "../envoy/builders.ts";
import { sendHttp1 } from "./http1.ts";
import { sendHttp2 } from "./http2.ts";
import { IncompleteResponse } from "./response.ts";
import { checkProtocol } from "./tls.ts";
import type { HttpRequest, PendingResponse } from "./types.ts";

/** What `abort()` rejects with, as `fetch` does. */
export function abortError(): DOMException {
  return new DOMException("the request was aborted by the test", "AbortError");
}

/**
 * Sends one request on a fresh connection and reads the answer to its end.
 *
 * @param help Told when nothing at all comes back [look for a reset].
 * @throws MeshscriptError MS0407 for `h2` without TLS or `h2c` with it.
 * @throws IncompleteResponse (MS0408) when the connection ends early, (MS0409) after `timeout`; both carry what came as `partial`.
 * @example
 * const response = await send({ host: "127.0.0.1", port }, { path: "/", headers: [["x-a", "1"], ["x-a", "2"]] });
 */
export function send(address: Address, request: HttpRequest, help?: string): PendingResponse {
  checkProtocol(request);
  const { protocol = "http/1.1", timeout = 10_000, signal } = request;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(`no complete answer within ${timeout} ms,`), timeout);
  const follow = () => controller.abort(signal?.reason ?? abortError());
  if (signal?.aborted) follow();
  else signal?.addEventListener("abort", follow, { once: true });
  const exchange = protocol === "http/1.1" ? sendHttp1 : sendHttp2;
  const promise = exchange(address, request, controller.signal)
    .catch((error: unknown) => {
      const nothing = error instanceof IncompleteResponse && error.partial === undefined;
      throw nothing && help !== undefined ? error.withHelp(help) : error;
    })
    .finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", follow);
    });
  const abort = () => {
    // Whoever aborts need not await: the rejection that follows is wanted, not an unhandled one.
    promise.catch(() => undefined);
    controller.abort(abortError());
  };
  return Object.assign(promise, { abort });
}
