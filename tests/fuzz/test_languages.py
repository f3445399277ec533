"""Damaged files of every language: a sample on every run, and all cases that were ever found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz_languages import CORPUS, Case, check, corpus, fixtures, fuzz, path_of

from codanna_core.runtime import helpers as helpers_module
from codanna_core.runtime.helpers import WarmHelpers
from codanna_core.runtime.limits import Limits


@pytest.fixture(scope="module")
def helpers() -> Iterator[WarmHelpers]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(helpers_module, "_FREE_DEATHS", 10_000)
        made = WarmHelpers("codanna_core.parsing.service:serve", Limits(), most=1)
        yield made
        made.close()


@pytest.mark.parametrize("kept", [str(path.relative_to(CORPUS)) for path in corpus()])
def test_a_case_that_was_found_stays_harmless(kept: str, helpers: WarmHelpers) -> None:
    """Whatever it did once, now it is parsed, or its process is ended and its text is searched."""
    path = CORPUS / kept
    assert check(Case(path.parent.name, path_of(path), path.read_bytes()), helpers) in (
        *("parsed", "slow-file", "parser-crashed"),
    )


def test_damaged_files_break_nothing() -> None:
    """A few cases of each language; `make fuzz` runs more."""
    outcomes = fuzz(3 * len(fixtures()), 2, 1, write=False)
    assert outcomes["broken"] == 0
    assert outcomes["parsed"] > len(fixtures())


def test_the_checks_notice(helpers: WarmHelpers, tmp_path: Path) -> None:
    """What comes out of a file is looked at: crashes are told from what was parsed."""
    assert check(Case("markdown", "a.md", b"# Heading\n"), helpers) == "parsed"
    assert check(Case("markdown", "a.md", b">" * 1000 + b" x"), helpers) == "parser-crashed"
