"""Checks the files of a text index against the checksums that tantivy keeps at their ends."""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from codanna_core.errors import IndexCorrupt
from codanna_core.storage.private import open_to_read

_MAGIC = 1337
_CHUNK = 1 << 20
_ENDINGS = ("store", "term", "idx", "fast", "fieldnorm")


MAX_LIST = 32 << 20
"""Bytes of one of tantivy's own lists, which have some hundred for each of a few dozen segments."""
_SEGMENT = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")


def read_json(path: Path) -> Any:
    """One of tantivy's own lists. A link in its place is not followed, and nothing endless is read."""
    with open(path, "rb", opener=open_to_read) as file:
        data = file.read(MAX_LIST + 1)
    if len(data) > MAX_LIST:
        raise IndexCorrupt(path, f"has more than {MAX_LIST} bytes")
    return orjson.loads(data)


def check_names(folder: Path) -> None:
    """Raise IndexCorrupt unless the folder has plain files alone and tantivy's lists name nothing else.

    Tantivy opens, and deletes, what these lists name, wherever it is.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_file(follow_symlinks=False):
                raise IndexCorrupt(Path(entry.path), "is not a file")
    for segment in read_json(folder / "meta.json")["segments"]:
        if not _SEGMENT.fullmatch(segment["segment_id"]):
            raise IndexCorrupt(folder / "meta.json", "names a segment that cannot be one")
    try:
        managed = read_json(folder / ".managed.json")
    except FileNotFoundError:
        return
    if not all(isinstance(name, str) and _is_plain(name) for name in managed):
        raise IndexCorrupt(folder / ".managed.json", "names a file outside of the index")


def _is_plain(name: str) -> bool:
    return os.path.basename(name) == name and name not in ("", os.curdir, os.pardir)


def schema_checksum(folder: Path) -> int:
    """Checksum of the part of tantivy's own manifest that never changes: its fields and settings."""
    described = read_json(folder / "meta.json")
    lasting = {name: described[name] for name in ("schema", "index_settings")}
    return zlib.crc32(orjson.dumps(lasting, option=orjson.OPT_SORT_KEYS))


def segment_files(folder: Path) -> list[Path]:
    """The files of every segment that the committed state refers to."""
    described = read_json(folder / "meta.json")
    wanted = {segment["segment_id"].replace("-", "") for segment in described["segments"]}
    deletes = {
        f"{segment['segment_id'].replace('-', '')}.{segment['deletes']['opstamp']}.del"
        for segment in described["segments"]
        if segment["deletes"]
    }
    present = {path.name: path for path in folder.iterdir()}
    for segment in wanted:
        for ending in _ENDINGS:
            if f"{segment}.{ending}" not in present:
                raise IndexCorrupt(folder / f"{segment}.{ending}", "is missing")
    for name in deletes:
        if name not in present:
            raise IndexCorrupt(folder / name, "is missing")
    return [
        path
        for name, path in sorted(present.items())
        if name.partition(".")[0] in wanted and (not name.endswith(".del") or name in deletes)
    ]


def verify_tail(path: Path) -> None:
    """Raise IndexCorrupt if the file was cut short; reads only its last bytes."""
    with open(path, "rb", opener=open_to_read) as file:
        _read_tail(path, file)


def verify_file(path: Path) -> None:
    """Raise IndexCorrupt, naming the file, unless its content has the checksum written at its end."""
    with open(path, "rb", opener=open_to_read) as file:
        left, expected = _read_tail(path, file)
        file.seek(0)
        found = 0
        while left > 0:
            chunk = file.read(min(_CHUNK, left))
            if not chunk:
                raise IndexCorrupt(path, "was cut short while it was read")
            found = zlib.crc32(chunk, found)
            left -= len(chunk)
    if found != expected:
        raise IndexCorrupt(path, "its content does not match its checksum")


def _read_tail(path: Path, file: BinaryIO) -> tuple[int, int]:
    """Length of the content and its checksum, as the end of the file states them."""
    size = file.seek(0, 2)
    if size < 8:
        raise IndexCorrupt(path, f"has only {size} bytes; it was cut short")
    file.seek(size - 8)
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little")
    if int.from_bytes(tail[4:], "little") != _MAGIC or length > size - 8:
        raise IndexCorrupt(path, "its end is missing or damaged")
    file.seek(size - 8 - length)
    try:
        expected = int(orjson.loads(file.read(length))["crc"])
    except (ValueError, KeyError, TypeError) as error:
        raise IndexCorrupt(path, f"its end is damaged ({error})") from error
    return size - 8 - length, expected
