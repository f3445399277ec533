"""The engine over a small workspace: what is found, what is kept current, what is embedded again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from codanna_core import Engine, Filters, SearchRequest
from codanna_core.errors import InvalidQuery
from codanna_core.testing.embedder import FakeEmbedder

OpenEngine = Callable[..., Engine]


def names(engine: Engine, query: str, **options: object) -> list[str]:
    return [hit.name for hit in engine.search(query, **options).hits]  # type: ignore[arg-type]


def symbols_on_record(engine: Engine) -> set[tuple[str, str, str, int, int]]:
    """Everything the text index holds, as comparable values."""
    text = engine._writer.text.index.snapshot()
    return {
        (symbol.path, symbol.container, symbol.name, symbol.start_line, symbol.key)
        for file in text.files()
        for symbol in text.symbols_of(file.path)
    }


@pytest.mark.parametrize("mode", ["hybrid", "semantic", "text"])
def test_a_plain_question_finds_the_symbol_first(open_engine: OpenEngine, mode: str) -> None:
    """Each mode answers a question in plain words with the documented method."""
    engine = open_engine()
    engine.sync()
    assert names(engine, "deposit: put cash into an account", mode=mode)[0] == "deposit_money"


def test_a_file_without_a_grammar_is_found(open_engine: OpenEngine) -> None:
    """Plain text is found by its words."""
    engine = open_engine()
    engine.sync()
    assert engine.search("water the flowers").hits[0].path == "notes.txt"


def test_hits_say_where_the_definition_is(open_engine: OpenEngine, workspace: Path) -> None:
    """A hit has the span of the definition, the span of its name, its container and a snippet."""
    engine = open_engine()
    engine.sync()
    hit = engine.search("deposit_money").hits[0]
    lines = (workspace / "bank/account.py").read_text().splitlines()
    line = lines.index("    def deposit_money(self, amount):")
    assert (hit.path, hit.container, hit.kind, hit.language) == (
        "bank/account.py",
        "Account",
        "method",
        "python",
    )
    assert (hit.selection.start.line, hit.selection.start.character) == (line, 8)
    assert hit.span.start.line == line
    assert hit.doc == "Put cash into the account."
    assert any(part.text == lines[line] for part in hit.snippet)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(languages=("go",)), {"Open"}),
        (Filters(kinds=("class",)), {"Account", "Button"}),
        (Filters(paths=("ui/**",)), {"Button", "press"}),
        (Filters(paths=("*.go",)), {"Open"}),
        (Filters(containers=("Account",)), {"deposit_money", "withdraw_money"}),
        (Filters(kinds=("method",), excluded_words=("deposit",)), {"withdraw_money", "press"}),
        (Filters(languages=("cobol",)), set()),
    ],
    ids=["language", "kind", "folder", "suffix", "container", "minus", "nothing"],
)
@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
def test_filters_apply_inside_the_search(
    open_engine: OpenEngine, filters: Filters, found: set[str], mode: str
) -> None:
    """Only what passes the filters is found, and all of it, however unlike the question it is."""
    engine = open_engine()
    engine.sync()
    result = engine.search(
        "account button open deposit money press cash host", mode=mode, filters=filters, limit=50
    )
    assert {hit.name for hit in result.hits} == found


def test_a_saved_file_is_visible_in_the_next_search(open_engine: OpenEngine, workspace: Path) -> None:
    """After `update` the new symbol is found and the old one is gone."""
    engine = open_engine()
    engine.sync()
    (workspace / "net/open.go").write_text("package net\n\nfunc Shutdown() {}\n")
    report = engine.update(["net/open.go"])
    assert (report.changed, report.added) == (1, 0)
    assert names(engine, "shutdown")[0] == "Shutdown"
    assert "Open" not in names(engine, "open host", limit=50)


def test_created_deleted_and_renamed_files_are_followed(open_engine: OpenEngine, workspace: Path) -> None:
    """`sync` sees new files, forgets deleted ones and moves renamed ones."""
    engine = open_engine()
    engine.sync()
    (workspace / "ui/button.ts").unlink()
    (workspace / "net/open.go").rename(workspace / "net/connect.go")
    (workspace / "new.js").write_text("function greet_people() {}\n")
    report = engine.sync()
    assert (report.added, report.removed, report.unchanged) == (2, 2, 2)
    assert engine.search("open host").hits[0].path == "net/connect.go"
    assert names(engine, "greet people")[0] == "greet_people"
    assert "Button" not in names(engine, "button press", limit=50)


def test_a_deleted_folder_is_forgotten(open_engine: OpenEngine, workspace: Path) -> None:
    """`update` with the path of a folder that is gone forgets all files below it."""
    engine = open_engine()
    engine.sync()
    (workspace / "bank/account.py").unlink()
    (workspace / "bank").rmdir()
    assert engine.update(["bank"]).removed == 1
    assert "Account" not in names(engine, "account", limit=50)


def test_unchanged_text_is_never_embedded_again(
    open_engine: OpenEngine, workspace: Path, embedder: FakeEmbedder
) -> None:
    """Touching, reindexing, changing there and back, and reopening embed nothing a second time."""
    engine = open_engine()
    engine.sync()
    original = (workspace / "net/open.go").read_text()
    (workspace / "net/open.go").write_text("package net\n\nfunc Close() {}\n")
    engine.sync()
    first = len(embedder.embedded)
    (workspace / "net/open.go").write_text(original)
    engine.sync()
    os.utime(workspace / "ui/button.ts", ns=(1, 1))
    engine.sync()
    engine.reindex()
    engine.close()
    again = open_engine()
    again.sync(verify=True)
    assert again.search("open host").hits[0].name == "Open"
    assert len(embedder.embedded) == first


def test_what_is_the_same_in_two_files_is_one_new_vector(tmp_path: Path) -> None:
    """A report counts what the store has got, also where several processes embedded the same text."""
    for folder in ("a/b", "a_b"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "same.py").write_text("def same(argument):\n    return argument\n")
    with Engine.open(tmp_path, tmp_path / "index", embedder=FakeEmbedder()) as engine:
        report = engine.sync()
        assert (report.symbols, report.embedded, engine.status().vectors_total) == (2, 1, 1)


def test_moved_code_is_not_embedded_again(
    open_engine: OpenEngine, workspace: Path, embedder: FakeEmbedder
) -> None:
    """Lines inserted above a definition move it without embedding it again."""
    engine = open_engine()
    engine.sync()
    path = workspace / "bank/account.py"
    path.write_text("import os\n\n\n" + path.read_text())
    before = len(embedder.embedded)
    engine.update(["bank/account.py"])
    moved = engine.search("withdraw_money").hits[0]
    assert path.read_text().splitlines()[moved.span.start.line] == "    def withdraw_money(self, amount):"
    # The file's loose top-level code did change; no definition did.
    assert not [text for text in embedder.embedded[before:] if "money" in text.split()]


def test_an_unsaved_buffer_hides_the_file(open_engine: OpenEngine, workspace: Path) -> None:
    """Symbols of a buffer are found at their place, those of the file on disk are hidden until it is
    closed.
    """
    engine = open_engine()
    engine.sync()
    engine.set_overlay("net/open.go", "package net\n\n\n\nfunc Reconnect(host string) {}\n")
    hit = engine.search("reconnect host").hits[0]
    assert (hit.name, hit.span.start.line) == ("Reconnect", 4)
    assert "Open" not in names(engine, "open host", limit=50)
    assert "Open" not in [symbol.name for symbol in engine.symbols("Open")]
    assert "Reconnect" in [symbol.name for symbol in engine.symbols("Reconn")]
    engine.clear_overlay("net/open.go")
    assert names(engine, "open host")[0] == "Open"


def test_similar_code_leaves_out_where_it_was_asked(open_engine: OpenEngine) -> None:
    """`similar` at a method gives its sibling first and never itself."""
    engine = open_engine()
    engine.sync()
    hit = engine.search("deposit_money").hits[0]
    found = engine.similar(hit.path, hit.selection.start.line).hits
    assert "withdraw_money" in [other.name for other in found[:4]]
    assert "deposit_money" not in [other.name for other in found]


def test_switching_meaning_off_loads_no_model(open_engine: OpenEngine) -> None:
    """With meaning off, text and symbol search work; switched on later, the missing vectors are made."""
    engine = open_engine(overrides={"semantic": {"enabled": False}})
    engine.sync()
    result = engine.search("deposit: put cash into an account")
    assert result.hits[0].name == "deposit_money"
    assert [problem.code for problem in result.problems] == ["no-meaning"]
    assert engine.status().vectors_total == 0
    assert "semantic.enabled" in engine.apply_settings({"semantic": {"enabled": True}})
    assert engine.wait_until_idle(30)
    assert engine.search("deposit: put cash into an account", mode="semantic").hits[0].name == "deposit_money"
    assert engine.status().vectors_pending == 0


def test_a_slow_model_is_not_waited_for(open_engine: OpenEngine) -> None:
    """With a model that is not instant, text answers at once and vectors follow in the background."""
    engine = open_engine(embedder=FakeEmbedder(instant=False))
    engine.sync()
    assert names(engine, "deposit money")[0] == "deposit_money"
    assert engine.wait_until_idle(30)
    status = engine.status()
    assert (status.vectors_pending, status.vectors_total > 0) == (0, True)


def test_a_second_engine_reads_and_takes_over(open_engine: OpenEngine, workspace: Path) -> None:
    """While one engine writes, another reads its generations; when the first ends, the second writes."""
    first = open_engine()
    first.sync()
    second = open_engine()
    report = second.sync()
    assert [problem.code for problem in report.problems] == ["read-only"]
    assert names(second, "open host")[0] == "Open"
    (workspace / "fresh.py").write_text("def brand_new_thing():\n    pass\n")
    first.update(["fresh.py"])
    assert names(second, "brand new thing")[0] == "brand_new_thing"
    first.close()
    (workspace / "fresh.py").write_text("def newer_still():\n    pass\n")
    assert second.update(["fresh.py"]).changed == 1
    assert second.status().writer
    assert names(second, "newer still")[0] == "newer_still"


def test_an_empty_folder_answers_nothing(tmp_path: Path) -> None:
    """An empty folder is indexed without fuss and finds nothing."""
    (tmp_path / "empty").mkdir()
    with Engine.open(tmp_path / "empty", tmp_path / "index", embedder=FakeEmbedder()) as engine:
        report = engine.sync()
        assert (report.added, report.problems) == (0, [])
        assert engine.search("anything").hits == []
        assert engine.symbols("any") == []
        assert engine.status().files_indexed == 0


def test_roots_that_are_no_folder_are_refused(tmp_path: Path) -> None:
    """A missing folder and a file are refused with a sentence that names them."""
    with pytest.raises(FileNotFoundError, match="no folder"):
        Engine.open(tmp_path / "missing")
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError, match="is a file"):
        Engine.open(tmp_path / "file")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
def test_places_whose_names_are_no_text_are_refused(tmp_path: Path) -> None:
    """A folder or an index folder whose name is no Unicode is refused with what to do."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    with pytest.raises(InvalidQuery, match=r"caf.*is not valid Unicode; rename the folder"):
        Engine.open(folder)
    with pytest.raises(InvalidQuery, match="choose another location with --index-dir"):
        Engine.open(tmp_path, folder)


