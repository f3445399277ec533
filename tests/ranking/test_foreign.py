"""Questions in other languages than English find what identifiers and comments allow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codanna_core import Engine
from codanna_core.ranking.foreign import in_english
from codanna_core.words import index_text

POOL = """class ConnectionPool:
    def close_connection(self, connection):
        connection.close()

    def retry_request(self, request):
        return request

    def parse_configuration_file(self, path):
        return path.read_text()

    # Größe des Puffers nach jedem Überlauf verdoppeln
    def grow(self):
        self.size *= 2

    # 读取磁盘上的快照并恢复状态
    def thaw(self):
        return self.snapshot

    # 接続が切れたときに呼ばれる
    def lost(self):
        pass
"""


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine over English names, with comments in three other languages."""
    root = tmp_path_factory.mktemp("root")
    (root / "pool.py").write_text(POOL, encoding="utf-8")
    (root / "other.py").write_text("def unrelated():\n    return 1\n\n\ndef war():\n    return 'die'\n")
    with Engine.open(root, tmp_path_factory.mktemp("index")) as engine:
        engine.sync()
        yield engine


@pytest.mark.parametrize("mode", ["hybrid", "text"])
@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("wie wird eine Verbindung geschlossen", "close_connection"),
        ("wo werden Anfragen wiederholt", "retry_request"),
        ("wie wird die Konfigurationsdatei gelesen", "parse_configuration_file"),
        ("Verbindung schließen", "close_connection"),
        ("连接在哪里关闭", "close_connection"),
        ("解析配置文件", "parse_configuration_file"),
        ("重试请求", "retry_request"),
    ],
)
def test_a_question_in_another_language_is_answered(pool: Engine, query: str, name: str, mode: str) -> None:
    """By the English of its words."""
    assert pool.search(query, mode=mode).hits[0].name == name


@pytest.mark.parametrize(
    ("query", "name"), [("Überlauf des Puffers", "grow"), ("磁盘快照", "thaw"), ("接続が切れた", "lost")]
)
def test_a_comment_in_its_language_answers(pool: Engine, query: str, name: str) -> None:
    """Beside the class around it, whose text has the same comment."""
    assert name in [hit.name for hit in pool.search(query).hits[:2]]


def test_what_is_searched_for_is_reported(pool: Engine) -> None:
    """Nobody wonders why an English name answers."""
    (problem,) = pool.search("wie wird eine Verbindung geschlossen").problems
    assert (problem.code, "`connection close`" in problem.message) == ("translated", True)


@pytest.mark.parametrize(
    "query",
    [
        "die when the parent was killed",
        "was hat man in so",
        "start the text parameter",
        "is the name all in an index",
        "Standard",
        "signal handler status",
        "how is a connection closed",
    ],
)
def test_english_stays_as_it_is(query: str) -> None:
    """Words that both languages have do not make a question German."""
    assert in_english(query) == (query, {})


def test_german_words_are_known_in_their_forms_and_compounds() -> None:
    """Endings, and parts with what links them."""
    left, english = in_english("wie werden die Sitzungsschlüssel der Benutzer gespeichert")
    assert left == "Sitzungsschlüssel Benutzer gespeichert"
    assert english == {
        "Sitzungsschlüssel": "session key",
        "Benutzer": "user",
        "gespeichert": "save store",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("读取配置", "读取 取配 配置"),
        ("读", "读"),
        ("get配置Size", "get 配置 size"),
        ("Größe", "größe"),
        ("maxGröße", "max größe maxgröße"),
        ("naïveÉtat", "naïveétat"),
        ("データ", "デー ータ"),
    ],
)
def test_words_of_other_scripts(text: str, words: str) -> None:
    """Pairs of characters where no blanks are written, whole words where accents are."""
    assert index_text(text) == words
