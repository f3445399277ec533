"""The real server over an engine in memory: `python fake_server.py [serve options]`."""

from __future__ import annotations

import sys

from fake_engine import FakeEngine

from codanna_lsp.main import serve

sys.exit(serve(sys.argv[1:], FakeEngine))
