// What YAML cannot say: bodies in pieces, and trailers. The same tests run on the in-process host and on Envoy.
import { fileURLToPath } from "node:url";
import { type HttpResponse, openHost } from "meshscript/harness";
import { onBothHosts } from "meshscript/harness/expect";
import { expect, test } from "vitest";

const wasm = fileURLToPath(new URL("../build/json-body-check.wasm", import.meta.url));
const filter = { name: "json-body-check", wasm, config: { required: { sku: "string" }, maxBytes: 20_000 } };
const post = { method: "POST", headers: { "content-type": "application/json" } };

onBothHosts((open) => {
  const openIt = () => open({ filters: [filter], upstreams: { app: { protocol: "h2c" } } });

  test("a body in many pieces is one body", async () => {
    const target = await openIt();
    const pieces = (text: string) => text.match(/.{1,7}/gs) ?? [];
    const right = JSON.stringify({ sku: "bread", note: "x".repeat(3_000) });

    expect((await target.request({ ...post, body: pieces(right) })).status).toBe(200);
    expect(target.upstream("app").requests[0]?.text()).toBe(right);
    const wrong = await target.request({ ...post, body: pieces(`${right.slice(0, -1)},}`) });
    expect(wrong.json()).toMatchObject({ status: 400, detail: `line 1, column ${right.length + 1}: expected a key in double quotes` });
    const long = await target.request({ ...post, body: pieces(JSON.stringify({ sku: "x".repeat(30_000) })) });
    expect(long.status).toBe(413);
    expect(target.upstream("app").requests).toHaveLength(1);
  });

  test("a body that is announced as too long is refused before it comes", async () => {
    const target = await openIt();
    const headers = { ...post.headers, "content-length": "20001" };

    const response: Promise<HttpResponse> = target.request({ ...post, headers, body: inTwo("{", " ".repeat(20_000), () => response) });

    expect((await response).status).toBe(413);
  });

  test("trailers do not carry a body past the check", async () => {
    const target = await openIt();
    const request = { ...post, protocol: "h2c" as const, trailers: { "x-checksum": "1" } };

    const wrong = await target.request({ ...request, body: '{"sku":' });
    expect([wrong.status, wrong.json()]).toMatchObject([400, { detail: "line 1, column 8: unexpected end" }]);
    expect((await target.request({ ...request, body: "{}" })).status).toBe(400);
    expect((await target.request({ ...request, body: ['{"sku":', '"bread"}'] })).status).toBe(200);

    const [received, ...others] = target.upstream("app").requests;
    expect(others).toEqual([]);
    expect([received?.text(), received?.trailers]).toEqual(['{"sku":"bread"}', [["x-checksum", "1"]]]);
  });

  test.each([
    { holdHeaders: false, heard: "its headers" },
    { holdHeaders: true, heard: "nothing" },
  ])("of a request that is refused the upstream hears $heard with holdHeaders: $holdHeaders", async ({ holdHeaders }) => {
    const config = { ...filter.config, holdHeaders };
    const target = await open({
      filters: [{ ...filter, config, allowOnHeadersStopIteration: holdHeaders }],
      upstreams: { app: { protocol: "h2c" } },
    });
    const upstream = target.upstream("app");

    // The first opens the connection: the headers of the second then find one.
    const right = await target.request({ ...post, body: ['{"sku":', '"bread"}'] });
    const wrong = target.request({ ...post, body: inTwo("{", "}", () => (holdHeaders ? undefined : upstream.received(2))) });
    expect([right.status, (await wrong).status]).toEqual([200, 400]);

    expect(upstream.arrivals).toHaveLength(holdHeaders ? 1 : 2);
    expect(upstream.requests.map((request) => request.text())).toEqual(['{"sku":"bread"}']);
  });
});

/** A body whose second piece is sent when something has happened. */
async function* inTwo(first: string, second: string, happened: () => unknown) {
  yield first;
  await happened();
  yield second;
}

test("an answer tells no more of a body than a person reads", async () => {
  await using host = await openHost({ plugins: [filter], upstreams: { app: {} } });

  // Cut between two characters, and within one.
  for (const first of ["", "a"]) {
    const key = JSON.stringify(first + "\u{1f600}".repeat(2_000));
    const response = await host.request({ ...post, body: `{${key}:1,${key}:2}` });
    const { detail } = response.json() as { detail: string };

    expect(detail).toMatch(/^line 1, column \d+: duplicate key "a?\u{1f600}+\.\.\."$/u);
    expect(detail.length).toBeLessThan(110);
  }
});

test("a body that trickles in is copied once, not once for each piece", async () => {
  await using host = await openHost({ plugins: [filter], upstreams: { app: {} } });
  const body = JSON.stringify({ sku: "x".repeat(10_000) });

  const response = await host.request({ ...post, body: Array.from(body) });

  expect(response.status).toBe(200);
  expect(response.counts["json-body-check"]?.bytesToGuest).toBeLessThan(body.length + 1_000);
});
