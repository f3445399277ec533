"""Whose an index folder is. Ours has an identity that the user's state folder has on record; any other is
foreign, whatever it contains.

The record is written before the identity, so a kill between the two leaves an empty folder, which is nobody's
and is taken again. No record can be reached by a name that a workspace chooses: it is filed under a digest of
where the index folder is, and what it says decides.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

import orjson

from codanna_core.errors import IndexRefused
from codanna_core.indexing.names_on_disk import IDENTITY, LOCK, MANIFEST, is_text_folder, is_vector_folder
from codanna_core.records import dataclass
from codanna_core.runtime.folders import home_folder, state_folder
from codanna_core.runtime.system import WINDOWS
from codanna_core.storage.checked_json import checked, with_checksum
from codanna_core.storage.directory import Checkpoint, FsDirectory
from codanna_core.storage.lock import NOT_WRITABLE
from codanna_core.storage.private import OTHERS, is_link

log = logging.getLogger("codanna.engine")

_FORMAT = 1
_UNFINISHED = frozenset({LOCK, f"{IDENTITY}.tmp"})
"""All that is in a folder whose maker was killed before it had an identity."""
_NO_STATE_FOLDER = NOT_WRITABLE | {errno.ENOTDIR, errno.EEXIST, errno.ENOENT, errno.ELOOP}
"""Errors of a state folder that is not there or is not this user's to write."""
Entry = tuple[str, os.stat_result]


class Standing(StrEnum):
    """What a folder is to us."""

    FREE = "free"
    """Missing, or empty but for what a killed process left before it had made the folder its own."""
    OURS = "ours"
    INHERITED = "inherited"
    """Where we compute the index of this root to be, in this user's cache, and without a record: from an
    older version, or the state folder was lost."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the folder says of itself."""

    id: str
    root: str
    user: str
    format: int = _FORMAT
    folders: tuple[str, ...] = ()
    """The folders inside that were made by us, by their path from the index folder."""


@dataclass(frozen=True, slots=True)
class Record:
    """What the user's state folder says of an index folder."""

    id: str
    path: str
    root: str
    owners: bool = True
    """Whether files made there belong to this user; on some network disks and in some containers they do
    not, and then owners say nothing."""


class Records:
    """The state folder's record of this user's index folders, a small file for each."""

    def __init__(self, checkpoint: Checkpoint | None = None) -> None:
        self.folder = state_folder() / "indexes"
        self._directory = FsDirectory(self.folder, checkpoint, top=self.folder)

    def find(self, path: Path) -> Record | None:
        """The record of a folder, if it has one that can be read."""
        try:
            record = Record(**orjson.loads(self._directory.read(_record_name(path))))
        except (OSError, ValueError, TypeError):
            return None
        return record if record.path == str(path) else None

    def keep(self, record: Record) -> None:
        """Add or replace a record."""
        self._directory.replace(_record_name(Path(record.path)), orjson.dumps(asdict(record)))

    def forget(self, path: Path) -> None:
        """Drop the record of a folder that is gone."""
        try:
            self._directory.delete([_record_name(path)])
        except OSError as error:
            log.info("the record of %s was not removed: %s", path, error)


def _record_name(path: Path) -> str:
    return f"{hashlib.blake2b(os.fsencode(path), digest_size=16).hexdigest()}.json"


def read_identity(directory: FsDirectory) -> Identity | None:
    """The identity in a folder, None without one that is whole."""
    try:
        values = checked(orjson.loads(directory.read(IDENTITY)))
        folders = tuple(values.pop("folders"))
        identity = Identity(**values, folders=folders)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    if not all(isinstance(text, str) for text in (identity.id, identity.root, identity.user)):
        return None
    # Whoever wrote them, these names are removed one day: nothing but what we would make ourselves.
    return identity if all(is_own_folder(name) for name in folders) else None


def write_identity(directory: FsDirectory, identity: Identity) -> None:
    """Replace the identity of a folder."""
    directory.replace(IDENTITY, with_checksum(asdict(identity)))


