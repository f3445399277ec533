"""Writes the README's settings table and number of languages from the data; `make docs` runs it."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

from codanna_core.config import Setter, Settings
from codanna_core.languages.registry import languages

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- settings: start, written by `make docs` -->", "<!-- settings: end -->"


def settings_table() -> str:
    """Every setting with its default and its sentence, as Markdown."""
    rows = ["| Setting | Default | A project may set it | What it does |", "| --- | --- | --- | --- |"]
    defaults = Settings()
    for section in fields(Settings):
        values = getattr(defaults, section.name)
        assert is_dataclass(values)
        for key in fields(values):
            value = getattr(values, key.name)
            shown = json.dumps(list(value) if isinstance(value, tuple) else value)
            doc = " ".join(str(key.metadata["doc"]).split()).replace("|", "\\|")
            project = _project(key.metadata["setters"], key.metadata["project_maximum"])
            rows.append(f"| `{section.name}.{key.name}` | `{shown}` | {project} | {doc} |")
    return "\n".join(rows)


def _project(setters: tuple[Setter, ...], maximum: int | None) -> str:
    if Setter.PROJECT not in setters:
        return "no"
    return "yes" if maximum is None else f"up to {maximum:,}"


def with_table(text: str) -> str:
    """The README with the table as it has to be."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise SystemExit(f"{README} has lost the lines {START!r} and {END!r}")
    return _counted(f"{before}{start}\n{settings_table()}\n{end}{after}")


def _counted(text: str) -> str:
    """The number of languages that are parsed, as the data folder has it."""
    return re.sub(r"\b\d+ languages\b", f"{len(languages())} languages", text)


if __name__ == "__main__":
    README.write_text(with_table(README.read_text("utf-8")), "utf-8")
