#!/usr/bin/env bash
# Runs the browser tests with Debian's Chromium, or with the one that CHROMIUM names. Installs it where root and apt can.
# Without a browser: skipped with a line on a laptop, a failure where TASKFLOW_REQUIRE_SERVICES is set.
set -euo pipefail
cd "$(dirname "$0")/.."

find_chromium() { command -v "${CHROMIUM:-chromium}" || command -v chromium-browser || command -v google-chrome; }

if ! find_chromium > /dev/null && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
  echo "installing chromium for the browser tests"
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium; } > /dev/null || true
fi
if ! CHROMIUM="$(find_chromium)"; then
  echo "browser tests skipped: there is no Chromium; install one, or name it in CHROMIUM"
  [ -z "${TASKFLOW_REQUIRE_SERVICES:-}" ] || exit 1
  exit 0
fi
export CHROMIUM
exec npx playwright test "$@"
