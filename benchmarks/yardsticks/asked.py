"""Which questions are asked of which folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yardsticks import comments, cosqa
from yardsticks.scores import Target

LABELS = Path(__file__).parent.parent / "labels"
FILES = ("files sub-folder", "files whole")
YARDSTICKS = ("files", "changes", "comments", "questions", "cosqa")
SYMBOLS = ("comments", "questions", "cosqa")


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of one yardstick to one code base."""

    yardstick: str
    name: str
    language: str
    root: Path
    questions: dict[str, tuple[Target, ...]]

    @property
    def place(self) -> str:
        """Where its index is kept; changes are asked of the index of the whole checkout."""
        shared = {"changes": "whole", "files whole": "whole", "files sub-folder": "sub-folder"}
        return f"{shared.get(self.yardstick, self.yardstick)}/{self.name}"


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def of_files(queries: Path, corpora: Path) -> Iterator[Asked]:
    """Which file answers a question, in the annotated sub-folder and in the whole checkout."""
    for repository in read(queries / "dev" / "repositories.json"):
        asked = {
            item["query"]: tuple(map(_file_target, item.get("relevant", []) + item.get("secondary", [])))
            for item in read(queries / "dev" / f"{repository['name']}.json")
        }
        whole = corpora / repository["name"]
        for yardstick, root in zip(FILES, (whole / (repository["root"] or ""), whole), strict=True):
            yield Asked(yardstick, repository["name"], repository["language"], root, asked)


def _file_target(raw: str | dict[str, Any]) -> Target:
    if isinstance(raw, str):
        return Target(raw)
    return Target(raw["path"], "", int(raw.get("start_line") or 0), int(raw.get("end_line") or 0))


def of_changes(queries: Path, corpora: Path) -> Iterator[Asked]:
    """Which files a change touched, asked with its message."""
    by_repository: dict[tuple[str, str], dict[str, tuple[Target, ...]]] = {}
    for item in read(queries / "dev" / "changes.json"):
        asked = by_repository.setdefault((item["repo"], item["language"]), {})
        asked[item["query"]] = tuple(map(Target, item["files"]))
    for (name, language), asked in by_repository.items():
        yield Asked("changes", name, language, corpora / name, asked)


def of_questions(corpora: Path, *, held_out: bool) -> Iterator[Asked]:
    """Questions as a developer asks them, written while reading the code."""
    for repository in _labelled(held_out=held_out):
        file = LABELS / f"{repository['name']}.json"
        if file.is_file():
            asked = {
                item["query"]: tuple(
                    Target(one["path"], one["name"], one["start_line"], one["end_line"])
                    for one in item["answers"]
                )
                for item in read(file)
            }
            root = corpora / repository["name"] / repository["root"]
            yield Asked("questions", repository["name"], repository["language"], root, asked)


def of_comments(corpora: Path, copies: Path, *, held_out: bool) -> Iterator[Asked]:
    """First sentences of doc comments, asked of a copy without comments."""
    for repository in _labelled(held_out=held_out):
        copy = copies / "comments" / repository["name"]
        found = comments.blanked_copy(corpora / repository["name"] / repository["root"], copy)
        asked = {sentence: (place,) for sentence, place in comments.sample(found).items()}
        yield Asked("comments", repository["name"], repository["language"], copy, asked)


def of_cosqa(data: Path, copies: Path) -> Iterator[Asked]:
    """Short queries to a web search engine."""
    copy = copies / "cosqa"
    places = cosqa.code_base(data, copy)
    asked = {query: (place,) for query, place in cosqa.queries(data, places).items()}
    yield Asked("cosqa", "cosqa", "python", copy, asked)


def _labelled(*, held_out: bool) -> list[dict[str, Any]]:
    return [one for one in read(LABELS / "repositories.json") if one["held_out"] == held_out]
