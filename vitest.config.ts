import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Flow tests run the real command on real files, on machines that may be busy.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