def is_own_folder(name: Any) -> bool:
    """Whether this is a name that we give to a folder inside an index."""
    return isinstance(name, str) and (
        name in ("names", "facts") or is_text_folder(name) or is_vector_folder(name)
    )


class Ownership:
    """Judges an index folder and makes it ours. Reading changes nothing; only the writer `claim`s."""

    def __init__(self, path: Path, root: Path, *, computed: bool, checkpoint: Checkpoint | None) -> None:
        """`computed`: the folder is where we would put it ourselves, in the user's cache."""
        self.path = path
        self.root = root
        self._computed = computed
        self._directory = FsDirectory(path, checkpoint, top=path)
        self._records = Records(checkpoint)
        self._identity: Identity | None = None

    def judge(self) -> Standing:
        """What the folder is to us. Raises IndexRefused unless it may be used."""
        self._refuse_a_bad_place()
        try:
            info = os.lstat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return Standing.FREE
        if is_link(info):
            raise IndexRefused(
                self.path, "is a link", "Name the folder that it leads to, or choose another location"
            )
        if not S_ISDIR(info.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(self.path))
        # Listed before the identity is read, which another process may write just now: it writes nothing
        # else before that.
        names = {entry.name for entry in _listed(self.path)}
        if names <= _UNFINISHED:
            if _is_foreign(info) and _owners_count(self.path):
                raise _of_another_user(self.path)
            self._check_inside(owners=False)
            return Standing.FREE
        standing, owners = self._standing(info)
        if owners and _is_foreign(info):
            raise _of_another_user(self.path)
        self._check_inside(owners=owners)
        return standing

    def _standing(self, info: os.stat_result) -> tuple[Standing, bool]:
        """Also whether its owner says anything."""
        self._identity = identity = read_identity(self._directory)
        record = self._records.find(self.path)
        if record is not None and identity is not None and record.id == identity.id:
            if not _is_same_folder(record.root, self.root):
                raise _of_another_root(self.path, record.root)
            return Standing.OURS, record.owners
        if self._computed and self._may_inherit():
            roots = {root for root in (identity.root if identity else None, self._root_in_manifest()) if root}
            for root in roots:
                if not _is_same_folder(root, self.root):
                    raise _of_another_root(self.path, root)
            return Standing.INHERITED, True
        raise IndexRefused(
            self.path,
            "is not an empty folder, and it is not an index that this user made there",
            "Choose an empty or a new folder, or delete this one if nothing in it is needed",
        )

    def _may_inherit(self) -> bool:
        """A repository can ship a folder for every path inside it, so an index in there is never inherited.
        Whoever opens the whole home folder has the cache in it.
        """
        if not self.path.is_relative_to(self.root):
            return True
        return Path(os.path.realpath(home_folder())).is_relative_to(self.root)

    def _root_in_manifest(self) -> str | None:
        try:
            root = orjson.loads(self._directory.read(MANIFEST))["root"]
        except (OSError, ValueError, TypeError, KeyError):
            return None  # A damaged manifest; the text index is built again.
        return root if isinstance(root, str) else None

    def _refuse_a_bad_place(self) -> None:
        records = Path(os.path.realpath(self._records.folder))
        if self.path.is_relative_to(records) or records.is_relative_to(self.path):
            raise IndexRefused(self.path, "contains the records of codanna-lsp", "Choose another location")
        if self.root.is_relative_to(self.path):
            raise IndexRefused(self.path, "contains the code to index", "Choose another location")

    def _check_inside(self, *, owners: bool) -> None:
        for path, info in self.entries():
            if is_link(info) or not (S_ISREG(info.st_mode) or S_ISDIR(info.st_mode)):
                inside = os.path.relpath(path, self.path)
                what = "a link" if is_link(info) else "neither a file nor a folder"
                raise IndexRefused(
                    self.path,
                    f"contains {inside}, which is {what}, and an index has none",
                    f"Delete {self.path}; the next run builds the index again",
                )
            if owners and _is_foreign(info):
                raise _of_another_user(Path(path))

    def entries(self) -> Iterator[Entry]:
        """Everything in the folder and in those inside it that are an index's, without following links."""
        pending = [""]
        while pending:
            inside = pending.pop()
            for entry in _listed(self.path / inside):
                try:
                    info = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # The writer removed it since it was listed.
                if S_ISDIR(info.st_mode) and not is_link(info):
                    name = f"{inside}/{entry.name}" if inside else entry.name
                    if name != "vectors" and not is_own_folder(name):
                        continue  # Somebody else's; it is left alone.
                    pending.append(name)
                yield entry.path, info

    # Making it ours; the caller holds the writer lock

    def claim(self) -> None:
        """Put the folder on record and give it its identity, unless it has both."""
        if self.judge() is Standing.OURS:
            return
        identity = Identity(os.urandom(16).hex(), str(self.root), _user(), folders=self._folders_there())
        record = Record(identity.id, str(self.path), str(self.root))
        try:
            self._records.keep(record)
        except OSError as error:
            if error.errno not in _NO_STATE_FOLDER:
                raise
            if not self._computed or not self._may_inherit():
                raise IndexRefused(
                    self.path,
                    f"cannot be put on record in {self._records.folder} ({error.strerror})",
                    "Make that folder writable, set XDG_STATE_HOME, or leave the index in the user's cache",
                ) from error
            log.info("the index in %s is not on record: %s", self.path, error)
        self._keep(identity)
        if _is_foreign(os.lstat(self.path / IDENTITY)):
            self._records.keep(replace(record, owners=False))

    def _folders_there(self) -> tuple[str, ...]:
        """What an index without an identity has."""
        if self._identity is not None:
            return self._identity.folders
        found = (os.path.relpath(path, self.path).replace(os.sep, "/") for path, _ in self.entries())
        return tuple(sorted({"names", *filter(is_own_folder, found)}))

    def _keep(self, identity: Identity) -> None:
        write_identity(self._directory, identity)
        self._identity = identity

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders inside that are ours to remove."""
        return self._identity.folders if self._identity is not None else self._folders_there()

    def note_folder(self, name: str) -> None:
        """Before a folder is made inside: from now on it is ours to remove."""
        if self._identity is not None and name not in self._identity.folders:
            self._keep(replace(self._identity, folders=(*self._identity.folders, name)))

    def drop_folders(self, names: list[str]) -> None:
        """After folders were removed."""
        if self._identity is not None and names:
            kept = tuple(name for name in self._identity.folders if name not in names)
            self._keep(replace(self._identity, folders=kept))

    def forget(self) -> None:
        """After the folder was removed."""
        self._identity = None
        self._records.forget(self.path)

    def is_open_to_others(self) -> bool:
        """Whether a folder that we made lets other users in all the same; never known on Windows."""
        if self._identity is None or WINDOWS:
            return False
        try:
            return bool(os.lstat(self.path).st_mode & OTHERS)
        except OSError:
            return False


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []  # The writer removed it since it was seen.


def _user() -> str:
    import getpass  # Only for a new index.

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid()) if hasattr(os, "getuid") else ""


def _is_foreign(info: os.stat_result) -> bool:
    return not WINDOWS and info.st_uid != os.geteuid()


def _owners_count(folder: Path) -> bool:
    """Whether a file made in an empty folder belongs to its maker; else owners say nothing on this disk."""
    import tempfile  # Only for an empty folder of somebody else.

    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            return not _is_foreign(os.fstat(probe.fileno()))
    except OSError:
        return True


def _is_same_folder(one: str, other: Path) -> bool:
    if one == str(other):
        return True
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False


def _of_another_root(path: Path, root: str) -> IndexRefused:
    return IndexRefused(
        path,
        f"is the index of {root}",
        "Choose another location for this folder's index, or delete that one if the folder was moved",
    )


def _of_another_user(path: Path) -> IndexRefused:
    return IndexRefused(path, "belongs to another user", "Choose another location")
