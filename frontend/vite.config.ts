/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import type { IncomingMessage } from "node:http";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { defineConfig, type Plugin, type Rolldown } from "vite";

const api = process.env["TASKFLOW_URL"] ?? "http://127.0.0.1:8000";

/** What the API process serves as config.js: where the API is, read from the environment when it starts. */
function runtimeConfig(): Plugin {
  const { REACT_APP_API_BASE: apiBase = "", REACT_APP_WS_URL: wsUrl = "" } = process.env;
  return {
    name: "taskflow-config",
    configureServer(server) {
      server.middlewares.use("/config.js", (_request, response) => {
        response.setHeader("content-type", "text/javascript");
        response.end(`window.TASKFLOW_CONFIG = ${JSON.stringify({ apiBase, wsUrl, basePath: "" })};`);
      });
    },
  };
}

/** Compresses each file once, at the build. Pages are left out: the server writes its prefix into them. */
function precompress(): Plugin {
  const brotli = promisify(brotliCompress);
  const gzipped = promisify(gzip);
  let folder = "";
  return {
    name: "taskflow-precompress",
    apply: "build",
    configResolved: (config) => {
      folder = config.build.outDir;
    },
    closeBundle: async () => {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|svg|json)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const bytes = await readFile(path);
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: bytes.length > 2_000_000 ? 6 : 10 } };
        await writeFile(`${path}.br`, await brotli(bytes, quality));
        await writeFile(`${path}.gz`, await gzipped(bytes));
      }
    },
  };
}

/** GraphiQL labels its icons with the names of the functions that draw them, which minification removes. */
function iconNames(): Plugin {
  return {
    name: "taskflow-icon-names",
    transform: {
      filter: { id: /@graphiql\/react\/dist\/icons\/index\.js/ },
      handler: (code) =>
        code.replace(/generateIcon\((Svg\w+)\)/g, 'generateIcon(Object.defineProperty($1, "name", { value: "$1" }))'),
    },
  };
}

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A browser that opens /graphql gets the IDE, as from the API process; every other client gets the API. */
function graphiqlPage(request: IncomingMessage): string | undefined {
  return request.method === "GET" && request.headers.accept?.includes("text/html") ? "/graphiql.html" : undefined;
}

/** The pages that load a module when they open. */
function pagesOf(id: string, graph: Rolldown.ChunkingContext): readonly string[] {
  const pages = [];
  const seen = new Set([id]);
  for (const one of seen) {
    const info = graph.getModuleInfo(one);
    if (info?.isEntry) pages.push(basename(one, ".html"));
    for (const importer of info?.importers ?? []) seen.add(importer);
  }
  return pages;
}

/** The modules that a page opens with, in two files and not in thirty: each request has a cost of its own. */
const FILES: Rolldown.CodeSplittingGroup[] = [
  {
    name: (...module) => (pagesOf(...module).length > 1 ? "shared" : null),
    debugName: "of both pages",
    tags: ["$initial"],
    priority: 1,
  },
  { name: (...module) => pagesOf(...module)[0] ?? null, debugName: "of one page", tags: ["$initial"] },
];

export default defineConfig({
  base: "./", // the server puts the prefix under which it serves before what a page refers to
  plugins: [react(), iconNames(), runtimeConfig(), precompress()],
  envPrefix: ["VITE_", "REACT_APP_"],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    port: 5001,
    proxy: { "/graphql": { target: api, ws: true, bypass: graphiqlPage }, "/tasks": api, "/healthz": api },
  },
  // Its imports of workers are Vite's to resolve, which bundling ahead of time can't: it would end the server.
  optimizeDeps: { exclude: ["graphiql/setup-workers/vite", "@graphiql/react/setup-workers/vite"] },
  build: {
    target: "es2023",
    rolldownOptions: {
      input: [page("index.html"), page("graphiql.html")],
      output: { codeSplitting: { groups: FILES } },
      onLog: (level, log, report) => {
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") report(level, log); // "use client" and the like, which mean nothing here
      },
    },
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 3_000,
  },
  test: {
    maxWorkers: 2,
    css: false,
    clearMocks: true,
    projects: [
      { extends: true, test: { name: "pure", environment: "node", include: ["src/**/*.test.ts"], isolate: false } },
      {
        extends: true,
        test: {
          name: "in a page",
          environment: "jsdom",
          include: ["src/**/*.test.tsx"],
          setupFiles: ["src/testing/setup.ts"],
        },
      },
    ],
  },
});
