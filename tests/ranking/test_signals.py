"""Each signal on the smallest case in which it decides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codanna_core.ranking.paths import CLASSES, PathTable
from codanna_core.ranking.signals import SIGNALS, SYMBOL_SIGNALS, Symbols, file_signals, symbol_signals
from codanna_core.ranking.weights import WEIGHTS
from codanna_core.text.documents import KINDS
from codanna_core.text.name_terms import packed


class Same(dict[str, str]):
    """Every word is its own stem."""

    def __missing__(self, word: str) -> str:
        return word


Row = tuple[int, float, float, bool, str]


def symbols(*rows: Row) -> Symbols:
    """Rows of file, text, meaning, exact and kind."""
    file, text, meaning, exact, kind = zip(*rows, strict=True)
    return Symbols(
        np.array(file, np.int64),
        np.array(text, np.float64),
        np.array(meaning, np.float64),
        np.array(exact, np.bool_),
        np.array([KINDS.index(one) for one in kind], np.int64),
        np.zeros(len(kind), np.int64),
        np.zeros(len(kind), np.uint64),
    )


def signals(
    found: Symbols, *paths: str, terms: dict[str, float] | None = None, asked: str = "", project: str = ""
) -> dict[str, list[float]]:
    """Signals of files by name."""
    matrix = file_signals(
        found,
        [PathTable(Same())[path] for path in paths],
        terms or {},
        np.zeros(len(paths)),
        frozenset(asked.split()),
        project,
    )
    return dict(zip(SIGNALS, matrix.T.tolist(), strict=True))


def test_a_file_name_counts_by_how_much_of_it_was_asked_for() -> None:
    """`session.py` is matched wholly by a question about sessions, a longer name partly."""
    found = symbols((0, 1.0, 0, False, "class"), (1, 1.0, 0, False, "class"))
    matched = signals(found, "session.py", "session_cookie.py", terms={"session": 1.0})["file name"]
    assert matched[0] == 1.0
    assert 0 < matched[1] < 1


def test_a_hollow_file_name_is_known_by_its_folder() -> None:
    """`extract/mod.rs` answers to `extract`."""
    assert "extract" in PathTable(Same())["src/extract/mod.rs"].stem


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/test/java/FooTest.java", "test"),
        ("pkg/foo_test.go", "test"),
        ("examples/hello.rs", "example"),
        ("benches/run.rs", "bench"),
        ("third_party/zlib/zlib.c", "foreign"),
        ("typings/index.d.ts", "stub"),
        ("README.md", "prose"),
        (".github/workflows/ci.yml", "data"),
        ("src/os390/pipe.c", "platform"),
    ],
)
def test_classes_of_files(path: str, name: str) -> None:
    """Files that are rarely meant are told by their paths."""
    assert PathTable(Same())[path].classes >> CLASSES.index(name) & 1


@pytest.mark.parametrize(
    "path", ["src/attestation.py", "lib/contest.go", "core/latest/api.py", "src/document.rs"]
)
def test_a_word_inside_a_word_makes_no_class(path: str) -> None:
    """Only whole words of a path say what kind of file it is."""
    assert PathTable(Same())[path].classes == 0


def test_tests_are_not_put_behind_when_asked_for() -> None:
    """A question about tests takes the damping of test files away."""
    found = symbols((0, 1.0, 0, False, "function"))
    assert signals(found, "tests/test_a.py")["test"] == [1.0]
    assert signals(found, "tests/test_a.py", asked="login test")["test"] == [0.0]


def own(*rows: Row, body: int = 30, terms: int = 6) -> list[float]:
    """What each symbol is worth itself."""
    found = replace(symbols(*rows), body=np.full(len(rows), body))
    return [
        float(score)
        for score in symbol_signals(found, {str(number): 1 / terms for number in range(terms)})
        @ WEIGHTS.symbols["hybrid"]
    ]


def test_a_nearer_symbol_is_worth_more() -> None:
    """Of two symbols with the same words the nearer one is meant."""
    far, near = own((0, 1.0, 0.2, False, "method"), (0, 1.0, 0.5, False, "method"))
    assert near > far


def test_of_a_long_question_the_words_count_more_than_nearness() -> None:
    """A message of thirty words is near to much; of a question of three the nearest symbol is meant."""
    rows: tuple[Row, Row] = ((0, 0.0, 0.55, False, "method"), (0, 1.0, 0.4, False, "method"))
    nearer, with_words = own(*rows, terms=3)
    assert nearer > with_words
    nearer, with_words = own(*rows, terms=30)
    assert with_words > nearer


def test_words_and_meaning_together_are_worth_more() -> None:
    """Of two equally near symbols the one that holds the words is meant."""
    without, with_words = own((0, 0.0, 0.5, False, "method"), (0, 1.0, 0.5, False, "method"))
    assert with_words > without


@pytest.mark.parametrize("kind", ["text", "heading", "variable", "constant", "field"])
def test_a_definition_comes_before_what_mentions_it(kind: str) -> None:
    """Windows, headings, variables, constants and fields are worth less than a function."""
    aside, function = own((0, 1.0, 0.5, False, kind), (0, 1.0, 0.5, False, "function"))
    assert function > aside


def of_name(*names: str, terms: str) -> list[float]:
    """What each of these functions is worth, all else being equal."""
    asked = terms.split()
    rows: list[Row] = [(0, 0.5, 0.5, False, "function")] * len(names)
    found = replace(symbols(*rows), names=np.array([packed(name.split()) for name in names], np.uint64))
    shares = {term: 1 / len(asked) for term in asked}
    return [float(score) for score in symbol_signals(found, shares) @ WEIGHTS.symbols["hybrid"]]


def test_a_name_that_is_the_question_is_meant() -> None:
    """`open_session` answers "open session" before names that hold a part of it or more beside it."""
    exact, part, longer, other = of_name(
        "open session opensession",
        "open",
        "open pool of session openpoolofsession",
        "close",
        terms="open session",
    )
    assert exact > max(part, longer, other)


def test_a_name_that_begins_as_the_question_does_is_worth_more() -> None:
    """A question begins with what is done."""
    does, done = of_name("load user loaduser", "user load userload", terms="load user again")
    assert does > done


def test_a_name_of_one_asked_word_among_others_is_worth_less_than_its_text_says() -> None:
    """Its word counts in the text score and in the vector already."""
    longer, none = of_name("session cookie path sessioncookiepath", "render", terms="open session again")
    assert longer < none


def test_what_does_the_work_comes_before_what_passes_it_on() -> None:
    """Of two functions with the same words and meaning the longer one is meant."""
    one = (0, 1.0, 0.5, False, "function")
    assert own(one, body=80) > own(one, body=3)


def test_the_folder_called_like_the_project_is_its_heart() -> None:
    """`my-app/` of the project `MyApp` is lifted, other folders and what C declares in `include` are not."""
    found = symbols(*((file, 1.0, 0, False, "function") for file in range(3)))
    lifted = signals(found, "my-app/run.c", "tools/run.c", "include/my-app/run.h", project="myapp")
    assert lifted["project"] == [1.0, 0.0, 0.0]


def test_other_systems_are_not_put_behind_when_named() -> None:
    """A question that names a system asks for its variant."""
    found = symbols((0, 1.0, 0, False, "function"))
    assert signals(found, "src/os390/pipe.c")["platform"] == [1.0]
    assert signals(found, "src/os390/pipe.c", asked="pipes on os390")["platform"] == [0.0]


def test_nothing_found_gives_no_rows() -> None:
    """An answer without candidates has no signals and no error."""
    empty = Symbols(
        np.zeros(0, np.int64),
        np.zeros(0),
        np.zeros(0),
        np.zeros(0, np.bool_),
        np.zeros(0, np.int64),
        np.zeros(0, np.int64),
        np.zeros(0, np.uint64),
    )
    assert file_signals(empty, [], {}, np.zeros(0), frozenset(), "").shape == (0, len(SIGNALS))
    assert symbol_signals(empty, {"one": 1.0}).shape == (0, len(SYMBOL_SIGNALS))


@pytest.mark.parametrize("mode", ["hybrid", "semantic", "text"])
def test_every_weight_belongs_to_a_signal(mode: str) -> None:
    """The fitted table names signals that exist, and puts tests, prose and stubs behind."""
    weights = dict(zip(SIGNALS, WEIGHTS.signals[mode], strict=True))
    assert all(weights[name] < 0 for name in ("test", "prose", "stub", "example"))
    assert np.isfinite(list(weights.values())).all()
