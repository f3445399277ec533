"""What users read is in plain English: the phrases of a dialect that crept in once stay out."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from codanna_core.config.resolve import all_keys
from codanna_core.languages.registry import languages

ROOT = Path(__file__).parents[2]
PHRASES = {
    r"\b(?:is|are|was|were) told\b|\btold by\b|\btells the\b": "is reported, reports, says",
    r"\banew\b": "again, rebuild",
    r"\bholds? (?:no|those|these|the words|your|an?) ": "contains",
    r"\blies? (?:in|outside|inside|at|under|below) ": "is in, is outside",
    r"\bname another (?:place|location)\b": "choose another location",
    r"(?<![Tt]here )\b(?:is|are) no (?:valid|file|folder|UTF-8|TOML|JSON|link)\b": "is not a file",
    r"\b(?:search|it|one) goes on\b|\bgo on\.": "continues",
    r", for (?:it|they|he|she|nobody|there|the last)\b": "because",
    r"\bwhere it is switched off\b|\bswitched off\b": "if it is off",
    r"\bbe it that\b|\bfor ever\b|\bmay only be read\b": "even if, forever, read-only",
    r"\bwhat is set is read\b": "settings are read",
    r"\bas fast without\b": "not needed below",
    r"\btakes? over a model\b": "imports",
    r"\buntil (?:now|then) is kept\b": "progress was saved",
    r"\bdefects? (?:in|of) (?:codanna|the server|the client)|\bby a defect\b": "internal error",
    r"\bsomebody\b|\bnobody\b": "someone, no one, or the actor",
    r"\b\w*(?:colour|behaviour|neighbour)\w*\b|\bcentres?\b|\bspelt\b": "American spelling",
}
"""A pattern, and what to write instead."""
DOCUMENTS = sorted(
    [
        *(ROOT / name for name in ("README.md", "SECURITY.md", "CHANGELOG.md")),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs").glob("*.1"),
        *(ROOT / "editors" / "neovim" / "doc").glob("*.txt"),
        ROOT / "editors" / "vscode" / "README.md",
        *(ROOT / "editors" / "vscode" / "media" / "walkthrough").glob("*.md"),
    ]
)
PACKAGES = (
    "core/codanna_core",
    "core/codanna_team",
    "lsp_server/codanna_lsp",
    "lsp_server/codanna_rpc",
    "lsp_server/codanna_mcp",
)
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
SCRIPTS = sorted(
    path
    for pattern in ("vscode/src/*.ts", "vscode/media/*.js", "neovim/**/*.lua")
    for path in (ROOT / "editors").glob(pattern)
)
_TEXTS = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`")
_COMMENTS = re.compile(
    r"/\*.*?\*/|(?<![:\"'`/])//[^\n]*|^\s*--[^\n]*|\s--[- ][^\n\"']*$", re.DOTALL | re.MULTILINE
)


def faults(text: str) -> list[str]:
    return [
        f"{match.group().strip()!r}, better: {better}"
        for pattern, better in PHRASES.items()
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]


def texts_of(source: str) -> Iterator[tuple[int, str]]:
    """The texts in Python code that are no documentation of the code itself."""
    tree = ast.parse(source)
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents(path: Path) -> None:
    """README, docs and help of the plug-ins."""
    found = [
        f"{path.name}:{number}: {fault}"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for fault in faults(line)
    ]
    assert found == []


def test_messages_and_help_texts() -> None:
    """Whatever the program prints, logs or answers."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: {fault}"
        for path in SOURCES
        if "testing" not in path.parts and path.name != "signals.py"
        for line, text in texts_of(path.read_text("utf-8"))
        for fault in faults(text)
    ]
    assert found == []


def test_plug_ins() -> None:
    """The texts of both plug-ins, and the titles and settings of the extension."""
    found = [
        f"{path.name}: {fault}"
        for path in SCRIPTS
        for text in _TEXTS.findall(_COMMENTS.sub("", path.read_text("utf-8")))
        for fault in faults(re.sub(r"\$\{[^}]*\}", "", text))
    ]
    package = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text("utf-8"))
    found += [f"package.json: {fault}" for fault in faults(json.dumps(package, ensure_ascii=False))]
    assert found == []


def test_settings_are_described_by_a_noun_or_whether() -> None:
    """No sentence about a setting begins with a question word or an order."""
    ordered = r"(Who|What|Which|How|Also|Skip|Show|Answer|Follow|Search|Use|Index)\b"
    assert [info.name for info in all_keys() if re.match(ordered, info.doc)] == []


def test_the_number_of_languages_is_said_alike() -> None:
    """Wherever a number of languages that are parsed is written, it is that of the data folder."""
    folder = ROOT / "core" / "codanna_core" / "languages" / "data"
    count = len(list(folder.glob("*/language.toml")))
    assert count == len(languages())
    said = {
        f"{path.name}: {match.group()}": int(match["count"])
        for path in (*DOCUMENTS, ROOT / "pyproject.toml", ROOT / "editors" / "vscode" / "package.json")
        if path.name not in ("ranking.md", "model-card.md", "vectors.md")
        for match in re.finditer(r"\b(?P<count>\d+) (?:programming )?languages\b", path.read_text("utf-8"))
    }
    assert {what for what, number in said.items() if number != count} == set()
    assert any(what.startswith("README.md") for what in said)


def test_the_check_notices() -> None:
    """The patterns find what they are for, and leave alone what only looks like it."""
    assert len(faults("Start anew, for it is told by nobody; the folder is no file.")) >= 5
    assert faults("If there is no file, a holding company of someone has no valid answer.") == []
    assert list(texts_of('"""Anew."""\nx = "anew"\n')) == [(2, "anew")]
