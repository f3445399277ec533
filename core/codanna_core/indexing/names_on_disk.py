"""The names that an index folder's parts have."""

from __future__ import annotations

import re

MANIFEST = "index.json"
IDENTITY = "identity.json"
LOCK = "writer.lock"
CACHE_MARK = "CACHEDIR.TAG"
FILES = "files.bin"

_REPLACED = (
    *(MANIFEST, FILES, "listing.bin", "verified.json", "complete.json", "unparsed.json"),
    *(".gitignore", CACHE_MARK),
)
OWN_FILES = (*_REPLACED, *(f"{name}.tmp" for name in (*_REPLACED, IDENTITY)))
"""Everything directly in the folder but its identity and its lock, which go last."""

_TEXT = re.compile(r"text-(\d{1,9})")
_VECTORS = re.compile(r"vectors/[A-Za-z0-9._-]{1,60}-[0-9a-f]{12}")


def text_number(name: str) -> int | None:
    """The number of a text index, None for other names."""
    found = _TEXT.fullmatch(name)
    return int(found[1]) if found else None


def is_text_folder(name: str) -> bool:
    """Whether text indexes are named like this."""
    return _TEXT.fullmatch(name) is not None


def is_vector_folder(name: str) -> bool:
    """Whether stores of vectors are named like this, with the folder that they share."""
    return _VECTORS.fullmatch(name) is not None
