"""Tracebacks and log lines as they are pasted: what is read out of them, and what they find."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from codanna_core import Engine
from codanna_core.ranking.pasted import may_be_pasted
from codanna_core.ranking.traces import fixed_words, read_pasted

PYTHON = """Traceback (most recent call last):
  File "/usr/lib/python3.12/runpy.py", line 88, in _run_code
    exec(code, run_globals)
  File "/srv/app/src/orders.py", line 6, in place
    charge(order)
  File "/srv/app/src/orders.py", line 2, in charge
    raise PaymentError(f"card {order} was declined by the bank")
orders.PaymentError: card 4711 was declined by the bank"""
JAVA = """Exception in thread "main" java.lang.IllegalStateException: outer
\tat org.acme.Main.main(Main.java:3)
Caused by: java.lang.IllegalArgumentException: the ledger is not balanced
\tat org.acme.Ledger.post(Ledger.java:5)
\tat java.base/java.util.ArrayList.forEach(ArrayList.java:1596)
\t... 3 more"""
NODE = """/home/me/app/src/router.js:3
TypeError: no route matches the request
    at Router.dispatch (/home/me/app/src/router.js:3:11)
    at async main (file:///home/me/app/src/router.js:9:3)
    at node:internal/main/run_main_module:28:49"""
RUST = """thread 'main' panicked at src/cache.rs:4:9:
the cache lost its index
stack backtrace:
   0: rust_begin_unwind
             at /rustc/90b35a623/library/std/src/panicking.rs:619:5
   1: app::cache::Cache::evict
             at ./src/cache.rs:4:9
   2: app::main
             at ./src/cache.rs:9:5"""
GO = """panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.(*Wheel).Turn(0xc00001, 0x5)
\t/home/me/app/src/wheel.go:6 +0x1d
main.main()
\t/home/me/app/src/wheel.go:10 +0x2a
exit status 2"""

SOURCES = {
    "src/orders.py": (
        "def charge(order):\n"
        '    raise PaymentError(f"card {order} was declined by the bank")\n'
        "\n"
        "\n"
        "def place(order):\n"
        "    charge(order)\n"
    ),
    "src/main/java/org/acme/Ledger.java": (
        "package org.acme;\n"
        "\n"
        "class Ledger {\n"
        "  void post() {\n"
        '    throw new IllegalArgumentException("the ledger is not balanced");\n'
        "  }\n"
        "}\n"
    ),
    "src/main/java/org/acme/Main.java": (
        "package org.acme;\nclass Main {\n  static void main() { new Ledger(); }\n}\n"
    ),
    "src/router.js": (
        "class Router {\n"
        "  dispatch(request) {\n"
        "    throw new TypeError('no route matches the request')\n"
        "  }\n"
        "}\n"
        "\n"
        "\n"
        "async function main() {\n"
        "  new Router().dispatch()\n"
        "}\n"
    ),
    "src/cache.rs": (
        "struct Cache;\n"
        "impl Cache {\n"
        "    fn evict(&self) {\n"
        '        panic!("the cache lost its index");\n'
        "    }\n"
        "}\n"
        "\n"
        "fn main() {\n"
        "    Cache.evict();\n"
        "}\n"
    ),
    "src/wheel.go": (
        "package main\n"
        "\n"
        "type Wheel struct{}\n"
        "\n"
        "func (w *Wheel) Turn(n int) int {\n"
        "\treturn []int{1, 2, 3}[n]\n"
        "}\n"
        "\n"
        "func main() {\n"
        "\t(&Wheel{}).Turn(5)\n"
        "}\n"
    ),
    "src/runpy.py": ("def _run_code():\n    pass\n"),
    "src/unrelated.py": ("def unrelated():\n    return 'declined invitation'\n"),
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine over a program in five languages."""
    root = tmp_path_factory.mktemp("app")
    for path, text in SOURCES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    with Engine.open(root, tmp_path_factory.mktemp("index")) as engine:
        engine.sync()
        yield engine


PASTED = {
    "python": (PYTHON, ["charge", "place"], "card 4711 was declined by the bank"),
    "java": (JAVA, ["post", "main"], "the ledger is not balanced"),
    "node": (NODE, ["dispatch", "main"], "no route matches the request"),
    "rust": (RUST, ["evict", "main"], "the cache lost its index"),
    "go": (GO, ["Turn", "main"], "index out of range"),
}


@pytest.mark.parametrize("joined", [False, True], ids=["lines", "one line"])
@pytest.mark.parametrize("language", PASTED)
def test_frames_are_their_symbols(app: Engine, language: str, joined: bool) -> None:
    """The frame nearest to the error comes first, frames of libraries do not come, also where an input box
    has joined the lines.
    """
    text, names, message = PASTED[language]
    text = " ".join(text.split()) if joined else text
    assert may_be_pasted(text)
    pasted = read_pasted(text)
    assert pasted is not None
    assert message in pasted.message
    result = app.search(text)
    assert [hit.name for hit in result.hits[:2]] == names
    assert result.hits[0].reasons == ("frame",)
    assert not result.problems


def test_a_library_of_the_same_name_is_not_ours(app: Engine) -> None:
    """`runpy.py` of Python itself is not the one of the folder."""
    assert all(hit.path != "src/runpy.py" for hit in app.search(PYTHON).hits if hit.reasons == ("frame",))


def test_a_traceback_from_elsewhere_says_so(app: Engine) -> None:
    """Its message is searched all the same."""
    text = 'Traceback:\n  File "/x/y.py", line 3, in f\nValueError: was declined by the bank'
    result = app.search(text)
    assert result.hits[0].name == "charge"
    assert [problem.code for problem in result.problems] == ["no-frames"]


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-29 14:00:01,123 ERROR [worker-3] acme.orders - card 4711 was declined by the bank",
        "Nov 29 14:00:01 host acme[311]: card 9 was declined by the bank",
        "[ERROR] card 4711 was declined by the bank",
        '2026-11-29T14:00:01Z WARN orders: card "x-1" was declined by the bank -retry path:none',
    ],
)
def test_a_log_line_finds_what_writes_it(app: Engine, line: str) -> None:
    """Time, level, thread and logger are not searched for, values in it are no phrases and no filters."""
    result = app.search(line)
    assert result.hits[0].name == "charge"
    assert not result.problems


