import { expect, test } from "vitest";
import { open } from "./support.ts";

const forgets = { rh: "return 1" };

test("a request that nothing will resume fails, and says where it stands and what Envoy would do", async () => {
  await using host = await open(forgets);

  await expect(host.request()).rejects.toThrow(
    /MS0702: the request is paused by scripted, and nothing but Envoy's stream_idle_timeout \(15 s here, 5 min by default\) will end it/,
  );
});

test("so does a response that nothing will resume", async () => {
  await using host = await open({ sh: "return 1" });

  await expect(host.request()).rejects.toThrow(/MS0702: the response is paused by scripted/);
});

test("who wants to see what the client gets in the end waits, or moves the clock", async () => {
  await using host = await open(forgets, { onHang: "wait" });
  const waited = await host.request({ timeout: 60_000 });
  await using other = await open(forgets);
  const pending = other.request({ timeout: 60_000 });
  other.advance("15s");

  expect([waited.status, waited.text()]).toEqual([504, "stream timeout"]);
  expect((await pending).status).toBe(504);
  expect(other.accessLog()[0]).toMatchObject({ details: "stream_idle_timeout", flags: "SI" });
});

test("a crash of Envoy fails the request, everything after it, and stop()", async () => {
  const host = await open({ rh: "continue_stream 1" });

  await expect(host.request()).rejects.toThrow(
    /MS0701: scripted, proxy_on_request_headers: proxy_continue_stream for the response.*SIGSEGV/,
  );
  await expect(host.request()).rejects.toThrow(/MS0701/);
  expect(host.running).toBe(false);
  await expect(host.stop()).rejects.toThrow(/MS0701/);
});

test("a crash that is expected does not fail stop()", async () => {
  const host = await open({ log: 'send_local_response 403 "" "" {} -1' }, { mayEnd: true });

  await expect(host.request()).rejects.toThrow(/MS0701/);
  expect(host.running).toBe(false);
  await expect(host.stop()).resolves.toBeUndefined();
});

test("a body that outgrows its content-length would be smuggled, and fails", async () => {
  await using host = await open({ rb: 'set_buffer_bytes 0 1000 0 "GET /smuggled"' }, { mayEnd: true });

  await expect(host.request({ method: "POST", body: "hello" })).rejects.toThrow(/MS0701: the request has content-length 5 and a body of/);
});
