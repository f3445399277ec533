"""One view of index and buffers: what it merges, what it hides, and what is made of its rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from codanna_core import Engine
from codanna_core.cache import Cache
from codanna_core.ranking.query import understand
from codanna_core.ranking.weights import WEIGHTS
from codanna_core.results import Filters, Mode
from codanna_core.search import candidates
from codanna_core.search.candidates import find_candidates
from codanna_core.search.layers import Nearest
from codanna_core.search.view import SearchView
from codanna_core.testing.embedder import FakeEmbedder
from codanna_core.text.documents import file_key
from codanna_core.text.rows import NONE, Rows, Scored
from codanna_core.text.stored import Filter

FILES = {
    "bank.py": "class Account:\n    def deposit(self):\n        '''Put cash into it.'''\n",
    "shop.py": "class Basket:\n    def deposit(self):\n        '''Put goods into it.'''\n",
    "deposit/readme.txt": "nothing\n",
}
TYPED = "class Vault:\n    def deposit(self):\n        '''Put gold into it.'''\n    def open_it(self): pass\n"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    root = tmp_path / "work"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    with Engine.open(root, tmp_path / "index", embedder=FakeEmbedder()) as opened:
        opened.sync()
        yield opened


def seen(view: SearchView, rows: Rows) -> set[tuple[str, str]]:
    return {(symbol.path, symbol.name) for symbol in view.symbols(rows)}


def test_a_buffer_hides_its_file_in_every_search(engine: Engine) -> None:
    """Whatever is asked, nothing comes from the index of a file that is being edited."""
    engine.set_overlay("bank.py", TYPED)
    view = engine._view(meaning=True)
    assert view.embedder is not None
    shares = dict.fromkeys(view.kept.terms("deposit"), 1.0)
    vector = view.embedder.embed_query("put cash into it")
    both = {("bank.py", "deposit"), ("shop.py", "deposit")}
    assert seen(view, view.named(["deposit"], 10, Filter())) == both
    assert seen(view, view.named(["Account"], 10, Filter())) == set()
    assert seen(view, view.matching(shares, 10, Filter()).rows) >= both
    assert ("bank.py", "Account") not in seen(view, view.passing(Filter(), 100))
    found = view.nearest(Nearest(vector, 100, Filter())).rows
    assert ("bank.py", "Vault") in seen(view, found)
    assert ("bank.py", "Account") not in seen(view, found)
    files = view.files_by_words(shares, 10).keys.tolist()
    assert files.count(file_key("bank.py")) == 1
    assert {symbol.name for symbol in view.outline("bank.py")} == {"Vault", "deposit", "open_it"}
    engine.clear_overlay("bank.py")
    view = engine._view(meaning=False)
    assert seen(view, view.named(["Account"], 10, Filter())) == {("bank.py", "Account")}


def test_filters_hold_for_both_layers(engine: Engine) -> None:
    """A buffer's symbols pass the same filters as those of the index."""
    engine.set_overlay("bank.py", TYPED)
    view = engine._view(meaning=False)
    for only, wanted in (
        (Filter(kinds=("class",)), {("bank.py", "Vault"), ("shop.py", "Basket")}),
        (Filter(owners=("bank.py",), kinds=("class",)), {("bank.py", "Vault")}),
        (Filter(container_words=(("vault",),)), {("bank.py", "deposit"), ("bank.py", "open_it")}),
        (Filter(languages=("go",)), set()),
        (Filter(kinds=("class",), excluded_words=("gold", "basket")), {("bank.py", "Vault")}),
    ):
        assert seen(view, view.passing(only, 100)) == wanted, only


def test_what_is_in_a_container_of_a_buffer_is_listed(engine: Engine) -> None:
    """`Vault.` lists members that are typed, not saved."""
    engine.set_overlay("bank.py", TYPED)
    assert {hit.name for hit in engine.symbols("Vault.")} == {"deposit", "open_it"}


def test_rows_of_both_layers_keep_their_order(engine: Engine) -> None:
    """Symbols and columns are read in the order of the rows, whichever layer each is from."""
    engine.set_overlay("bank.py", TYPED)
    view = engine._view(meaning=False)
    rows = view.passing(Filter(), 100)
    mixed = rows.take(np.random.default_rng(1).permutation(len(rows)))
    assert (mixed.places < 0).any()
    assert (mixed.places >= 0).any()
    keys = view.traits(mixed).files.tolist()
    assert [file_key(symbol.path) for symbol in view.symbols(mixed)] == keys


def test_a_view_does_not_change(engine: Engine) -> None:
    """What is typed and saved later shows in the next view, not in one that is held."""
    view = engine._view(meaning=False)
    engine.set_overlay("bank.py", TYPED)
    (engine.root / "new.py").write_text("def deposit(): pass\n")
    engine.sync()
    assert seen(view, view.named(["deposit", "Vault"], 10, Filter())) == {
        ("bank.py", "deposit"),
        ("shop.py", "deposit"),
    }


