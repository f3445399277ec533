"""Upgrade and go back: what happens to an index that another version wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from codanna_core.storage.checked_json import checked, with_checksum


def written_by_another(index: Path, **changed: int) -> None:
    """Make the index one that another version wrote."""
    manifest = index / "index.json"
    values = checked(orjson.loads(manifest.read_bytes()))
    manifest.write_bytes(with_checksum({**values, **{key: values[key] + by for key, by in changed.items()}}))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_newer_layout_is_left_as_it_is_while_this_version_builds_beside(
    workspace: Path, run: Any, tmp_path: Path
) -> None:
    """Every command refuses it and changes no byte; another folder holds this version's index, and the newer
    version finds its own as it was.
    """
    newer, beside = tmp_path / "newer", tmp_path / "beside"
    assert run("search", "purge uploads", "--index-dir", newer).code == 0
    written_by_another(newer, format=1)
    before = contents(newer)
    for command in (["search", "x"], ["symbols", "x"], ["index", "--rebuild"], ["vector", "index-vectors"]):
        assert run(*command, "--index-dir", newer).code == 3
    assert run("search", "purge uploads", "--index-dir", beside).code == 0
    assert contents(newer) == before
    written_by_another(newer, format=-1)
    assert run("search", "purge uploads", "--index-dir", newer).code == 0


@pytest.mark.parametrize("by", [-1, 1])
def test_other_contents_of_the_same_layout_are_indexed_again(
    workspace: Path, run: Any, tmp_path: Path, by: int
) -> None:
    """After an upgrade, and after going back, the answer is as before, and no vector is made again."""
    index = tmp_path / "index"
    asked = ("search", "purge uploads", "--json", "--index-dir", index)
    before = run(*asked)
    vectors = {name: data for name, data in contents(index).items() if name.startswith("vectors/")}
    assert vectors
    written_by_another(index, feature=by)
    after = run(*asked)
    assert (after.code, after.json["hits"]) == (0, before.json["hits"])
    assert {name: data for name, data in contents(index).items() if name.startswith("vectors/")} == vectors
