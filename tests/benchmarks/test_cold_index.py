"""The benchmark of the cold index measures whatever folder it is given."""

from __future__ import annotations

from pathlib import Path

import pytest

import cold_index


def test_a_relative_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder may be named as it is called from the current one: its saves are found there, too."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "one.py").write_text("def one():\n    return 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cold_index, "ctags", lambda root, languages: None)
    cold_index.main(["project", "--saves", "2", "--index-parent", "."])
    assert "one save visible" in capsys.readouterr().out
    assert [path.name for path in project.iterdir()] == ["one.py"]
    assert list(tmp_path.iterdir()) == [project]
