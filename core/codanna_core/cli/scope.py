"""Which index answers about a folder: its own, else that of the nearest indexed folder above it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from codanna_core.cli.arguments import overrides_of, root_of
from codanna_core.errors import CodannaError
from codanna_core.records import dataclass
from codanna_core.results import Filters, Hit, SymbolHit

if TYPE_CHECKING:
    from codanna_core.config import Settings

_ACTS_IN_GLOBS = "*?[{ "
AnyHit = TypeVar("AnyHit", Hit, SymbolHit)


@dataclass(frozen=True, slots=True)
class Scope:
    """A folder that is searched, and the indexed folder that it is or is part of."""

    folder: Path
    root: Path

    @property
    def below(self) -> str:
        """The folder's path from the root as the index writes it, with a slash behind; empty for the root."""
        return "" if self.folder == self.root else self.folder.relative_to(self.root).as_posix() + "/"

    def asks_team(self, query: str, repositories: Sequence[str]) -> bool:
        """Whether a team's code can be in the answer: a part of a folder is asked about alone, unless another
        repository is named, in the options or in the question.
        """
        if not self.below:
            return True
        from codanna_core.files.repository import repository_names
        from codanna_core.names.words import split_repositories

        own = {name.lower() for name in repository_names(self.root)}
        named = (*repositories, *split_repositories(query)[1])
        return any(name.lower().strip("/") not in own for name in named)

    def filters(self, filters: Filters, *, team: bool = False) -> Filters:
        """The filters of someone who sees the folder alone, as filters over the whole index. They stay as
        they are where a team is asked: its paths do not begin with the folder.
        """
        if not self.below or team:
            return filters
        start = "".join(f"[{letter}]" if letter in _ACTS_IN_GLOBS else letter for letter in self.below)
        inside = [form for glob in filters.paths for form in _forms(glob.strip().removeprefix("./"))]
        return replace(filters, paths=tuple(start + form for form in inside) or (start,))

    def name(self, name: str) -> str:
        """A name to look for, with the folder in front unless a path is there already."""
        return name if not self.below or "/" in name else self.below + name

    def hits(self, hits: Sequence[AnyHit]) -> list[AnyHit]:
        """The hits inside the folder, by their paths from there, and those of a team."""
        start = len(self.below)
        if not start:
            return list(hits)
        inside = (hit for hit in hits if hit.origin is not None or hit.path.startswith(self.below))
        return [hit if hit.origin is not None else replace(hit, path=hit.path[start:]) for hit in inside]


def _forms(glob: str) -> Iterator[str]:
    """What a path filter matches, in patterns that can stand behind the path of a folder."""
    anchored = glob.lstrip("/") if "/" in glob else f"**/{glob}"
    yield anchored
    if not glob.endswith("/") and not any(letter in glob for letter in "*?[{"):
        yield f"{anchored}/**"  # A plain path is the file itself or the folder.


def scope_of(options: argparse.Namespace) -> Scope:
    """The folder that the options name and the index that answers about it; looked for once a command."""
    if "scope" not in options:
        folder = Path(os.path.realpath(root_of(options)))
        named = bool(options.index_dir)
        options.scope = Scope(folder, folder if named else indexed_root(folder, overrides_of(options)))
    found: Scope = options.scope
    return found


def indexed_root(folder: Path, overrides: dict[str, object]) -> Path:
    """The folder itself if it has an index or none above it does, else the nearest indexed one above."""
    from codanna_core.config import load_settings

    for candidate in (folder, *_above(folder)):
        settings, _ = load_settings(candidate, overrides)
        if _is_indexed(candidate, settings) and (candidate == folder or _holds(candidate, folder, settings)):
            return candidate
    return folder


def _above(folder: Path) -> Iterator[Path]:
    """The folders above, up to the user's home, the border of the file system or someone else's folder."""
    home = Path(os.path.realpath(os.path.expanduser("~")))
    device = os.stat(folder).st_dev
    for parent in folder.parents:
        info = os.stat(parent)
        foreign = hasattr(os, "geteuid") and info.st_uid != os.geteuid()
        if home.is_relative_to(parent) or info.st_dev != device or foreign:
            return
        yield parent


def _is_indexed(root: Path, settings: Settings) -> bool:
    from codanna_core.indexing.layout import IndexFolder
    from codanna_core.indexing.location import index_path
    from codanna_core.indexing.names_on_disk import MANIFEST
    from codanna_core.indexing.ownership import Standing

    try:
        index = IndexFolder(index_path(root, None, settings), root)
        return index.check() is not Standing.FREE and index.directory.exists(MANIFEST)
    except (CodannaError, OSError):
        return False  # It is not our index of this folder; naming the folder itself reports that.


def _holds(root: Path, folder: Path, settings: Settings) -> bool:
    """Whether the rules of the root let this folder into its index."""
    from codanna_core.files.reasons import SkipReason
    from codanna_core.files.rules import is_output_folder
    from codanna_core.files.walk import is_indexable

    path = folder.relative_to(root).as_posix()
    try:
        allowed = is_indexable(root, path, settings.discovery) is SkipReason.NOT_A_FILE
    except (CodannaError, OSError):
        return False
    return allowed and not (settings.discovery.skip_common_folders and is_output_folder(str(folder)))
