"""Of twins the one to use comes first: not what is deprecated, private, legacy or older."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codanna_core import Engine
from codanna_core.ranking.twins import in_front
from codanna_core.text.stored import StoredSymbol


def stored(
    path: str, name: str = "parse", kind: str = "function", container: str = "", flags: int = 0
) -> StoredSymbol:
    return StoredSymbol(name, kind, container, "x", path, "", "", 0, 0, 1, 0, 0, 0, 0, flags, 0)


DEPRECATED = 1
PAIRS = {
    "deprecated": (stored("a.py", flags=DEPRECATED), stored("b.py")),
    "private": (stored("a.py", "_parse"), stored("a.py")),
    "legacy folder": (stored("lib/legacy/a.js"), stored("lib/a.js")),
    "legacy file": (stored("parser-deprecated.js"), stored("parser.js")),
    "older version": (stored("api/v1/parse.go"), stored("api/v2/parse.go")),
    "tenth version": (stored("api/v9/parse.go"), stored("api/v10/parse.go")),
    "amalgamated": (stored("single_include/all.hpp"), stored("include/parse.hpp")),
    "declaration": (stored("types/parse.d.ts"), stored("src/parse.ts")),
    "stub": (stored("parse.pyi"), stored("parse.py")),
    "method beside function": (stored("legacy/a.rb", kind="method"), stored("a.rb")),
}


@pytest.mark.parametrize("name", PAIRS)
def test_the_one_to_use_takes_the_better_place(name: str) -> None:
    """Whichever scores better; what stands between them stays where it is."""
    behind, front = PAIRS[name]
    between = stored("z.py", "other")
    assert in_front([behind, between, front]) == [2, 1, 0]
    assert in_front([front, between, behind]) == [0, 1, 2]


NO_TWINS = {
    "other container": (stored("legacy/a.py", container="A"), stored("a.py", container="B")),
    "type and function": (stored("legacy/a.py", kind="class"), stored("a.py")),
    "other name": (stored("legacy/a.py", "parsed"), stored("a.py")),
    "other files of two versions": (stored("v1/a.go"), stored("v2/b.go")),
    "a version of its own": (stored("v1/a.go"), stored("a.go")),
    "a word that only begins so": (stored("src/oldest.py"), stored("src/parse.py")),
}


@pytest.mark.parametrize("name", NO_TWINS)
def test_others_keep_their_order(name: str) -> None:
    """Two definitions of which neither takes the place of the other."""
    assert in_front([*NO_TWINS[name]]) == [0, 1]


def test_of_several_the_one_to_use_comes_first() -> None:
    """The rest follows in the order in which it came."""
    found = [stored("old/a.py"), stored("compat/b.py"), stored("c.py"), stored("d.py", flags=DEPRECATED)]
    assert in_front(found) == [2, 0, 1, 3]


OLD = '''def open_session(user, session):
    """Opens a session of the user: of the session, the session of the user.

    Opens the session and gives the session of the user back."""
    return session.open(user, session)
'''
NEW = '''def open_session(user):
    """Opens it."""
    return connect(user).with_retries(3).start()
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine over a folder whose legacy part says more of the same."""
    root = tmp_path_factory.mktemp("project")
    for path, text in {"shop/legacy/sessions.py": OLD, "shop/sessions.py": NEW}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    with Engine.open(root, tmp_path_factory.mktemp("index")) as engine:
        engine.sync()
        yield engine


@pytest.mark.parametrize("mode", ["hybrid", "semantic", "text"])
@pytest.mark.parametrize("question", ["open_session", "opens the session of the user"])
def test_a_page_shows_the_one_to_use_first(project: Engine, question: str, mode: str) -> None:
    """Scores still fall from hit to hit, and say what the change of places cost."""
    hits = [
        hit for hit in project.search(question, mode=mode, explain=True).hits if hit.name == "open_session"
    ]
    assert [hit.path for hit in hits] == ["shop/sessions.py", "shop/legacy/sessions.py"]
    assert hits[0].score >= hits[1].score
    assert hits[1].signals["moved"] < 0.0
