/**
 * Against real processes, in one browser at a time: two of them were no quicker on two cores (149 s against 144 s for two
 * files), since a browser without a graphics card and the server beside it take both.
 */
import { defineConfig } from "@playwright/test";

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const FIGURES = /figures\.spec\.ts$/;

export default defineConfig({
  testDir: "e2e",
  projects: [
    { name: "tests", testIgnore: FIGURES },
    { name: "figures", testMatch: FIGURES },
  ],
  workers: 1,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  outputDir: "test-results",
  use: {
    viewport: { width: 1440, height: 900 },
    locale: "en-GB",
    screenshot: "only-on-failure",
    launchOptions: { executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: CHROMIUM_FLAGS },
  },
});
