"""What a model folder must be like before any library reads it: it may come from anywhere.

Sizes, links and headers are checked here. Pickled weights are never opened, because reading them runs code.
"""

from __future__ import annotations

import math
import os
import stat
from pathlib import Path
from typing import Any, Final

import orjson

from codanna_core.errors import ModelUnavailable

MAX_DIMENSION: Final = 8192
_MAX_FILES: Final = 1000
_MAX_BYTES: Final[dict[str, int]] = {
    "tokenizer.json": 64 << 20,
    "vocab.txt": 16 << 20,
    ".json": 1 << 20,
    ".safetensors": 8 << 30,
    ".onnx": 2 << 30,
}
_MAX_HEADER: Final = 16 << 20
_MAX_TENSORS: Final = 10_000
_PICKLED: Final = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"})
_MAX_STEPS: Final = 64
_MAX_STEP_BYTES: Final = 1 << 20
"""Of the part of `tokenizer.json` that says how text is taken apart; a few kilobytes are usual."""
_MAX_GROWTH: Final = 64
"""How many times longer the replacements of a tokenizer may make a text, all of them together."""


def check_model_folder(folder: Path) -> None:
    """Raise `ModelUnavailable` for links out of the folder, pipes and the like, and huge files."""
    root = os.path.realpath(folder)
    files = 0
    for place, folders, names in os.walk(root):
        files += len(names)
        if files > _MAX_FILES:
            raise _refused(folder, f"it has more than {_MAX_FILES} files")
        for name in (*folders, *names):
            path = Path(place, name)
            if not Path(os.path.realpath(path)).is_relative_to(root):
                raise _refused(path, "it is a link that leads out of the model's folder")
        for name in names:
            _check_file(Path(place, name))
    tokenizer = folder / "tokenizer.json"
    if tokenizer.is_file():
        _check_tokenizer(tokenizer)


def refuse_pickles(folder: Path) -> None:
    """Say why a folder with nothing but pickled weights is of no use."""
    pickled = sorted(path.name for path in folder.iterdir() if path.suffix in _PICKLED)
    if pickled:
        raise _refused(
            folder / pickled[0],
            "reading pickled weights runs code that is in them. Convert them to safetensors or ONNX",
        )


def checked_header(path: Path, mapped: Any) -> tuple[dict[str, Any], int]:
    """The header of a safetensors file and where its data begins; a ValueError says which part of it lies.

    Every tensor that is described lies inside the file, and no two share bytes.
    """
    size = len(mapped)
    length = int.from_bytes(mapped[:8], "little")
    if not 2 <= length <= min(_MAX_HEADER, size - 8):
        raise ValueError(f"its header claims {length} bytes")
    header = orjson.loads(mapped[8 : 8 + length])
    if not isinstance(header, dict) or len(header) > _MAX_TENSORS:
        raise ValueError("its header is not a table of tensors")
    start, end = 8 + length, 0
    tensors = [entry for name, entry in header.items() if name != "__metadata__"]
    for entry in sorted(tensors, key=lambda entry: entry["data_offsets"]):
        shape, (first, last) = entry["shape"], entry["data_offsets"]
        if not all(type(number) is int and 0 <= number <= size for number in (*shape, first, last)):
            raise ValueError("it is cut short")
        if len(shape) > 8 or first < end or last < first or start + last > size:
            raise ValueError("it is cut short")
        if math.prod(shape) > size:
            raise ValueError("a tensor claims more numbers than the file has bytes")
        end = last
    return header, start


def check_dimension(path: Path, dimension: Any) -> int:
    """The length of a model's vectors; `ModelUnavailable` for what no model has."""
    if type(dimension) is not int or not 1 <= dimension <= MAX_DIMENSION:
        shown = dimension if type(dimension) is int and abs(dimension) < 1 << 63 else "something else"
        raise _refused(path, f"its vectors would have {shown} numbers, not 1 to {MAX_DIMENSION}")
    return dimension


def inside(folder: Path, name: Any) -> str:
    """The name of a file that a model's own settings mention: it has to be in the folder."""
    real = Path(os.path.realpath(folder))
    if not isinstance(name, str) or "\0" in name or not name:
        raise _refused(folder, "its settings do not name a file")
    if not Path(os.path.realpath(real / name)).is_relative_to(real):
        raise _refused(folder, f"its settings name a file outside of it, {name[:80]!r}")
    return name


def _check_file(path: Path) -> None:
    try:
        info = path.stat()
    except OSError as error:
        raise _refused(path, f"it cannot be read ({error.strerror})") from error
    if not stat.S_ISREG(info.st_mode):
        raise _refused(path, "it is not a regular file")
    most = _MAX_BYTES.get(path.name) or _MAX_BYTES.get(path.suffix)
    if most is not None and info.st_size > most:
        raise _refused(path, f"it has {info.st_size} bytes, more than {most}")


def _check_tokenizer(path: Path) -> None:
    """The steps that take a text apart are few and short, and cannot blow it up."""
    try:
        raw = orjson.loads(path.read_bytes())
        steps = {name: raw.get(name) for name in ("normalizer", "pre_tokenizer", "post_processor", "decoder")}
        size = len(orjson.dumps(steps))
    except (OSError, ValueError, AttributeError) as error:
        raise _refused(path, f"it cannot be read ({error})") from error
    found = _steps_of(raw.get("normalizer")) + _steps_of(raw.get("pre_tokenizer"))
    if size > _MAX_STEP_BYTES or len(found) > _MAX_STEPS:
        raise _refused(path, "it takes text apart in too many or too long steps")
    growth = 1.0
    for step in found:
        # A replacement of nothing, or of what a pattern finds, may take place at every character.
        content = step.get("content") or step.get("prepend") or ""
        pattern = step.get("pattern")
        plain = pattern.get("String", "") if isinstance(pattern, dict) else ""
        if isinstance(content, str) and content:
            growth *= max(1.0, len(content.encode()) / max(1, len(plain.encode())))
    if growth > _MAX_GROWTH:
        raise _refused(path, "its replacements would make texts many times longer")


def _steps_of(part: Any) -> list[dict[str, Any]]:
    """All steps inside a part of the tokenizer, however deep. JSON is nested a thousand times at most."""
    found, waiting = [], [part]
    while waiting:
        now = waiting.pop()
        if isinstance(now, dict):
            if "type" in now:
                found.append(now)
            waiting += now.values()
        elif isinstance(now, list):
            waiting += now
    return found


def _refused(path: Path, why: str) -> ModelUnavailable:
    return ModelUnavailable(f"the model's files are refused: {path}: {why}; use another model folder")
