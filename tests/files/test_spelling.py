"""Names that differ in case alone, where that is one name and where it is two."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codanna_core import Engine
from codanna_core import engine as engine_module
from codanna_core.files.spelling import spelled_as_on_disk
from codanna_core.testing.embedder import FakeEmbedder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Shop" / "Über").mkdir(parents=True)
    (tmp_path / "Shop" / "Cart.py").write_text("def total(): return 1\n")
    (tmp_path / "Shop" / "Über" / "Straße.py").write_text("x = 1\n")
    return tmp_path


@pytest.fixture
def caseless(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file system says on which case does not count; only looking is played, not opening."""

    def lexists(path: str | os.PathLike[str]) -> bool:
        folder, name = os.path.split(path)
        return name.casefold() in {entry.casefold() for entry in os.listdir(folder)}

    monkeypatch.setattr(os.path, "lexists", lexists)
    monkeypatch.setattr(engine_module, "CASE_MAY_NOT_COUNT", True)


@pytest.mark.usefixtures("caseless")
@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ("shop/CART.py", "Shop/Cart.py"),
        ("Shop/Cart.py", "Shop/Cart.py"),
        ("SHOP/über/straße.PY", "Shop/Über/Straße.py"),
        ("shop/new.py", "Shop/new.py"),
        ("nowhere/cart.py", "nowhere/cart.py"),
        (".", "."),
    ],
)
def test_a_path_is_spelled_as_its_folders_list_it(project: Path, given: str, spelled: str) -> None:
    """Whatever is there; the rest stays as given."""
    assert spelled_as_on_disk(project, given) == spelled


def test_where_case_counts_nothing_changes(project: Path) -> None:
    """A file that is not there is not taken for the one that is spelled otherwise."""
    assert spelled_as_on_disk(project, "Shop/cart.py") == "Shop/cart.py"
    (project / "Shop" / "cart.py").write_text("y = 1\n")
    assert spelled_as_on_disk(project, "Shop/cart.py") == "Shop/cart.py"
    assert spelled_as_on_disk(project, "Shop/CART.py") == "Shop/CART.py"


@pytest.mark.usefixtures("caseless")
def test_an_editor_that_spells_a_file_otherwise_has_no_second_one(project: Path) -> None:
    """Its unsaved text stands for the file, and is gone with it."""
    with Engine.open(project, project.parent / "index", embedder=FakeEmbedder()) as engine:
        engine.sync()
        engine.set_overlay(str(project / "shop" / "CART.py"), "def sum_of_all(): return 2\n")
        assert [hit.path for hit in engine.symbols("sum_of_all")] == ["Shop/Cart.py"]
        assert engine.symbols("total") == []
        engine.clear_overlay("SHOP/cart.py")
        assert [hit.path for hit in engine.symbols("total")] == ["Shop/Cart.py"]
