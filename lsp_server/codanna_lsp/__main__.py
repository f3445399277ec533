"""Start the server with `python -P -m codanna_lsp`; -P keeps the workspace's own modules out of the way."""

from __future__ import annotations

import sys

from codanna_lsp.main import serve

if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:]))
