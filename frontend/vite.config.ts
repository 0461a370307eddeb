/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

/** What the API process serves as /config.js: where the API is, read from the environment when it starts. */
function runtimeConfig(): Plugin {
  const { REACT_APP_API_BASE: apiBase = "", REACT_APP_WS_URL: wsUrl = "" } = process.env;
  return {
    name: "taskflow-config",
    configureServer(server) {
      server.middlewares.use("/config.js", (_request, response) => {
        response.setHeader("content-type", "text/javascript");
        response.end(`window.TASKFLOW_CONFIG = ${JSON.stringify({ apiBase, wsUrl })};`);
      });
    },
  };
}

const api = process.env["TASKFLOW_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), runtimeConfig()],
  envPrefix: ["VITE_", "REACT_APP_"],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { port: 5001, proxy: { "/graphql": { target: api, ws: true }, "/tasks": api, "/healthz": api } },
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    maxWorkers: 2,
    css: false,
    clearMocks: true,
  },
});
