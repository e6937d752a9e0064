// Build and unit-test settings. Nothing may be inlined: the page runs under
// `default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'`.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

const backend = process.env["ANDON_DEV_BACKEND"] ?? "http://127.0.0.1:4174";

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  base: "./",
  build: {
    target: ["chrome111", "safari16.4"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    sourcemap: false,
    outDir: "dist",
    emptyOutDir: true,
  },
  server: { port: 4173, strictPort: true, proxy: { "/api": { target: backend, changeOrigin: false } } },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["./tests/setup.ts"],
    restoreMocks: true,
  },
});
