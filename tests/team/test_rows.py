"""What travels of a symbol, and what an answer of a stranger must look like."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codanna_core.config import Settings
from codanna_core.embed.builtin import BUILTIN_FOLDER
from codanna_core.embed.static_model import StaticEmbedder
from codanna_core.text.impact import VALUES
from codanna_team.answers import Readable, Reading, rows_of
from codanna_team.publish import file_fields, symbol_fields
from codanna_team.queries import Plan
from codanna_team.reading import Folder, changed
from codanna_team.remote import RemoteQuestion, RemoteRow
from codanna_team.rows import TIMES, FileRow, Place, cosines, counted, int8_rows

SOURCE = '''"""A store of things."""


class Store:
    """Keeps things until they are asked for."""

    def keep_thing(self, thing: str) -> None:
        """Remember a thing."""
        self.things.append(thing)
        for one in self.things:
            print(one)
        if thing:
            return
        SECRET_BODY_LINE = 1


def same() -> int:
    return 1


def same() -> int:
    return 1
'''


@pytest.fixture(scope="module")
def model() -> StaticEmbedder:
    return StaticEmbedder(BUILTIN_FOLDER)


def rows_in(folder: Path, model: StaticEmbedder) -> dict[str, FileRow]:
    """All rows of a folder."""
    read = Folder.read(folder, Settings(), model.model_id)
    return {row.path: row for row in read.rows(read.digests)}


def test_a_symbol_travels_with_what_ranking_needs(tmp_path: Path, model: StaticEmbedder) -> None:
    """Signature, doc, snippet lines, words with levels, vector; no line of the body behind the snippet."""
    (tmp_path / "store.py").write_text(SOURCE)
    (row,) = rows_in(tmp_path, model).values()
    method = next(one for one in row.rows if one.name == "keep_thing")
    assert (method.container, method.kind, method.language) == ("Store", "method", "python")
    assert method.doc == "Remember a thing."
    assert method.snippet.startswith("    def keep_thing")
    assert len(method.snippet.split("\n")) == 5
    assert method.vector is not None
    assert method.vector.shape == (256,)
    assert "thing" in {word[:-1] for word in method.words.split()}
    assert not any("SECRET_BODY_LINE" in str(value) for value in symbol_fields(method).values())
    assert "append" in row.uses.split()


def test_equal_symbols_of_a_file_are_two_rows(tmp_path: Path, model: StaticEmbedder) -> None:
    """Content addresses them, and their number among equals."""
    (tmp_path / "store.py").write_text(SOURCE)
    (row,) = rows_in(tmp_path, model).values()
    addresses = [one.address for one in row.rows]
    assert len(set(addresses)) == len(addresses)
    assert sum(one.name == "same" for one in row.rows) == 2


def test_moving_down_changes_no_address(tmp_path: Path, model: StaticEmbedder) -> None:
    """A line above everything changes where symbols stand and nothing that travels of them."""
    path = tmp_path / "store.py"
    path.write_text(SOURCE)
    (before,) = rows_in(tmp_path, model).values()
    path.write_text(SOURCE.replace("\n\nclass", "\n# A comment.\n\nclass", 1))
    (after,) = rows_in(tmp_path, model).values()
    assert before.digest != after.digest
    named = [one for one in before.rows if one.kind != "text"]
    moved = {one.address: one.place for one in after.rows}
    assert all(one.address in moved for one in named)
    assert any(moved[one.address].start_line == one.place.start_line + 1 for one in named)


def test_words_count_as_their_levels_do() -> None:
    """The engine multiplies the times with the question's weight: levels stay in proportion."""
    assert counted("paym bilf") == f"pay|{TIMES['m']} bil|{TIMES['f']}"
    assert len(set(TIMES.values())) == len(VALUES)
    assert all(abs(TIMES[level] / 8 - value) <= 1 / 16 for level, value in VALUES.items())


def test_files_that_did_not_change_are_known_by_their_digest() -> None:
    """Added, changed, renamed and deleted files are told apart from the others."""
    fresh, gone = changed({"a": "1", "b": "2", "new": "3"}, {"a": "1", "b": "0", "old": "3"})
    assert (fresh, gone) == ({"b", "new"}, {"b", "old"})


