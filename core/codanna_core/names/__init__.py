"""Fuzzy search over a workspace's distinct symbol names, and the forms in which people ask for them."""

from codanna_core.names.index import NameIndex, NameMatch
from codanna_core.names.score import MatchKind
from codanna_core.names.words import NameQuery, parse_query, split_repositories

__all__ = ["MatchKind", "NameIndex", "NameMatch", "NameQuery", "parse_query", "split_repositories"]