def test_wrong_requests_are_refused(open_engine: OpenEngine) -> None:
    """A limit below one, an unknown mode and a path outside are refused, not guessed at."""
    engine = open_engine()
    engine.sync()
    with pytest.raises(InvalidQuery, match="limit"):
        engine.search(SearchRequest("x", limit=0))
    with pytest.raises(InvalidQuery, match="mode"):
        engine.search("x", mode="magic")
    with pytest.raises(InvalidQuery, match="half of a character"):
        engine.search("x", filters=Filters(languages=("\ud800",)))
    with pytest.raises(InvalidQuery, match="not a file"):
        engine.similar("bank", 0)
    with pytest.raises(InvalidQuery, match="not inside"):
        engine.update(["../elsewhere.py"])


def test_binary_large_and_generated_files_are_counted_as_skipped(
    open_engine: OpenEngine, workspace: Path
) -> None:
    """What is left out shows in the status with its reason."""
    (workspace / "blob.dat2").write_bytes(b"\0\1\2" * 100)
    (workspace / "big.py").write_bytes(b"x = 1\n" * 300_000)
    (workspace / "gen.py").write_text("# @generated by a tool. DO NOT EDIT.\nx = 1\n")
    engine = open_engine()
    engine.sync()
    skipped = engine.status().files_skipped
    assert (skipped["binary"], skipped["too-large"], skipped["generated"]) == (1, 1, 1)
    status = engine.status()
    assert status.files_total == status.files_indexed, "what is left out for good is not missing"


