"""Two projects, one in the folder and one that only a team has, and a cluster for tests that need it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codanna_core import Engine

sys.path.insert(0, str(Path(__file__).parent / "support"))

if TYPE_CHECKING:
    from cluster import Cluster

PROJECTS = Path(__file__).parents[1] / "ranking" / "projects"


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`here`, `there`, and `both` together; a project has the same paths wherever it is."""
    root = tmp_path_factory.mktemp("team")
    for project, folder in (("shop", "here"), ("relay", "there")):
        shutil.copytree(PROJECTS / project, root / folder / project)
        shutil.copytree(PROJECTS / project, root / "both" / project)
    return root


def opened(folders: Path, name: str) -> Iterator[Engine]:
    with Engine.open(folders / name, folders / f"{name}-index") as engine:
        engine.sync()
        engine.settle()
        yield engine


@pytest.fixture(scope="session")
def relay(folders: Path) -> Iterator[Engine]:
    """The project that is not checked out."""
    yield from opened(folders, "there")


@pytest.fixture(scope="session")
def whole(folders: Path) -> Iterator[Engine]:
    """Both projects in one index."""
    yield from opened(folders, "both")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three nodes, started once, and ended whatever happens."""
    from cluster import Cluster

    made = Cluster(tmp_path_factory.mktemp("cluster"), 3, "768m")
    try:
        yield made.start()
    finally:
        made.stop()