def test_candidates_are_made_once(engine: Engine) -> None:
    """No column can be set, and giving each file a candidate makes another set."""
    view = engine._view(meaning=False)
    question = understand("deposit", Filters())
    found = find_candidates(view, question, Mode.TEXT, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.text = np.zeros(0)  # type: ignore[misc]
    bare = [number for number in range(len(found.paths)) if number not in found.file]
    assert [found.paths[number] for number in bare] == ["deposit/readme.txt"]
    whole = found.with_one_of_each(view, range(len(found.paths)))
    assert len(whole) == len(found) + 1
    assert whole.symbol(view, len(found)).path == "deposit/readme.txt"
    assert len(found.file) == len(found.rows) == len(found)


def test_caches_belong_to_an_engine_and_are_bounded() -> None:
    """A full cache is emptied, and gives what it is asked for all the same."""
    cache: Cache[int, int] = Cache("squares", 3, lambda number: number * number)
    assert [cache[number] for number in range(10)] == [number * number for number in range(10)]
    assert len(cache) <= 3


def test_rows_are_taken_and_joined() -> None:
    """By numbers or by a mask, and scores go along."""
    rows = Rows.before([-1, -2, -3])
    assert rows.take(np.array([2, 0])).places.tolist() == [-3, -1]
    assert rows.take(np.array([True, False, True])).places.tolist() == [-1, -3]
    assert len(Rows.concat([])) == len(Rows.concat([NONE, NONE])) == 0
    joined = Scored.concat((Scored(rows, np.arange(3.0)), Scored(rows, np.arange(3.0))))
    assert joined.take(np.array([1, 5])).scores.tolist() == [1.0, 2.0]


def test_rows_know_how_near_they_are_in_both_layers(engine: Engine) -> None:
    """What a search by vector says of a row is said of it alone as well, of buffers and of the index."""
    engine.set_overlay("bank.py", TYPED)
    view = engine._view(meaning=True)
    assert view.embedder is not None
    vector = view.embedder.embed_query("put goods into it")
    found = view.nearest(Nearest(vector, 100, Filter()))
    assert np.allclose(view.nearness(found.rows, vector), found.scores, atol=1e-5)
    assert len(view.nearness(NONE, vector)) == 0


@pytest.mark.parametrize("mode", list(Mode))
def test_more_is_known_of_the_best_files(engine: Engine, monkeypatch: pytest.MonkeyPatch, mode: Mode) -> None:
    """A symbol that no search had among its first is a candidate if its file is one of the best; none of
    them is there twice, and what a buffer hides stays hidden.
    """
    engine.set_overlay("bank.py", TYPED)
    view = engine._view(meaning=mode is not Mode.TEXT)
    monkeypatch.setattr(candidates, "WEIGHTS", dataclasses.replace(WEIGHTS, candidates=1))
    question = understand("put goods into the deposit", Filters())
    found = find_candidates(view, question, mode, None)
    closer = found.looked_closer(view, np.ones(len(found.paths)), 10)
    assert len(set(closer.rows.places.tolist())) == len(closer.rows) >= len(found.rows)
    assert ("bank.py", "Account") not in seen(view, closer.rows)
    assert (np.diff(closer.file) >= 0).all()
    for column in ("file", "text", "meaning", "exact", "traits", "names"):
        assert len(getattr(closer, column)) == len(closer.rows)
    if mode is not Mode.SEMANTIC:
        assert ("shop.py", "deposit") in seen(view, closer.rows)
        assert len(closer.rows) > len(found.rows)
    if mode is not Mode.TEXT:
        assert closer.sought.vector is not None  # A search may tell how far something is, too.
        near = np.maximum(0.0, view.nearness(closer.rows, closer.sought.vector))
        assert np.allclose(np.maximum(0.0, closer.meaning), near, atol=1e-5)


def test_what_words_found_is_judged_by_its_meaning_as_well(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in files that are none of the best, where only a search by words found it."""
    view = engine._view(meaning=True)
    monkeypatch.setattr(candidates, "WEIGHTS", dataclasses.replace(WEIGHTS, closer=0))
    question = understand("put goods into the deposit", Filters())
    found = find_candidates(view, question, Mode.HYBRID, None)
    unknown = dataclasses.replace(found, meaning=np.zeros(len(found)))
    judged = unknown.looked_closer(view, np.ones(len(found.paths)), 10)
    assert judged.sought.vector is not None
    near = np.maximum(0.0, view.nearness(judged.rows, judged.sought.vector))
    assert near.max() > 0
    assert np.allclose(judged.meaning, near, atol=1e-5)


def test_the_tree_knows_files_by_folder_and_by_name(engine: Engine) -> None:
    """Those that are there now: indexed ones, and buffers of new files; none that is gone."""
    root = engine.root
    new = ["a/bank.py", "a/b/bank.py", "a/bank.pyi", "a/line\nbreak.py", "a/(b)*.py", "ab/other.py"]
    for path in new:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("def run(): ...\n", "utf-8")
    engine.update(new)
    tree = engine._view(meaning=False).tree
    assert tree.folder("a") == {"a/bank.py", "a/bank.pyi", "a/line\nbreak.py", "a/(b)*.py"}
    assert tree.folder("") == {"bank.py", "shop.py"}
    assert tree.folder("b") == tree.folder("a/bank.py") == set()
    assert tree.named("bank.py") == {"bank.py", "a/bank.py", "a/b/bank.py"}
    assert tree.named("(b)*.py") == {"a/(b)*.py"}
    assert tree.named("") == tree.named("ank.py") == tree.named("meta") == set()
    assert tree.exists("a/b/bank.py")
    assert not tree.exists("a/b")
    (root / "a/bank.py").unlink()
    engine.update(["a/bank.py"])
    engine.set_overlay("c/bank.py", TYPED)
    tree = engine._view(meaning=False).tree
    assert tree.named("bank.py") == {"bank.py", "a/b/bank.py", "c/bank.py"}
    assert tree.folder("a") == {"a/bank.pyi", "a/line\nbreak.py", "a/(b)*.py"}
    assert tree.folder("c") == {"c/bank.py"}
    assert not tree.exists("a/bank.py")
