"""Whose an index folder is: made, recorded, inherited, lost, raced for and killed in between."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from codanna_core import Engine
from codanna_core.engine import remove_index
from codanna_core.errors import IndexRefused, InvalidQuery
from codanna_core.files import SkipReason
from codanna_core.indexing.layout import IndexFolder, index_folder
from codanna_core.indexing.ownership import Ownership, Records, Standing
from codanna_core.indexing.prepare import FileTask, read_file
from codanna_core.testing.embedder import FakeEmbedder
from codanna_lsp.convert import read_lines_inside

OLD_INDEX = Path(__file__).parent / "data" / "index-of-format-1.zip"
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has neither modes nor owners")


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Caches and records of each test are its own."""
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def umask() -> Iterator[None]:
    """A user whose new files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def build(root: Path, index: Path | None = None) -> Path:
    with Engine.open(root, index, embedder=FakeEmbedder()) as engine:
        engine.sync()
        assert engine.wait_until_idle(60)
        return engine.folder.path


def answers(root: Path, index: Path | None = None) -> bool:
    with Engine.open(root, index, embedder=FakeEmbedder()) as engine:
        engine.sync()
        return engine.search("put cash into the account").hits[0].name == "deposit_money"


def modes(folder: Path) -> set[tuple[bool, int]]:
    return {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in (folder, *folder.rglob("*"))}


PRIVATE = {(True, 0o700), (False, 0o600)}


@POSIX
def test_nobody_else_can_read_an_index(workspace: Path, tmp_path: Path, umask: None) -> None:
    """Whatever the umask is, every file of an index and its record are the user's alone."""
    index = build(workspace, tmp_path / "index")
    assert modes(index) == PRIVATE
    assert modes(tmp_path / "state" / "codanna-lsp") == PRIVATE


@POSIX
def test_an_older_index_is_secured_and_used(workspace: Path, tmp_path: Path, umask: None) -> None:
    """An index of the version before identities, where we compute it to be: its files are indexed again and
    embedded once as they are embedded now, beside its own vectors, and then it is private and on record.
    """
    root = Path(os.path.realpath(workspace))
    index = index_folder(root, None)
    unpack_old_index(index, root)
    assert modes(index) == {(True, 0o777), (False, 0o666)}
    embedder = FakeEmbedder()
    with Engine.open(root, embedder=embedder) as engine:
        engine.sync()
        assert engine.wait_until_idle(60)
        assert engine.search("put cash into the account").hits[0].name == "deposit_money"
        status = engine.status()
        assert (status.files_indexed, status.vectors_total, status.vectors_pending) == (4, 14, 0)
        assert [problem.code for problem in status.problems] == ["index-version-mismatch"]
    assert len(embedder.embedded) == 7
    assert modes(index) == PRIVATE
    assert IndexFolder(index, root).check() is Standing.OURS
    remove_index(root)
    assert not index.exists()


def unpack_old_index(index: Path, root: Path) -> None:
    with zipfile.ZipFile(OLD_INDEX) as archive:
        archive.extractall(index)
    manifest = orjson.loads((index / "index.json").read_bytes())
    del manifest["checksum"]
    manifest["root"] = str(root)
    checksum = zlib.crc32(orjson.dumps(manifest))
    (index / "index.json").write_bytes(orjson.dumps({**manifest, "checksum": checksum}))


