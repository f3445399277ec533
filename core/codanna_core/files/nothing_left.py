"""A folder whose rules leave nothing to index: which rules, so that an empty answer has a reason."""

from __future__ import annotations

import os

from codanna_core.config import DiscoverySettings
from codanna_core.files.listing import Listing
from codanna_core.files.rules import IGNORE_FILES
from codanna_core.model import Problem
from codanna_core.problems import Code

_NAMED = 5


def nothing_left(root: str, listing: Listing, settings: DiscoverySettings) -> Problem | None:
    """Name the rules of a folder that has files but none to index; None for any other folder."""
    if listing.files or not _has_hidden_away(root, listing, settings):
        return None
    rules = [path for path in listing.rule_files if _is_rule_file(path)]
    if settings.exclude:
        rules.insert(0, "the setting discovery.exclude (`codanna-lsp config show` says where it is set)")
    if not rules:
        return None  # Hidden names and build output alone; the skipped files are counted by reason.
    more = f" and {len(rules) - _NAMED} more" if len(rules) > _NAMED else ""
    return Problem(
        Code.NOTHING_LEFT,
        f"no file is left to index; these rules leave files out: {', '.join(rules[:_NAMED])}{more}",
    )


def _is_rule_file(path: str) -> bool:
    return os.path.basename(path) in IGNORE_FILES and os.path.isfile(path)


def _has_hidden_away(root: str, listing: Listing, settings: DiscoverySettings) -> bool:
    """Whether the root holds something that only a rule can have left out."""
    with os.scandir(root) as entries:
        return any(
            entry.name not in listing.skipped
            and entry.name not in listing.folders
            and (settings.hidden or not entry.name.startswith("."))
            and not entry.is_symlink()
            for entry in entries
        )