def test_files_left_out_are_counted_as_they_change(open_engine: OpenEngine, workspace: Path) -> None:
    """A file that grows too large, shrinks or goes is counted right at once, and in the next process too."""
    (workspace / "big.py").write_bytes(b"x = 1\n" * 300_000)
    engine = open_engine()
    engine.sync()
    assert engine.status().files_skipped == {"too-large": 1}
    (workspace / "big.py").write_text("def now_small(): pass\n")
    engine.update(["big.py"])
    assert names(engine, "now small")[0] == "now_small"
    assert engine.status().files_skipped == {}
    (workspace / "notes.txt").write_bytes(b"a plain word\n" * 200_000)
    (workspace / "photo.png").write_bytes(b"\x89PNG")
    (workspace / "env").mkdir()
    (workspace / "env/pyvenv.cfg").write_text("")
    (workspace / "env/x.js").write_text("x = 1")
    engine.update(["notes.txt", "photo.png"])
    assert engine.status().files_skipped == {"too-large": 1, "binary": 1}
    engine.sync()
    engine.update(["env/x.js"])
    skipped = {"too-large": 1, "binary": 1, "common-folder": 1}
    assert engine.status().files_skipped == skipped
    engine.close()
    assert open_engine().status().files_skipped == skipped
    (workspace / "photo.png").unlink()
    reader = open_engine()
    reader.sync()
    del skipped["binary"]
    assert reader.status().files_skipped == skipped


