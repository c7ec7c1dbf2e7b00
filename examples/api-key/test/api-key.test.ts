// What YAML cannot say: that a refusal does not show what it refuses. The same tests run on the in-process host and on Envoy.
import { fileURLToPath } from "node:url";
import { onBothHosts } from "meshscript/harness/expect";
import { expect, test } from "vitest";

const wasm = fileURLToPath(new URL("../build/api-key.wasm", import.meta.url));

onBothHosts((open) => {
  test.each([
    ["a number", [{ key: 471147114711, client: "ann" }]],
    ["a list", [{ key: ["s3cr3t-key"], client: "ann" }]],
    [
      "of two clients",
      [
        { key: "s3cr3t-key", client: "ann" },
        { key: "s3cr3t-key", client: "bob" },
      ],
    ],
    ["with a blank", [{ key: " s3cr3t-key", client: "ann" }]],
    ["beside a field that nobody knows", [{ key: "s3cr3t-key", client: "ann", note: "" }]],
  ])("a configuration with a key that is %s is refused without showing the key", async (_, keys) => {
    const opened = open({ filters: [{ name: "api-key", wasm, config: { keys } }], upstreams: { app: {} } });

    const error = await opened.then(
      () => undefined,
      (error: unknown) => error,
    );

    expect(String(error)).toContain("configuration refused: keys");
    expect(String(error)).not.toMatch(/s3cr3t|471147/);
  });
});