@pytest.mark.parametrize("place", ["--index-dir", "another root", "inside the workspace"])
def test_an_older_index_elsewhere_is_refused(
    workspace: Path, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anywhere else, or made for another root, an index without a record may come from anybody."""
    root = Path(os.path.realpath(workspace))
    index = tmp_path / "index" if place == "--index-dir" else index_folder(root, None)
    if place == "inside the workspace":
        # A repository in a container can know where its folder will be, and what the cache is there.
        monkeypatch.setenv("XDG_CACHE_HOME", str(root / ".cache"))
        index = index_folder(root, None)
    unpack_old_index(index, tmp_path if place == "another root" else root)
    before = {path: path.stat().st_mtime_ns for path in index.rglob("*")}
    given = index if place == "--index-dir" else None
    with pytest.raises(IndexRefused, match="delete"):
        Engine.open(root, given)
    with pytest.raises(IndexRefused, match="delete"):
        remove_index(root, given)
    assert {path: path.stat().st_mtime_ns for path in index.rglob("*")} == before


def test_a_home_folder_as_workspace_inherits_its_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever opens the whole home folder has the cache inside it, and still uses an older index."""
    home = Path(os.path.realpath(tmp_path)) / "home"
    home.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    unpack_old_index(index_folder(home, None), home)
    assert IndexFolder(index_folder(home, None), home).check() is Standing.INHERITED


def test_a_lost_state_folder(workspace: Path, tmp_path: Path) -> None:
    """The index in the user's cache goes on without its record, and is recorded again; another is foreign."""
    default, chosen = build(workspace), build(workspace, tmp_path / "index")
    shutil.rmtree(tmp_path / "state")
    embedder = FakeEmbedder()
    with Engine.open(workspace, embedder=embedder) as engine:
        engine.sync()
        assert engine.wait_until_idle(60)
    assert embedder.embedded == []
    assert IndexFolder(default, Path(os.path.realpath(workspace))).check() is Standing.OURS
    with pytest.raises(IndexRefused, match="is not an index that this user made there"):
        Engine.open(workspace, chosen)


def test_a_state_folder_that_cannot_be_written(workspace: Path, tmp_path: Path) -> None:
    """The index in the user's cache needs no record; for another place the user is told what to do."""
    (tmp_path / "state").write_text("a file is in its place")
    build(workspace)
    assert answers(workspace)
    with (
        Engine.open(workspace, tmp_path / "index") as engine,
        pytest.raises(IndexRefused, match="XDG_STATE_HOME"),
    ):
        engine.sync()
    (tmp_path / "state").unlink()
    assert answers(workspace, tmp_path / "index")


@POSIX
def test_a_link_in_the_place_of_a_record(workspace: Path, tmp_path: Path) -> None:
    """Records are neither read nor written through a link, and the file behind it stays as it is."""
    index = build(workspace, tmp_path / "index")
    record = next((tmp_path / "state").rglob("*.json"))
    victim = tmp_path / "victim"
    record.rename(victim)
    record.symlink_to(victim)
    before = victim.read_bytes()
    with pytest.raises(IndexRefused):
        Engine.open(workspace, index)
    shutil.rmtree(index)
    assert answers(workspace, index)
    assert victim.read_bytes() == before
    assert not record.is_symlink()


def test_a_full_disk_while_the_record_is_written(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said to be one, and the next run makes the index."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for index in (None, tmp_path / "index"):
        with (
            Engine.open(workspace, index, embedder=FakeEmbedder()) as engine,
            monkeypatch.context() as patched,
        ):
            patched.setattr(Records, "keep", full)
            with pytest.raises(OSError, match="No space"):
                engine.sync()
        assert answers(workspace, index)


@POSIX
def test_a_pipe_inside_an_index(workspace: Path, tmp_path: Path) -> None:
    """Nobody waits for its other end."""
    index = build(workspace, tmp_path / "index")
    for name in ("names/added.log", "index.json", "identity.json", "writer.lock"):
        kept = (index / name).read_bytes()
        (index / name).unlink()
        os.mkfifo(index / name)
        with pytest.raises(IndexRefused):
            Engine.open(workspace, index)
        (index / name).unlink()
        (index / name).write_bytes(kept)
    assert answers(workspace, index)


def test_paths_in_an_index_are_data(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file outside of the root that an index names is not read: not for a hit, not to embed it again."""
    (tmp_path / "outside").mkdir()
    outside = tmp_path / "outside/secret.py"
    outside.write_text("def the_secret_of_the_user():\n    return 'hunter2'\n")
    names = ("../outside/secret.py", str(outside))
    index = tmp_path / "index"
    with Engine.open(workspace, index, embedder=FakeEmbedder()) as engine:
        engine.sync()
        assert engine.wait_until_idle(60)
        with monkeypatch.context() as patched:
            patched.setattr(
                "codanna_core.indexing.prepare.open_inside",
                lambda root, path: os.open(os.path.join(root, path), os.O_RDONLY),
            )
            tasks = [(FileTask(name), 0) for name in names]
            engine._writer.runs._indexer(bulk=False).run_inline(tasks, [])
        hits = engine.search("the secret of the user", mode="text").hits
        assert {hit.path for hit in hits} >= set(names)
        assert not any("hunter2" in line.text for hit in hits for line in hit.snippet)
        for name in names:
            assert read_lines_inside(workspace, name) == [""]
            with pytest.raises(InvalidQuery):
                engine.similar(name, 0)
            file, data = read_file(workspace, name, engine.settings.discovery)
            assert (data, file.skipped or file.gone) == (b"", SkipReason.UNREADABLE)


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b'{"id": 1}', b"\xff" * 40])
def test_a_damaged_identity_or_record(workspace: Path, tmp_path: Path, damage: bytes) -> None:
    """Damage never makes a folder ours, and in the user's cache it heals."""
    for path in (build(workspace) / "identity.json", *(tmp_path / "state").rglob("*.json")):
        path.write_bytes(damage)
        assert answers(workspace)
    index = build(workspace, tmp_path / "index")
    (index / "identity.json").write_bytes(damage)
    with pytest.raises(IndexRefused):
        Engine.open(workspace, index)


def test_names_in_an_identity_are_data(workspace: Path, tmp_path: Path) -> None:
    """An identity that names folders which we would never make is none."""
    index = build(workspace, tmp_path / "index")
    values = json.loads((index / "identity.json").read_bytes())
    del values["checksum"]
    for name in ("../elsewhere", "/etc", "text-1/..", "vectors/../..", ".", "", 7, None):
        changed = {**values, "folders": [*values["folders"], name]}
        data = orjson.dumps({**changed, "checksum": zlib.crc32(orjson.dumps(changed))})
        (index / "identity.json").write_bytes(data)
        with pytest.raises(IndexRefused):
            remove_index(workspace, index)


@pytest.mark.parametrize("step", ["replace", "replaced"])
@pytest.mark.parametrize("default", [True, False])
def test_killed_between_record_and_identity(
    workspace: Path, tmp_path: Path, step: str, *, default: bool
) -> None:
    """Whoever died while making the folder its own has left nothing that a later run cannot finish."""
    index = None if default else tmp_path / "index"

    for count in (1, 2, 3):
        kill = KillAt(step, count)
        with (
            Engine.open(workspace, index, embedder=FakeEmbedder(), checkpoint=kill) as engine,
            pytest.raises(Killed),
        ):
            engine.sync()
        assert answers(workspace, index)
        remove_index(workspace, index)


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


class KillAt:
    """A checkpoint that ends at the n-th replacement of a record, identity or manifest."""

    def __init__(self, step: str, count: int) -> None:
        self._step = step
        self._left = count

    def __call__(self, name: str) -> None:
        if name.startswith(f"{self._step} ") and name.endswith(".json"):
            self._left -= 1
            if not self._left:
                raise Killed


def test_places_that_are_never_an_index(workspace: Path, tmp_path: Path) -> None:
    """The workspace itself, what contains it, and the folder of the records."""
    for place in (workspace, workspace.parent, tmp_path / "state/codanna-lsp/indexes", tmp_path / "state"):
        with pytest.raises(IndexRefused, match="contains"):
            Engine.open(workspace, place)


@POSIX
@pytest.mark.skipif(os.name != "nt" and os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_another_user(workspace: Path, tmp_path: Path) -> None:
    """An index of which anything was given to another user is refused, and so is that user's empty folder."""
    index = build(workspace, tmp_path / "index")
    for path in (index, index / "names", next((index / "text-1").glob("*.store"))):
        os.chown(path, 12345, -1)
        with pytest.raises(IndexRefused, match="another user"):
            Engine.open(workspace, index)
        os.chown(path, 0, -1)
    assert answers(workspace, index)
    (tmp_path / "empty").mkdir()
    os.chown(tmp_path / "empty", 12345, -1)
    with pytest.raises(IndexRefused, match="another user"):
        Engine.open(workspace, tmp_path / "empty")


@POSIX
def test_a_disk_without_owners_and_modes(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where every file seems to be another user's and open to all, that is a note and no refusal."""
    monkeypatch.setattr("codanna_core.indexing.ownership._is_foreign", lambda _info: True)
    monkeypatch.setattr("codanna_core.storage.private.os.chmod", lambda *_: None)
    index = tmp_path / "index"
    index.mkdir(0o755)
    assert answers(workspace, index)
    with Engine.open(workspace, index, embedder=FakeEmbedder()) as engine:
        engine.sync()
        assert [problem.code for problem in engine.status().problems] == ["index-not-private"]


@pytest.mark.timeout(120)
def test_processes_that_make_the_same_index(workspace: Path, tmp_path: Path) -> None:
    """Many processes that begin at once make one index, and it is theirs afterwards."""
    program = (
        "import sys\nfrom codanna_core import Engine\nfrom codanna_core.errors import IndexMissing\n"
        "from codanna_core.testing.embedder import FakeEmbedder\nsys.stdin.readline()\n"
        "with Engine.open(sys.argv[1], sys.argv[2], embedder=FakeEmbedder()) as engine:\n"
        "    try:\n        engine.sync()\n    except IndexMissing:\n        pass\n"
    )
    for number in range(3):
        index = tmp_path / f"index-{number}"
        runs = [
            subprocess.Popen(
                [sys.executable, "-c", program, str(workspace), str(index)], stdin=subprocess.PIPE
            )
            for _ in range(4)
        ]
        for run in runs:
            assert run.stdin is not None
            run.stdin.write(b"\n")
            run.stdin.flush()
        assert [run.wait(60) for run in runs] == [0] * len(runs)
        for run in runs:
            assert run.stdin is not None
            run.stdin.close()
        assert answers(workspace, index)


def test_tantivys_own_lists_are_data(workspace: Path, tmp_path: Path) -> None:
    """What tantivy would delete because its list names it stays, wherever it is."""
    victim = tmp_path / "victim"
    victim.write_text("years of work")
    index = build(workspace, tmp_path / "index")
    for name in (str(victim), "../../victim", ".."):
        folder = next(path for path in index.iterdir() if path.name.startswith("text-"))
        managed = orjson.loads((folder / ".managed.json").read_bytes())
        (folder / ".managed.json").write_bytes(orjson.dumps([*managed, name]))
        assert answers(workspace, index)
        assert victim.read_text() == "years of work"


def test_the_manifest_names_a_text_index(workspace: Path, tmp_path: Path) -> None:
    """A manifest that names anything else than one of our text indexes is damaged, and it heals."""
    index = build(workspace, tmp_path / "index")
    for name in ("../index/text-1", "names", "", 7, None, str(index / "text-1")):
        values = orjson.loads((index / "index.json").read_bytes())
        del values["checksum"]
        values["text"] = name
        checksum = zlib.crc32(orjson.dumps(values))
        (index / "index.json").write_bytes(orjson.dumps({**values, "checksum": checksum}))
        assert answers(workspace, index)


def test_records_are_filed_apart(tmp_path: Path) -> None:
    """A record counts only for the folder that it names, whichever file it is found in."""
    ours = Ownership(tmp_path / "one", tmp_path, computed=False, checkpoint=None)
    (tmp_path / "one").mkdir()
    (tmp_path / "root").mkdir()
    ours.root = tmp_path / "root"
    ours.claim()
    records = Records()
    file = next(records.folder.iterdir())
    assert records.find(tmp_path / "one") is not None
    other = Ownership(tmp_path / "two", tmp_path / "root", computed=False, checkpoint=None)
    (tmp_path / "two").mkdir()
    other.claim()
    for path in records.folder.iterdir():
        if path != file:
            shutil.copy(file, path)
    assert records.find(tmp_path / "two") is None
    (tmp_path / "two/more").write_text("")
    with pytest.raises(IndexRefused):
        other.judge()
