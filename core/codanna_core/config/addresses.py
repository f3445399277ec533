"""What an address of a team's index, and a link into its code, must be like. Neither may hold a secret."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

LINK_FIELDS: Final = ("repository", "branch", "revision", "path", "line")
"""What a link template can hold; each is percent-encoded before it is put in."""

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_FIELD = re.compile(r"\{([^{}]*)\}")
_SECRET = re.compile(r"(?<=//).*@|[?#].*", re.DOTALL)
_LONGEST: Final = 2000


def url_fault(value: str) -> str:
    """What the address of an engine would have to be, in words; empty if it is that."""
    parts = _split(value)
    if parts is None:
        return "an address such as `https://search.example.com:9200`"
    if "@" in parts.netloc or parts.query or parts.fragment:
        return "an address without a name, password or token; `codanna-lsp team init` stores the token"
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return "an address that begins with `https://`; `http://` is for this machine alone"
    return ""


def link_fault(value: str) -> str:
    """What a link template would have to be, in words; empty if it is that."""
    parts = _split(value)
    if parts is None or parts.scheme != "https" or "@" in parts.netloc:
        return "a link that begins with `https://`, such as `https://example.com/{repository}/{path}#L{line}`"
    # Whoever publishes a repository chooses its name; a name must not choose the host.
    if "{" in parts.netloc or "}" in parts.netloc:
        return "a link with a fixed host; fields such as `{repository}` belong behind it"
    fields = _FIELD.findall(value)
    if "path" not in fields or not set(fields) <= set(LINK_FIELDS):
        return "a link with `{path}`, and no other fields than " + ", ".join(
            f"`{{{f}}}`" for f in LINK_FIELDS
        )
    return ""


def without_secrets(value: str) -> str:
    """An address as it may be shown and logged."""
    return _SECRET.sub("…", value)


def _split(value: str) -> SplitResult | None:
    if len(value) > _LONGEST or not value.isprintable() or " " in value or "\\" in value:
        return None
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - a port that is no number is noticed here
    except ValueError:
        return None
    return parts if parts.hostname else None
