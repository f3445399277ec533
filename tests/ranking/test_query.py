"""What a typed question means."""

from __future__ import annotations

import pytest

from codanna_core.ranking.query import understand
from codanna_core.results import Filters


@pytest.mark.parametrize(
    ("query", "text", "filters"),
    [
        ("lang:go open socket", "open socket", Filters(languages=("go",))),
        ("language:Go,Rust open", "open", Filters(languages=("go", "rust"))),
        ("kind:class session", "session", Filters(kinds=("class",))),
        ("path:src/ session", "session", Filters(paths=("src/",))),
        ("in:Session save", "save", Filters(containers=("Session",))),
        ("parse -xml", "parse", Filters(excluded_words=("xml",))),
        ('retry "back off"', "retry back off", Filters(phrases=("back off",))),
        ('path:"my docs/" notes', "notes", Filters(paths=("my docs/",))),
    ],
)
def test_filters_are_taken_out_of_the_question(query: str, text: str, filters: Filters) -> None:
    """Each filter of the grammar is recognised and what is left is searched for."""
    question = understand(query, Filters())
    assert (question.text, question.filters) == (text, filters)


@pytest.mark.parametrize(
    "query", ["kind:of blue", "error: no such file", "std::vector", "a - b", "path: missing", "x->y"]
)
def test_pasted_text_keeps_its_meaning(query: str) -> None:
    """Code and messages that only look like filters are searched for as they are."""
    question = understand(query, Filters())
    assert (question.text, question.filters) == (query, Filters())


@pytest.mark.parametrize(
    ("query", "hint"), [("kind:clas session", "`class`"), ("kind:xyz session", "known are class, constant")]
)
def test_an_unknown_kind_is_told(query: str, hint: str) -> None:
    """A mistyped kind filters nothing, and the answer says so and what is near."""
    (problem,) = understand(query, Filters()).problems
    assert problem.code == "unknown-kind"
    assert hint in problem.message


def test_known_kinds_beside_an_unknown_one_still_filter() -> None:
    """Of `kind:class,clas` the first is a filter and the second is told."""
    question = understand("kind:class,clas session", Filters())
    assert question.filters == Filters(kinds=("class",))
    assert len(question.problems) == 1


def test_a_typed_filter_replaces_the_one_beside_it() -> None:
    """What the user typed last wins; filters of other kinds stay."""
    question = understand("lang:go open", Filters(languages=("rust",), kinds=("function",)))
    assert question.filters == Filters(languages=("go",), kinds=("function",))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("saved_0_7", ("saved_0_7",)),
        ("Session.save", ("save",)),
        ("std::vector", ("vector",)),
        ("run()", ("run",)),
    ],
)
def test_a_question_that_is_a_name_is_recognised(query: str, names: tuple[str, ...]) -> None:
    """One name, qualified or not, asks for the definition called so."""
    question = understand(query, Filters())
    assert (question.names, question.single) == (names, True)


def test_a_sentence_is_no_name() -> None:
    """A question in words asks for no definition by name."""
    assert not understand("how are routes registered", Filters()).single


def test_what_prose_quotes_is_no_phrase() -> None:
    """A pasted message quotes words that no source holds together; a question that is typed filters."""
    message = (
        'Remove the default "completion command" if it is alone. When a program has no commands of its own,'
        " its root does the work."
    )
    question = understand(message, Filters())
    assert question.filters == Filters()
    assert question.text == message.replace('"', "")
    short = understand('where is the default "completion command" removed', Filters())
    assert short.filters == Filters(phrases=("completion command",))


def test_a_phrase_given_beside_the_question_holds_however_long_that_is() -> None:
    """Only what is typed in prose is the prose's own."""
    given = Filters(phrases=("exact words",))
    assert understand("a word " * 20, given).filters == given
