"""Writes the table of all languages from their folders; `make docs` runs it."""

from __future__ import annotations

import orjson

from codanna_core.languages.registry import LANGUAGE_DATA, LANGUAGE_TABLE, Written, read_folders, registry_of


def table(written: Written) -> bytes:
    """A line a language."""
    lines = [orjson.dumps(name) + b": " + orjson.dumps(values) for name, values in written.items()]
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


if __name__ == "__main__":
    folders = read_folders(LANGUAGE_DATA)
    registry_of(folders)  # A mistake is told before it is written.
    LANGUAGE_TABLE.write_bytes(table(folders))
