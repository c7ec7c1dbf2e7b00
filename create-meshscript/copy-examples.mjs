// @ts-check
/** Before the package is packed: the examples of the repository, without what was built. */
import { cpSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const own = fileURLToPath(new URL(".", import.meta.url));
rmSync(path.join(own, "examples"), { recursive: true, force: true });
cpSync(path.join(own, "../examples"), path.join(own, "examples"), { recursive: true, filter: (file) => path.basename(file) !== "build" });
