#!/usr/bin/env bash
# Checks the extension and builds it: the .vsix for the test in the browser, then the tests of the extension host.
set -euo pipefail
cd "$EDITOR_TESTS/../../editors/vscode"
CODANNA_LSP=$SERVER node scripts/settings.mjs --check
echo "ok - the settings of the extension are those of the server"
npm run --silent typecheck
npm run --silent package -- --out "$EDITOR_TOOLS/codanna-lsp.vsix" >/dev/null
echo "ok - the extension is packaged"
"$PYTHON" ../../scripts/artifacts.py --extension "$EDITOR_TOOLS/codanna-lsp.vsix"
echo "ok - it holds what a release does"
npm run --silent bundle:test
