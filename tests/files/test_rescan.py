"""A scan that builds on an earlier one must find exactly what a full walk finds."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from codanna_core.config import DiscoverySettings
from codanna_core.files import Listing, Scan, ScanKind, scan, walk

DEFAULTS = DiscoverySettings()


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own git settings out of the tests."""
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scan as if everything had been written long ago, so that time stamps are trusted."""
    clock = SimpleNamespace(time_ns=lambda: time.time_ns() + 10**11)
    monkeypatch.setattr(walk, "time", clock)


def build(root: Path) -> None:
    for name in ("a/b/one.py", "a/two.py", "c/three.py", "four.py", "c/pic.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x = 1\n")


def same(left: Scan, right: Scan) -> None:
    assert left.paths == right.paths
    assert left.skipped == right.skipped
    assert left.mtime_ns.tolist() == right.mtime_ns.tolist()
    assert left.size.tolist() == right.size.tolist()


@pytest.mark.usefixtures("later")
class TestTrusted:
    """With time stamps old enough to be trusted."""

    def rescan(self, root: Path, how: ScanKind, first: Scan) -> Scan:
        stored = Listing.from_bytes(first.listing.to_bytes())
        assert stored == first.listing
        again = scan(root, DEFAULTS, stored)
        assert again.how is how
        same(again, scan(root, DEFAULTS))
        return again

    def test_nothing_changed(self, tmp_path: Path) -> None:
        """An untouched tree costs a stat of what is known, and no walk."""
        build(tmp_path)
        self.rescan(tmp_path, ScanKind.STAT_ONLY, scan(tmp_path, DEFAULTS))

    def test_edit_in_place(self, tmp_path: Path) -> None:
        """A file written in place shows its new size without a walk."""
        build(tmp_path)
        first = scan(tmp_path, DEFAULTS)
        (tmp_path / "four.py").write_text("longer = 22\n")
        assert 12 in self.rescan(tmp_path, ScanKind.STAT_ONLY, first).size.tolist()

    def test_added_removed_renamed(self, tmp_path: Path) -> None:
        """Entries that come and go are seen by listing the changed folders alone."""
        build(tmp_path)
        first = scan(tmp_path, DEFAULTS)
        (tmp_path / "a/new.py").write_text("x")
        (tmp_path / "c/three.py").unlink()
        (tmp_path / "fresh/deep").mkdir(parents=True)
        (tmp_path / "fresh/deep/f.py").write_text("x")
        second = self.rescan(tmp_path, ScanKind.PARTIAL, first)
        assert second.paths == ["a/b/one.py", "a/new.py", "a/two.py", "four.py", "fresh/deep/f.py"]
        shutil.rmtree(tmp_path / "a")
        (tmp_path / "c").rename(tmp_path / "moved")
        third = self.rescan(tmp_path, ScanKind.PARTIAL, second)
        assert third.paths == ["four.py", "fresh/deep/f.py"]

    def test_folder_with_its_time_set_back(self, tmp_path: Path) -> None:
        """Unpacking an archive can leave a folder's time as it was; the new file is seen still."""
        build(tmp_path)
        first = scan(tmp_path, DEFAULTS)
        before = (tmp_path / "a").stat()
        (tmp_path / "a/new.py").write_text("x")
        os.utime(tmp_path / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
        assert "a/new.py" in self.rescan(tmp_path, ScanKind.PARTIAL, first).paths

    @pytest.mark.parametrize(
        ("rule_file", "text"),
        [(".codannaignore", "two.py\n"), ("a/.ignore", "b/\n"), (".git/info/exclude", "four.py\n")],
    )
    def test_new_rules(self, tmp_path: Path, rule_file: str, text: str) -> None:
        """A rule file that appears, changes or goes makes the walk start anew."""
        build(tmp_path)
        first = scan(tmp_path, DEFAULTS)
        path = tmp_path / rule_file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        second = self.rescan(tmp_path, ScanKind.FULL, first)
        assert len(second.paths) == 3
        path.write_text("# nothing\n")
        third = self.rescan(tmp_path, ScanKind.FULL, second)
        assert len(third.paths) == 4
        path.unlink()
        self.rescan(tmp_path, ScanKind.FULL, third)

    def test_other_settings(self, tmp_path: Path) -> None:
        """Changed settings make the walk start anew."""
        build(tmp_path)
        first = scan(tmp_path, DEFAULTS)
        assert scan(tmp_path, DiscoverySettings(hidden=True), first.listing).how is ScanKind.FULL

    def test_evidence_of_build_output(self, tmp_path: Path) -> None:
        """A folder turns into build output, and back, when what marks it appears beside or inside it."""
        build(tmp_path)
        (tmp_path / "target").mkdir()
        (tmp_path / "target/x.rs").write_text("x")
        first = scan(tmp_path, DEFAULTS)
        (tmp_path / "Cargo.toml").write_text("x")
        second = self.rescan(tmp_path, ScanKind.FULL, first)
        assert "target/x.rs" not in second.paths
        (tmp_path / "Cargo.toml").unlink()
        third = self.rescan(tmp_path, ScanKind.FULL, second)
        (tmp_path / "a/CACHEDIR.TAG").write_text("x")
        fourth = self.rescan(tmp_path, ScanKind.FULL, third)
        assert "a/two.py" not in fourth.paths
        (tmp_path / "a/CACHEDIR.TAG").unlink()
        self.rescan(tmp_path, ScanKind.FULL, fourth)

    def test_large_file_shrinks(self, tmp_path: Path) -> None:
        """A file over the limit comes in when it shrinks, without a walk."""
        build(tmp_path)
        (tmp_path / "four.py").write_text("x" * 2_000_000)
        first = scan(tmp_path, DEFAULTS)
        assert "four.py" not in first.paths
        (tmp_path / "four.py").write_text("x")
        assert "four.py" in self.rescan(tmp_path, ScanKind.STAT_ONLY, first).paths


def test_fresh_time_stamps_are_not_trusted(tmp_path: Path) -> None:
    """Right after a change a folder's time stamp proves nothing, so it is listed again."""
    build(tmp_path)
    first = scan(tmp_path, DEFAULTS)
    assert scan(tmp_path, DEFAULTS, first.listing).how is not ScanKind.STAT_ONLY


@pytest.mark.parametrize("seed", range(8))
def test_random_histories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Whatever happens to a tree, a scan on top of the last one equals a full walk."""
    monkeypatch.setattr(walk, "RACY_NS", 20_000_000)
    rng = random.Random(seed)
    names = ["a", "b", "build", "vendor", "node_modules", ".h"]
    files = ["x.py", "y.py", "z.log", "p.png", ".gitignore", ".codannaignore", "modules.txt", "Cargo.toml"]
    rules = ["*.log", "a/", "/b", "!y.py", "x.py", "a/b/x.py", "**/b/*.py", "!build/", "!node_modules/"]
    (tmp_path / ".git").mkdir()
    current = scan(tmp_path, DEFAULTS)
    partial = 0
    for _ in range(60):
        for _ in range(rng.randint(1, 3)):
            folder = tmp_path.joinpath(*rng.choices(names, k=rng.randint(0, 3)))
            target = folder / rng.choice(files if rng.random() < 0.4 else files[:4])
            action = rng.random()
            if action < 0.6:
                folder.mkdir(parents=True, exist_ok=True)
                text = (
                    "\n".join(rng.choices(rules, k=2)) if "ignore" in target.name else "x" * rng.randint(1, 9)
                )
                target.write_text(text)
            elif action < 0.75:
                target.unlink(missing_ok=True)
            elif action < 0.85 and folder != tmp_path:
                shutil.rmtree(folder, ignore_errors=True)
            elif folder.is_dir() and folder != tmp_path and not (tmp_path / "moved").exists():
                folder.rename(tmp_path / "moved")
        stored = Listing.from_bytes(current.listing.to_bytes())
        current = scan(tmp_path, DEFAULTS, stored)
        partial += current.how is not ScanKind.FULL
        same(current, scan(tmp_path, DEFAULTS))
    assert partial > 5


def test_stored_listing_is_checked(tmp_path: Path) -> None:
    """A listing with any byte changed, or cut short, is refused rather than believed."""
    build(tmp_path)
    data = scan(tmp_path, DEFAULTS).listing.to_bytes()
    for at in range(0, len(data), 7):
        broken = bytearray(data)
        broken[at] ^= 0x40
        with pytest.raises(ValueError, match=r"damaged|another format"):
            Listing.from_bytes(bytes(broken))
        with pytest.raises(ValueError, match=r"damaged|cut short"):
            Listing.from_bytes(data[:at])
