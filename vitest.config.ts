import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (file: string) => fileURLToPath(new URL(file, import.meta.url));

export default defineConfig({
  // What users import, in examples/ and the template, is here the source: nothing has to be compiled, and no module exists twice.
  resolve: {
    alias: [
      { find: /^meshscript\/harness$/, replacement: source("harness/index.ts") },
      { find: /^meshscript\/harness\/(cases|expect)$/, replacement: source("harness/$1/index.ts") },
      { find: /^meshscript\/modules$/, replacement: source("modules/index.ts") },
    ],
  },
  test: {
    include: ["**/test/**/*.test.ts"],
    exclude: [
      "**/node_modules/**",
      "create-meshscript/{template,examples}/**",
      "dist/**",
      "build/**",
      ".cache/**",
      "runs/**",
      "**/test/fixture/**",
      "**/test/fixtures/**",
    ],
    pool: "forks",
    // Two: every file may start Envoys and compilers of its own.
    maxWorkers: 2,
    // Nothing waits for a fixed time: these only end what hangs, also on a machine that is busy with other things.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
