"""Which contents cannot be parsed, so that no later run spends its time on them again."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import orjson

from codanna_core.files import content_hash
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.storage.directory import FsDirectory
from codanna_core.text.schema import FEATURE_VERSION

SLOW = Code.SLOW_FILE
CRASHED = Code.PARSER_CRASHED
_MESSAGES = {
    SLOW: "takes too long to parse as {}; it is searched by its text only",
    CRASHED: "crashes the parser of {}; it is searched by its text only",
}
UNPARSED_CODES = frozenset(_MESSAGES)

_BASE_S, _PER_MEGABYTE_S = 1.0, 4.0

VERDICTS_FILE = "unparsed.json"

_MOST = 1000
"""The oldest go first: a folder with more is no longer about code."""
_MOST_BYTES = 1 << 20


def content_key(language: str, data: bytes) -> str:
    """Identifies a content as one language."""
    return f"{language}:{content_hash(data).hex()}"


def problem_of(code: str, language: str, path: str) -> Problem:
    """Says why a file is not parsed."""
    return Problem(Code(code), _MESSAGES[Code(code)].format(language), path)


def seconds_for(size: int) -> float:
    """Processor time to parse a file of so many bytes: some thirty times what files need."""
    return _BASE_S + _PER_MEGABYTE_S * size / 1e6


class Verdicts:
    """Codes of problems by content, for one version of the grammars; kept in the index folder."""

    def __init__(self, directory: FsDirectory) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._found: dict[str, tuple[str, str]] | None = None
        """Code of the problem and path, by content."""
        self._dirty = False

    def get(self, key: str) -> str | None:
        """The code of the problem with this content, if there is one."""
        found = self._loaded().get(key)
        return found[0] if found is not None else None

    def codes(self) -> dict[str, str]:
        """The codes of all contents."""
        return {key: code for key, (code, _) in self._loaded().items()}

    def paths(self) -> list[str]:
        """Files that had such a content when it was met last; by now they may have another."""
        return list(dict.fromkeys(path for _, path in self._loaded().values()))

    def add(self, key: str, code: str, path: str) -> None:
        """Remember that this content cannot be parsed."""
        self._loaded()
        with self._lock:
            assert self._found is not None
            if self._found.get(key) != (code, path):
                kept = list({**self._found, key: (code, path)}.items())[-_MOST:]
                self._found, self._dirty = dict(kept), True

    def save(self) -> None:
        """Write them, if any is new; a failure costs time at the next start, nothing else."""
        with self._lock:
            if not self._dirty:
                return
            self._dirty = False
            document = orjson.dumps({"grammars": grammars(), "contents": self._found})
        try:
            self._directory.replace(VERDICTS_FILE, document)
        except OSError as error:
            _warn("the list of files that cannot be parsed was not saved: %s", error)

    def _loaded(self) -> Mapping[str, tuple[str, str]]:
        with self._lock:
            if self._found is None:
                self._found = self._read()
            return self._found

    def _read(self) -> dict[str, tuple[str, str]]:
        try:
            data = self._directory.read(VERDICTS_FILE)
            if len(data) > _MOST_BYTES:
                raise ValueError("it is too large")
            document = orjson.loads(data)
            if not isinstance(document, dict) or document.get("grammars") != grammars():
                return {}
            found = document.get("contents")
            if not isinstance(found, dict):
                return {}
            return {key: (code, str(path)) for key, (code, path) in found.items() if code in _MESSAGES}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError) as error:
            _warn("files that cannot be parsed are tried again: %s", error)
            return {}


def _warn(message: str, error: Exception) -> None:
    import logging  # Late: workers only judge by what stands here.

    logging.getLogger("codanna.engine").warning(message, error)


def grammars() -> str:
    """The version of all that a verdict depends on."""
    from importlib.metadata import version  # Late: it loads thirty modules, and few folders have verdicts.

    packages = ("tree-sitter", "tree-sitter-language-pack")
    return "/".join([*map(version, packages), str(FEATURE_VERSION)])
