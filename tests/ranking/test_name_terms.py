"""The words of a name fit into one number, which the index and the buffers give alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from codanna_core import Engine
from codanna_core.ranking.query import understand
from codanna_core.results import Filters, Mode
from codanna_core.search.candidates import find_candidates
from codanna_core.text.name_terms import CODES, MOST, code_of, packed, unpacked

SOURCE = "class SessionPool:\n    def openSessions_again(self):\n        pass\n\n\ndef größe():\n    pass\n"


def words(number: int) -> list[int]:
    """The codes of one name."""
    return [code for code in unpacked(np.array([number], np.uint64))[:, 0].tolist() if code]


def test_the_parts_of_a_name_come_in_their_order_without_the_whole() -> None:
    """What is indexed ends with the whole where there are several parts; each word counts once."""
    assert words(packed(["open", "session", "opensession"])) == [code_of("open"), code_of("session")]
    assert words(packed(["open"])) == [code_of("open")]
    assert words(packed([])) == []
    assert words(packed(["a", "b", "a", "aba"])) == [code_of("a"), code_of("b")]


def test_of_a_long_name_the_first_words_are_kept() -> None:
    """The number has 64 bits, and no more words have room in it."""
    names = [f"word{number}" for number in range(20)]
    assert words(packed(names)) == [code_of(name) for name in names[:MOST]]
    assert 0 < packed(names) < 1 << 64


def test_codes_are_never_that_of_no_word() -> None:
    """Nor beyond the room of one word, whatever the word is."""
    codes = {code_of(word) for word in ("", "\udc80", *map(str, range(5000)))}
    assert min(codes) >= 1
    assert max(codes) < CODES
    assert len(codes) > 1000


def test_a_buffer_has_the_numbers_of_the_index(tmp_path: Path) -> None:
    """Typing into a file changes no signal of what stays."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text(SOURCE)

    def names(engine: Engine) -> list[int]:
        view = engine._view(meaning=False)
        question = understand("open the sessions of a pool, or the größe", Filters())
        return sorted(find_candidates(view, question, Mode.TEXT, None).names.tolist())

    with Engine.open(root, tmp_path / "index") as engine:
        engine.sync()
        indexed = names(engine)
        engine.set_overlay("a.py", f"{SOURCE}\n# typed\n")
        assert names(engine) == indexed
    assert packed(["session", "pool", "sessionpool"]) in indexed
    assert len(indexed) == 3