def test_a_file_that_vanishes_while_it_is_indexed_is_survived(
    open_engine: OpenEngine, workspace: Path
) -> None:
    """A file deleted between the walk and the read is treated as never there."""
    engine = open_engine()
    engine.sync()
    path = workspace / "net/open.go"
    path.write_text("package net\n\nfunc Gone() {}\n")
    state = engine._writer._stores.files
    reconcile = state.reconcile

    def and_delete(*arguments: object, **options: object) -> object:
        changes = reconcile(*arguments, **options)  # type: ignore[arg-type]
        path.unlink()
        return changes

    state.reconcile = and_delete  # type: ignore[method-assign,assignment]
    engine.sync()
    state.reconcile = reconcile  # type: ignore[method-assign]
    assert "Open" not in names(engine, "open host", limit=50)
    assert engine.sync().removed == 0


def test_closing_and_reopening_changes_nothing(open_engine: OpenEngine) -> None:
    """What was indexed is there after a restart, and nothing is read again."""
    engine = open_engine()
    engine.sync()
    before = symbols_on_record(engine)
    engine.close()
    again = open_engine()
    assert symbols_on_record(again) == before
    report = again.sync()
    assert (report.added, report.changed, report.removed) == (0, 0, 0)


def test_a_folder_replaced_by_a_file_of_its_name_is_forgotten(
    open_engine: OpenEngine, workspace: Path
) -> None:
    """`update` with a path that was a folder and is a file now forgets what was below it."""
    engine = open_engine()
    engine.sync()
    (workspace / "bank/account.py").unlink()
    (workspace / "bank").rmdir()
    (workspace / "bank").write_text("Savings are kept here.\n")
    engine.update(["bank"])
    assert "Account" not in names(engine, "account", limit=50)
    assert engine.status().files_indexed == 4


