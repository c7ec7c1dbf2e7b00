import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cli, root } from "./support.ts";

const tracing = join(root, "build/tracing.wasm");
const sum = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

describe("meshscript path", () => {
  test("prints the file and nothing else, from any folder", async () => {
    const { code, stdout, stderr } = await cli(["path", "tracing"], { cwd: tmpdir() });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${tracing}\n`, stderr: "" });
    expect((await cli(["path", "tracing", "--debug"])).stdout).toBe(`${join(root, "build/tracing.debug.wasm")}\n`);
  });

  test("prints the sum that configurations want", async () => {
    expect((await cli(["path", "tracing", "--sha256"])).stdout).toBe(`${sum(tracing)}\n`);
    const debug = tracing.replace(/wasm$/, "debug.wasm");
    expect(JSON.parse((await cli(["path", "tracing", "--debug", "--json"])).stdout)).toMatchObject({
      name: "tracing",
      path: debug,
      sha256: sum(debug),
    });
  });

  test("takes no name that is not there", async () => {
    const { code, stdout, stderr } = await cli(["path", "tracin"]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain('error MS0506: unknown filter "tracin" (there is no build/tracin.wasm), did you mean "tracing"?');
  });
});
