import { defineConfig } from "vitest/config";

/** The tests on a real PrestaShop: one file at a time, since they share one shop. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
