"""Start the server with `python -P -m codanna_lsp`; -P keeps the workspace's own modules out of the way."""

from __future__ import annotations

import os
import sys

# As on the command line: a search's matrices are small, and more threads would only wake each other up.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from codanna_lsp.main import serve

if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:]))