@pytest.mark.parametrize(
    "query",
    [
        "how are errors handled",
        "Cart",
        "error: retry",
        'File "a.py"',
        "a::b::c",
        "ERROR",
        "what is at the end",
        "parse 2026-11-29 dates",
        "kind:class ERROR",
    ],
)
def test_questions_are_not_taken_for_pasted_text(query: str) -> None:
    """A question that mentions an error or a date is a question."""
    assert read_pasted(query) is None


@pytest.mark.parametrize(
    "hostile",
    [
        "at " * 20_000,
        "a." * 20_000 + ".go:1",
        "x(" * 20_000 + ".go:1",
        "at ::" * 9_000 + ".rs:1",
        "'" * 40_000 + ".rb:1:in",
        "panicked at '" * 4_000 + ".rs:1:1",
        "at a.b(" * 8_000 + ".cs:line 1",
        "at a.b(" * 8_000 + ".java:1",
    ],
)
def test_no_pasted_text_takes_long(hostile: str) -> None:
    """What is pasted may be anything."""
    begun = time.process_time()
    read_pasted(hostile)
    assert time.process_time() - begun < 1.0


def test_fixed_words() -> None:
    """The longest run that no value interrupts, if it is long enough to say something."""
    assert (
        fixed_words("orders.PaymentError: card 4711 was declined by the bank") == "was declined by the bank"
    )
    assert fixed_words("cannot open /etc/passwd") == ""
