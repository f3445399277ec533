"""The map of a code base."""

from __future__ import annotations

from pathlib import Path

from codanna_core import Engine
from codanna_core.search.atlas import _labels, _words_of
from codanna_core.testing.embedder import FakeEmbedder
from codanna_core.text.stored import StoredSymbol


def project(root: Path) -> Path:
    for topic in ("upload", "session", "palette"):
        body = "\n\n".join(f"def {topic}_{number}():\n    return '{topic}'" for number in range(12))
        (root / f"{topic}.py").write_text(f"LIMIT = 3\n\n{body}\n")
    return root


def test_the_map_shows_definitions_in_named_regions(tmp_path: Path) -> None:
    """Every function is in one region, constants are in none, and other files change nothing."""
    with Engine.open(project(tmp_path), tmp_path / "index", embedder=FakeEmbedder()) as engine:
        engine.sync()
        found = engine.cluster_map()
        assert (found.symbols, found.sampled) == (36, False)
        assert sum(region.count for region in found.regions) == 36
        names = [symbol.hit.name for region in found.regions for symbol in region.symbols]
        assert len(names) == len(set(names)) == 36
        assert "LIMIT" not in names
        words = [word for region in found.regions for word in region.words]
        assert len(words) == len(set(words))
        assert {"upload", "session", "palette"} & set(words)
        for region in found.regions:
            for symbol in region.symbols:
                away = ((symbol.x - region.x) ** 2 + (symbol.y - region.y) ** 2) ** 0.5
                assert away <= region.radius
        few = engine.cluster_map(limit=9)
        assert sum(len(region.symbols) for region in few.regions) <= 9 + len(few.regions)
        (tmp_path / "more.md").write_text("# A heading\n")
        engine.sync()
        assert engine.cluster_map().regions == found.regions


def test_the_map_does_not_depend_on_the_history(tmp_path: Path) -> None:
    """Files that came one by one give the same picture as files that came at once."""
    (tmp_path / "code").mkdir()
    root = project(tmp_path / "code")
    with Engine.open(root, tmp_path / "once", embedder=FakeEmbedder()) as engine:
        engine.sync()
        at_once = engine.cluster_map().regions
    texts = {path: path.read_text() for path in sorted(root.glob("*.py"), reverse=True)}
    for path in texts:
        path.unlink()
    with Engine.open(root, tmp_path / "slow", embedder=FakeEmbedder()) as engine:
        for path, text in texts.items():
            path.write_text(text)
            engine.sync()
        assert engine.cluster_map().regions == at_once


def test_labels_tell_regions_apart() -> None:
    """Words of one region come before words of all, none names two regions, and a region alone has words."""
    uploads = [frozenset({"upload", "file"}), frozenset({"upload", "retry"}), frozenset({"upload", "retry"})]
    sessions = [frozenset({"session", "file"}), frozenset({"session", "retry"})]
    first, second = _labels([uploads, sessions])
    assert first[0] == "upload"
    assert second[0] == "session"
    assert not set(first) & set(second)
    assert _labels([[frozenset({"alone"})]]) == [("alone",)]
    assert _labels([[frozenset()]]) == [()]


def test_words_that_say_nothing_name_no_region() -> None:
    """Neither as they are nor in the plural; other words are counted in the singular where it occurs."""
    names = ("test_uploads", "tests", "upload_status", "get_it")
    symbols = [
        StoredSymbol(name, "function", "a.B", "python", "a.py", "", "", 0, 0, 1, 0, 0, 0, 4, 0, 7)
        for name in names
    ]
    found = _words_of(symbols)
    assert found == [frozenset({"upload"}), frozenset(), frozenset({"upload", "status"}), frozenset()]
