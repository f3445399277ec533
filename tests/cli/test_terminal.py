"""What a person sees in a real terminal of a given size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

PLAIN = ("--color", "never", "--set", "semantic.enabled=false")


@pytest.mark.parametrize(("rows", "blocks"), [(60, True), (8, False)])
def test_answers_fit_the_terminal(workspace: Path, terminal: Any, rows: int, blocks: bool) -> None:
    """Results are shown whole where there is room, and with two lines each where they would scroll."""
    screen = terminal("search", "settings session store purge", *PLAIN, rows=rows)
    assert screen.end() == 0
    lines = [line for line in screen.screen().strip().splitlines() if not line.startswith("note:")]
    heads = [line for line in lines if line.startswith("src/")]
    assert len(heads) > 2
    assert ("" in lines) is blocks
    assert (len(lines) == 2 * len(heads)) is not blocks


def test_a_wish_overrides_the_terminal(workspace: Path, terminal: Any) -> None:
    """`--format full` shows all there is, even if it scrolls."""
    screen = terminal("search", "settings session store purge", "--format", "full", *PLAIN, rows=5)
    assert screen.end() == 0
    assert "›" in screen.screen()
    assert screen.screen().strip().count("\n") > 5


def test_source_lines_wrap_to_the_terminal(workspace: Path, terminal: Any) -> None:
    """No row of results is longer than the terminal is wide."""
    (workspace / "wide.py").write_text(
        "def purge_everything(" + ", ".join(f"argument_{n}" for n in range(40)) + "): ...\n"
    )
    screen = terminal("search", "purge everything", *PLAIN, rows=60, columns=60)
    assert screen.end() == 0
    assert "argument_3" in screen.screen()
    results = [line for line in screen.screen().splitlines() if not line.startswith("note:")]
    assert max(map(len, results)) <= 60


def test_progress_is_shown_before_anything_is_known(workspace: Path, terminal: Any) -> None:
    """A line says from the first second what goes on, and is gone when the answer is there."""
    for number in range(400):
        (workspace / f"part{number}.py").write_text(
            f"def handler_{number}(request):\n    return {number}\n" * 50
        )
    screen = terminal("search", "purge", *PLAIN, rows=60)
    screen.until("looking for changed files  1 s")
    screen.until("indexing ")
    assert screen.end() == 0
    assert "looking for" not in screen.screen()
    assert "/400" not in screen.screen()
