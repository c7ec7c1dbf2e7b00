import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "dist/**", "build/**", ".cache/**", "runs/**", "**/test/fixture/**", "**/test/fixtures/**"],
    pool: "forks",
    // Two: every file may start Envoys and compilers of its own.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
