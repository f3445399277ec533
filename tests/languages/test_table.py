"""The table of languages that programs read is what their folders say."""

from __future__ import annotations

import orjson

from codanna_core.languages.registry import (
    LANGUAGE_DATA,
    LANGUAGE_TABLE,
    languages,
    read_folders,
    registry_of,
)


def test_the_table_is_in_step() -> None:
    """`scripts/language_table.py` was run after the last change of a folder."""
    folders = read_folders(LANGUAGE_DATA)
    assert orjson.loads(LANGUAGE_TABLE.read_bytes()) == orjson.loads(orjson.dumps(folders))


def test_a_language_is_the_same_from_both() -> None:
    """JSON and TOML give one registry."""
    assert registry_of(read_folders(LANGUAGE_DATA)).languages == languages()
