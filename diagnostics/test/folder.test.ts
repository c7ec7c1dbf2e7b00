import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MeshscriptError, unwritable } from "../index.ts";

test("a folder in the place of a file is said by the file's name; that somebody read a folder is another mistake", async () => {
  const folder = await mkdtemp(join(tmpdir(), "meshscript-folder-"));
  const failed = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => unwritable(error, folder, "output folder"),
    );
  const taken = await mkdtemp(join(folder, "taken-"));
  const file = join(folder, "file");
  try {
    const refusals = [await failed(writeFile(taken, "")), await failed(writeFile(file, "").then(() => rename(file, taken)))];
    for (const refusal of refusals) {
      expect(refusal).toBeInstanceOf(MeshscriptError);
      expect(refusal).toMatchObject({ code: "MS0208", message: expect.stringContaining(`${taken} cannot be written: it is a folder`) });
    }
    expect(await failed(readFile(folder))).toMatchObject({ code: "EISDIR" });
    expect(await failed(readFile(join(folder, "nothing")))).toMatchObject({ code: "MS0208" });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