def test_places_are_read_as_they_were_packed() -> None:
    """And what is no place is refused."""
    place = Place(10, 4, 22, 1, 11, 8, 12, 3)
    assert Place.read(place.packed()) == place
    for wrong in (
        "",
        "1,2,3",
        "1,2,-3,4,0,1,2,3",
        "1,2,0,1,0,1,2,3",
        "1,2,0,9,0,7,2,3",
        "1,2,0,9,-1,1,2,3",
        "a,b,c,d,e,f,g,h",
        f"{1 << 40},0,0,0,0,0,0,0",
    ):
        with pytest.raises(ValueError, match=r"symbol|literal"):
            Place.read(wrong)


def test_directions_survive_eight_bits() -> None:
    """The cosine of a row is that of its vector, nearly; rows of zeros are near to nothing."""
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((50, 256)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    question = vectors[0]
    assert np.allclose(cosines(int8_rows(vectors), question), vectors @ question, atol=0.01)
    assert cosines(int8_rows(np.zeros((1, 256), np.float32)), question).tolist() == [0.0]


# Answers

_GOOD: dict[str, Any] = {
    "key": "shop@main",
    "path": "a/b.py",
    "language": "python",
    "kind": "function",
    "name": "pay",
    "words": counted("paym bilf"),
    "traits": 513,
    "place": "3,0,4,1,0,4,7,2",
    "snippet": "def pay():\n    bill()",
    "vector": base64.b64encode(bytes([127] * 256)).decode(),
}


def read(source: dict[str, Any], reading: Reading | None = None) -> tuple[RemoteRow, ...]:
    """What becomes of one row of an answer."""
    reading = reading or fresh_reading()
    found = [{"hits": {"hits": [{"_id": "s1-a", "_source": source}]}}]
    return rows_of(Plan(searches=[{}], parts=["words"], terms=("pay", "cash")), found, reading)


def fresh_reading() -> Reading:
    """Of a question about paying."""
    branches = {"shop@main": Readable("shop", "main", "ab", True, 10, ("x",))}
    question = RemoteQuestion({"pay": 1.0, "cash": 0.5}, np.full(256, 1 / 16, np.float32))
    return Reading(question, ("pay", "cash"), branches, compared=True)


def test_a_row_is_read() -> None:
    """With all that is shown and ranked by."""
    (row,) = read(_GOOD)
    assert (row.repository, row.branch, row.revision, row.path) == ("shop", "main", "ab", "a/b.py")
    assert row.snippet == ((3, "def pay():"), (4, "    bill()"))
    assert row.levels == {"pay": "m"}
    assert row.place.end_line == 7
    assert row.place.name_col == 4
    assert row.traits == 513 | 2 << 16
    assert row.cosine == pytest.approx(1.0, abs=1e-3)


def test_a_file_found_by_its_path_is_its_first_symbol(tmp_path: Path, model: StaticEmbedder) -> None:
    """The same row as that of the symbol itself, and what is no such thing is refused."""
    (tmp_path / "store.py").write_text(SOURCE)
    (file,) = rows_in(tmp_path, model).values()
    shared = {"key": "shop@main", "path": file.path}
    first = {**shared, **symbol_fields(file.rows[0])}
    head = file_fields(file, shared)["head"].rstrip("=")  # As the engine gives it back.
    plan = Plan(searches=[{}, {}], parts=["words", "paths"], terms=("pay",))
    symbols = {"hits": {"hits": [{"_id": f"s{file.rows[0].address}-a", "_source": first}]}}
    paths = {"hits": {"hits": [{"fields": {"head": [head]}}]}}
    (once,) = rows_of(plan, [symbols, paths], fresh_reading())
    (alone,) = rows_of(plan, [{}, paths], fresh_reading())
    assert (alone.name, alone.place, alone.cosine) == (once.name, once.place, once.cosine)
    for wrong in ([], [3], ["!"], ["AAAA"], [base64.b64encode(b"[1]").decode()]):
        reading = fresh_reading()
        assert rows_of(plan, [{}, {"hits": {"hits": [{"fields": {"head": wrong}}]}}], reading) == ()
        assert reading.refused == 1


def test_a_row_that_moved_with_a_published_revision() -> None:
    """Its new place counts, that of an attempt which was not published does not."""
    (row,) = read({**_GOOD, "moves": {"x": "9,0,4,1,0,4,7,2", "y": "99,0,4,1,0,4,7,2"}})
    assert row.place.start_line == 9


@pytest.mark.parametrize(
    "change",
    [
        {"path": "../../etc/passwd"},
        {"path": "/etc/passwd"},
        {"path": "a//b"},
        {"path": "a\\..\\b"},
        {"path": "a\nb"},
        {"path": ""},
        {"path": 7},
        {"path": "x" * 5000},
        {"kind": "virus"},
        {"name": ["x"]},
        {"name": "x" * 2000},
        {"doc": "\ud800"},
        {"place": "1"},
        {"place": "3,0,4,1,0,4,7,-2"},
        {"place": "3,0,4,1,0,4,7,2,1"},
        {"place": "3,0,4,1,0,4,7000000000,2"},
        {"place": None},
        {"traits": "many"},
        {"traits": float("inf")},
        {"words": 3},
        {"words": "x" * 70_000},
        {"language": "x" * 65},
        {"language": "\ud800"},
        {"path": "a/\ud800.py"},
        {"moves": {"x": {}}},
        {"moves": "x"},
    ],
    ids=str,
)
def test_a_row_that_is_refused(change: dict[str, Any]) -> None:
    """It is left out and counted, and the answer goes on."""
    reading = fresh_reading()
    assert read({**_GOOD, **change}, reading) == ()
    assert reading.refused == 1


def test_rows_of_branches_that_are_not_published_are_left_out() -> None:
    """Removed ones, those that are checked out here, and those that nobody heard of."""
    reading = fresh_reading()
    assert read({**_GOOD, "key": "other@main"}, reading) == ()
    reading = fresh_reading()
    reading.left_out = frozenset({"shop"})
    assert read(_GOOD, reading) == ()
    assert reading.refused == 0


@pytest.mark.parametrize("vector", ["", "!!!", "AAAA", "A" * 10_000, 5, None])
def test_a_vector_that_is_none(vector: object) -> None:
    """The row is still there for its words."""
    (row,) = read({**_GOOD, "vector": vector})
    assert row.cosine is None


def test_of_what_a_vector_alone_found_the_nearest_are_read() -> None:
    """Beside words: the codes in the engine bring more than are near. What words found too stays, if far."""
    rows, far = [], {**_GOOD, "vector": base64.b64encode(bytes([129] * 256)).decode()}
    for number in range(120):
        vector = bytes([127] * (136 + number) + [129] * (120 - number))
        rows.append({**_GOOD, "name": f"near{number}", "vector": base64.b64encode(vector).decode()})
    words = {"hits": {"hits": [{"_id": "sfar-a", "_source": far}]}}
    near = {"hits": {"hits": [{"_id": f"s{row['name']}-a", "_source": row} for row in rows]}}
    near["hits"]["hits"].insert(0, words["hits"]["hits"][0])
    plan = Plan(searches=[{}, {}], parts=["vector", "words"], terms=("pay", "cash"))
    both = rows_of(plan, [near, words], fresh_reading())
    assert [row.name for row in both if row.name == "pay"] == ["pay"]
    assert {row.name for row in both} == {"pay"} | {f"near{number}" for number in range(40, 120)}
    alone = rows_of(Plan(searches=[{}], parts=["vector"]), [near], fresh_reading())
    assert len(alone) == 121


@pytest.mark.parametrize("answer", [{}, {"hits": []}, {"hits": {"hits": "x"}}, {"hits": {"hits": [3, None]}}])
def test_an_answer_that_is_none(answer: dict[str, Any]) -> None:
    """Nothing of it counts, and nothing breaks."""
    plan = Plan(searches=[{}, {}], parts=["words", "files"], terms=("pay",))
    assert rows_of(plan, [answer, answer], fresh_reading()) == ()
