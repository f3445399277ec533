"""What the built wheel holds: everything that runs, nothing that does not."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    ROOT / "core" / "codanna_core",
    ROOT / "core" / "codanna_team",
    ROOT / "lsp_server" / "codanna_lsp",
    ROOT / "lsp_server" / "codanna_mcp",
    ROOT / "lsp_server" / "codanna_rpc",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel as a release builds it."""
    target = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [path] = target.glob("*.whl")
    return zipfile.ZipFile(path)


def in_wheel(path: Path) -> str:
    package = next(package for package in PACKAGES if path.is_relative_to(package))
    return path.relative_to(package.parent).as_posix()


def test_every_module_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    """No source file is left out, for instance by a line of .gitignore."""
    expected = {in_wheel(path) for package in PACKAGES for path in package.rglob("*.py")}
    assert expected - set(wheel.namelist()) == set()


def test_nothing_but_the_packages_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    """Tests, benchmarks, training code and caches stay outside; the manual page goes where `man` looks."""
    tops = {name.split("/")[0] for name in wheel.namelist()}
    shipped = {top for top in tops if not top.endswith((".dist-info", ".data"))}
    assert shipped == {package.name for package in PACKAGES}
    beside = [name.partition(".data/")[2] for name in wheel.namelist() if ".data/" in name]
    assert beside == ["data/share/man/man1/codanna-lsp.1"]
    assert [name for name in wheel.namelist() if "__pycache__" in name or name.endswith(".pyc")] == []


def test_types_are_announced(wheel: zipfile.ZipFile) -> None:
    """Both packages carry the marker that makes type checkers read their hints."""
    assert {f"{package.name}/py.typed" for package in PACKAGES} <= set(wheel.namelist())


def test_language_data_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    """Every language folder ships whole."""
    data = PACKAGES[0] / "languages" / "data"
    expected = {in_wheel(path) for path in data.rglob("*") if path.is_file()}
    assert len([name for name in expected if name.endswith("language.toml")]) >= 9
    assert expected - set(wheel.namelist()) == set()


def test_data_beside_the_code_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    """Every other data file that git tracks in the packages ships too: rules, models, schemas."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *map(str, PACKAGES)], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    tracked = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    assert {in_wheel(path) for path in tracked if path.exists()} - set(wheel.namelist()) == set()


def test_default_model_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    """The embedding model ships inside: the first search works without any download."""
    files = [
        name for name in wheel.namelist() if name.startswith("codanna_core/embed/models/codanna-code-256/")
    ]
    assert any(name.endswith("/config.json") for name in files)
    assert sum(wheel.getinfo(name).file_size for name in files) > 1_000_000


def test_wheel_is_small_enough(wheel: zipfile.ZipFile) -> None:
    """The whole wheel stays under 25 MB."""
    assert sum(info.compress_size for info in wheel.infolist()) < 25_000_000


def test_console_script_and_license(wheel: zipfile.ZipFile) -> None:
    """Installing gives the command, and the license travels along."""
    [entry_points] = [name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt")]
    assert "codanna-lsp = codanna_core.cli.main:program" in wheel.read(entry_points).decode()
    assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())
