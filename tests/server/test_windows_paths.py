"""Paths of Windows in URIs, on any system: drives, shares, and what is neither."""

from __future__ import annotations

import ntpath

import pytest

from codanna_core.errors import InvalidQuery
from codanna_core.indexing.location import relative_to
from codanna_lsp.convert import uri_from_path, windows_path


@pytest.mark.parametrize(
    ("host", "path", "named"),
    [
        ("", "/c:/work/a.py", "c:\\work\\a.py"),
        ("", "/C:/work/../a.py", "C:\\a.py"),
        ("", "/c:", "c:\\"),
        ("", "/c:/", "c:\\"),
        ("server", "/share/a.py", "\\\\server\\share\\a.py"),
        ("wsl.localhost", "/Ubuntu/home/a.py", "\\\\wsl.localhost\\Ubuntu\\home\\a.py"),
        ("wsl$", "/Ubuntu/home/a.py", "\\\\wsl$\\Ubuntu\\home\\a.py"),
        ("", "/c:/\U0001f600 ü/a.py", "c:\\\U0001f600 ü\\a.py"),
    ],
)
def test_drives_and_shares(host: str, path: str, named: str) -> None:
    """What editors on Windows send names an absolute path."""
    assert windows_path(host, path) == named


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("", "/work/a.py"),
        ("", "/"),
        ("", "/c:work"),
        ("", "/c:/a.py:stream"),
        (".", "/pipe/x"),
        ("?", "/c:/a.py"),
        ("", "///./pipe/x"),
        ("server", ""),
    ],
)
def test_what_is_on_no_drive(host: str, path: str) -> None:
    """Devices, streams and paths without a drive are no files."""
    assert windows_path(host, path) is None


def test_a_share_has_a_uri_with_its_host() -> None:
    """And it comes back."""

    class Share:
        def as_posix(self) -> str:
            return "//server/share/a b.py"

    assert uri_from_path(Share()) == "file://server/share/a%20b.py"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "relative"),
    [
        ("src\\a.py", "src/a.py"),
        ("c:\\Work\\src\\a.py", "src/a.py"),
        ("C:/work/src/../a.py", "a.py"),
    ],
)
def test_paths_below_a_root_on_a_drive(path: str, relative: str) -> None:
    """Drives and folders are compared without regard to case, and the index's form has slashes."""
    assert relative_to("C:\\Work", path, ntpath) == relative


@pytest.mark.parametrize("path", ["d:\\work\\a.py", "..\\a.py", "c:\\other\\a.py", "\\\\server\\share\\a.py"])
def test_paths_on_another_drive_are_outside(path: str) -> None:
    """A path of another drive has no relative form, and is refused like any other one outside."""
    with pytest.raises(InvalidQuery, match="is not inside"):
        relative_to("C:\\Work", path, ntpath)