def test_a_file_replaced_by_a_link_leaves_the_index(
    open_engine: OpenEngine, workspace: Path, tmp_path: Path
) -> None:
    """`update` of a known file that has become a link does not read what the link leads to."""
    engine = open_engine()
    engine.sync()
    outside = tmp_path / "outside.py"
    outside.write_text("def secret_plan():\n    pass\n")
    (workspace / "bank/account.py").unlink()
    (workspace / "bank/account.py").symlink_to(outside)
    assert engine.update(["bank/account.py"]).removed == 1
    assert "secret_plan" not in names(engine, "secret plan", limit=50)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.timeout(20)
def test_a_file_replaced_by_a_pipe_is_not_waited_for(open_engine: OpenEngine, workspace: Path) -> None:
    """`update` of a known file that has become a named pipe comes back without a writer at its other end."""
    engine = open_engine()
    engine.sync()
    (workspace / "net/open.go").unlink()
    os.mkfifo(workspace / "net/open.go")
    assert engine.update(["net/open.go"]).removed == 1


def test_buffers_follow_a_change_of_the_model(
    open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a buffer open, a switch to a model of another dimension keeps answering by meaning."""
    models = {"small": FakeEmbedder(32, "small"), "large": FakeEmbedder(96, "large")}
    monkeypatch.setattr("codanna_core.indexing.models.load_embedder", lambda chosen: models[chosen.model])
    engine = open_engine(embedder=None, overrides={"semantic": {"model": "small"}})
    engine.sync()
    engine.set_overlay("bank/account.py", "def rob_the_bank():\n    pass\n")
    assert names(engine, "rob the bank", mode="semantic")[0] == "rob_the_bank"
    engine.apply_settings({"semantic": {"model": "large"}})
    assert engine.wait_until_idle(30)
    assert engine.status().dimension == 96
    assert names(engine, "rob the bank", mode="semantic")[0] == "rob_the_bank"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_problem_of_the_folder_ends_with_its_cause(open_engine: OpenEngine, workspace: Path) -> None:
    """A file with a name that is no Unicode is a problem until it is gone, not for ever."""
    engine = open_engine()
    bad = os.fsencode(workspace) + b"/bad\xff.py"
    Path(os.fsdecode(bad)).write_bytes(b"x = 1\n")
    engine.sync()
    assert [problem.code for problem in engine.status().problems] == ["bad-name"]
    os.unlink(bad)
    engine.sync()
    assert engine.status().problems == []


def test_generated_files_come_in_when_the_settings_let_them(open_engine: OpenEngine, workspace: Path) -> None:
    """A file left out for its content, and not touched since, is read again under other settings."""
    generated = workspace / "made.py"
    generated.write_text("# Code generated by a tool. DO NOT EDIT.\ndef made_by_tool():\n    pass\n")
    os.utime(generated, (1_600_000_000, 1_600_000_000))
    engine = open_engine()
    engine.sync()
    assert "made_by_tool" not in names(engine, "made by tool", limit=50)
    engine.apply_settings({"discovery": {"skip_generated": False}})
    engine.sync()
    assert names(engine, "made by tool")[0] == "made_by_tool"


def test_an_answer_before_the_first_commit_says_so(open_engine: OpenEngine, workspace: Path) -> None:
    """While nothing of the first index is committed, no share of the folder is covered."""
    answers: list[tuple[float, list[str]]] = []

    def checkpoint(name: str) -> None:
        if name == "text:before-commit" and not answers:
            result = engine.search("money", mode="text")
            answers.append((result.indexed, [problem.code for problem in result.problems]))

    engine = open_engine(checkpoint=checkpoint)
    engine.sync()
    assert answers == [(0.0, ["indexing"])]
    assert engine.search("money").indexed == 1.0
