"""Path globs mean the same for the index and for unsaved buffers."""

from __future__ import annotations

import re

import pytest

from codanna_core.search.globs import glob_to_regex


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("src/", "src/a/b.py", True),
        ("src/", "lib/src.py", False),
        ("src/**/*.py", "src/b.py", True),
        ("src/**/*.py", "src/a/c/b.py", True),
        ("src/**/*.py", "src/a/b.go", False),
        ("*.py", "deep/down/b.py", True),
        ("*.py", "b.pyc", False),
        ("src/*.py", "src/a/b.py", False),
        ("src/a", "src/a/b.py", True),
        ("src/a", "src/ab.py", False),
        ("tests", "pkg/tests/x.py", True),
        ("tests", "pkg/mytests/x.py", False),
        ("a?.go", "ab.go", True),
        ("a?.go", "a/.go", False),
        ("*.{ts,tsx}", "ui/b.tsx", True),
        ("*.{ts,tsx}", "ui/b.js", False),
        ("[ab].c", "b.c", True),
        ("[!ab].c", "b.c", False),
        ("x[1].py", "x[1].py", True),
        ("x[1].py", "x1.py", True),
        ("a{b}.py", "a{b}.py", True),
        ("x[[]1].py", "x[1].py", True),
        ("we+ird (1).py", "we+ird (1).py", True),
        ("ünï/*.py", "ünï/x.py", True),
        ("./src/x.py", "src/x.py", True),
        ("/src/x.py", "src/x.py", True),
    ],
)
def test_a_glob_matches_what_a_user_expects(glob: str, path: str, matches: bool) -> None:
    """Folders, stars, braces, sets, plain names and odd characters."""
    assert bool(re.fullmatch(glob_to_regex(glob), path)) is matches
