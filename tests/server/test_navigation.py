"""Definition, references, implementation, highlights, call hierarchy and hover, over the real engine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from raw_client import EMACS, HERE, NEOVIM, VSCODE, RawClient, running

from codanna_core.model import Position, Span
from codanna_core.results import Confidence, Definition, Edge, Relation, RelationRequest, RelationResult
from codanna_lsp.convert import Columns
from codanna_lsp.features import call_hierarchy, definition, hover, navigation, references
from codanna_lsp.features.hover import callers

ENGINE_SERVER = (sys.executable, str(HERE / "engine_server.py"))
NAVIGATION: dict[str, dict[str, Any]] = {
    "definition": {"linkSupport": True, "dynamicRegistration": True},
    "references": {"dynamicRegistration": True},
    "implementation": {"dynamicRegistration": True},
    "documentHighlight": {"dynamicRegistration": True},
    "callHierarchy": {"dynamicRegistration": True},
    "hover": {"contentFormat": ["markdown", "plaintext"], "dynamicRegistration": True},
}
PROVIDERS = [f"{name}Provider" for name in NAVIGATION]
WIDE = "s = '\U0001f600'; "
FILES = {
    "shop.py": (
        "class Base:\n"
        "    def total(self, tax): ...\n"
        "\n"
        "\n"
        "class Cart(Base):\n"
        '    """A cart, see [here](command:evil) <img src=x>."""\n'
        "\n"
        "    def total(self, tax):\n"
        "        price = tax + 1\n"
        "        return price * tax\n"
    ),
    "pay.py": f"from shop import Cart\n\n\ndef pay():\n    {WIDE}return Cart().total(2)\n\n\nprint(pay())\n",
    "area.ts": (
        "export interface Shape { area(): number }\n"
        "export class Square implements Shape { area() { return 1 } }\n"
        "export function sum(s: Shape) { return s.area() }\n"
    ),
}


def capabilities(client: dict[str, Any], *, dynamic: bool = False) -> dict[str, Any]:
    """The client's, with navigation added."""
    more = (
        NAVIGATION
        if dynamic
        else {name: {**one, "dynamicRegistration": False} for name, one in NAVIGATION.items()}
    )
    return {**client, "textDocument": {**client.get("textDocument", {}), **more}}


def write(root: Path) -> Path:
    root.mkdir(parents=True)
    for name, text in FILES.items():
        (root / name).write_text(text)
    return root


def open_document(client: Any, path: str, language: str, text: str | None = None) -> None:
    document = {
        "uri": (client.root / path).as_uri(),
        "languageId": language,
        "version": 1,
        "text": FILES[path] if text is None else text,
    }
    client.notify("textDocument/didOpen", {"textDocument": document})


@pytest.fixture(scope="module", params=["utf-8", "utf-16", "utf-32"])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of each encoding that names its languages; its files are open."""
    root = write(tmp_path_factory.mktemp("navigation") / "shop")
    kinds = {"utf-8": NEOVIM, "utf-16": VSCODE, "utf-32": EMACS}
    started: Any
    with running(ENGINE_SERVER) as started:
        started.server = started.initialize(
            root,
            capabilities=capabilities(kinds[request.param]),
            options={"navigationLanguages": ["python", "typescript"]},
        )
        started.encoding = request.param
        started.root = root
        started.wait_indexed()
        open_document(started, "shop.py", "python")
        open_document(started, "pay.py", "python")
        open_document(started, "area.ts", "typescript")
        yield started


def width(text: str, encoding: str) -> int:
    return {
        "utf-8": len(text.encode()),
        "utf-16": len(text.encode("utf-16-le")) // 2,
        "utf-32": len(text),
    }[encoding]


def place(client: Any, path: str, needle: str, nth: int = 0) -> dict[str, Any]:
    """Where the nth occurrence of a text begins, in the columns of the client."""
    at = -1
    for _ in range(nth + 1):
        at = FILES[path].index(needle, at + 1)
    line = FILES[path].count("\n", 0, at)
    before = FILES[path][:at].rpartition("\n")[2]
    return {
        "textDocument": {"uri": (client.root / path).as_uri()},
        "position": {"line": line, "character": width(before, client.encoding)},
    }


def shown(client: Any, places: list[dict[str, Any]] | None) -> list[tuple[str, str]]:
    """Each place as its file and the text that stands there, taken apart in the client's columns."""
    found = []
    for one in places or []:
        uri, area = one.get("uri") or one["targetUri"], one.get("range") or one["targetSelectionRange"]
        path = Path(uri[len("file://") :])
        line = path.read_text().split("\n")[area["start"]["line"]]
        codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[client.encoding]
        size = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[client.encoding]
        text = line.encode(codec)[size * area["start"]["character"] : size * area["end"]["character"]]
        found.append((f"{path.name}:{area['start']['line'] + 1}", text.decode(codec)))
    return found


def test_definition(client: Any) -> None:
    """Of a use, of an import, of a variable; a link has the whole definition, for previews."""
    found = client.request("textDocument/definition", place(client, "pay.py", "total"))
    assert shown(client, found) == [("shop.py:8", "total")]
    assert found[0]["targetRange"]["start"]["line"] == 7
    assert found[0]["targetRange"]["end"]["line"] == 9
    found = client.request("textDocument/definition", place(client, "pay.py", "Cart"))
    assert shown(client, found) == [("shop.py:5", "Cart")]
    found = client.request("textDocument/definition", place(client, "shop.py", "price", 1))
    assert shown(client, found) == [("shop.py:9", "price")]
    module = client.request("textDocument/definition", place(client, "pay.py", "shop"))
    assert [one["targetUri"] for one in module] == [(client.root / "shop.py").as_uri()]
    assert client.request("textDocument/definition", place(client, "pay.py", "return")) is None


def test_references(client: Any) -> None:
    """Everywhere, with and without the declaration, and in parts for a client that wants them so."""
    asked = {**place(client, "shop.py", "Cart"), "context": {"includeDeclaration": False}}
    uses = [("pay.py:1", "Cart"), ("pay.py:5", "Cart")]
    assert shown(client, client.request("textDocument/references", asked)) == uses
    asked["context"] = {"includeDeclaration": True}
    everything = [("shop.py:5", "Cart"), *uses]
    assert shown(client, client.request("textDocument/references", asked)) == everything
    assert client.request("textDocument/references", {**asked, "partialResultToken": "refs"}) == []
    parts = [item["value"] for item in client.seen("$/progress") if item["token"] == "refs"]
    assert [one for part in parts for one in shown(client, part)] == everything


def test_references_of_a_name_that_nothing_defines(client: Any) -> None:
    """Its uses, as the command line lists them; of a keyword there are none."""
    found = client.request("textDocument/references", place(client, "pay.py", "print"))
    assert shown(client, found) == [("pay.py:8", "print")]
    assert client.request("textDocument/references", place(client, "pay.py", "return")) == []


def test_uses_of_a_variable_stay_in_its_scope(client: Any) -> None:
    """A parameter has the same name in two methods, and each its own uses."""
    found = client.request("textDocument/references", place(client, "shop.py", "tax", 1))
    assert shown(client, found) == [("shop.py:8", "tax"), ("shop.py:9", "tax"), ("shop.py:10", "tax")]
    found = client.request("textDocument/references", place(client, "shop.py", "tax"))
    assert shown(client, found) == [("shop.py:2", "tax")]


def test_implementation(client: Any) -> None:
    """From a type to its subtypes, from a method to its overrides, from a use of it, too."""
    base = client.request("textDocument/implementation", place(client, "shop.py", "Base"))
    assert shown(client, base) == [("shop.py:5", "Cart")]
    method = client.request("textDocument/implementation", place(client, "shop.py", "total"))
    assert shown(client, method) == [("shop.py:8", "total")]
    used = client.request("textDocument/implementation", place(client, "area.ts", "area", 2))
    assert shown(client, used) == [("area.ts:2", "area")]
    assert client.request("textDocument/implementation", place(client, "pay.py", "pay")) is None


def test_highlights(client: Any) -> None:
    """The uses in this document, told apart from where a value is given."""
    found = client.request("textDocument/documentHighlight", place(client, "shop.py", "tax", 2))
    assert [(one["range"]["start"]["line"], one["kind"]) for one in found] == [(7, 3), (8, 2), (9, 2)]
    found = client.request("textDocument/documentHighlight", place(client, "pay.py", "Cart"))
    assert [(one["range"]["start"]["line"], one["kind"]) for one in found] == [(0, 2), (4, 2)]
    assert client.request("textDocument/documentHighlight", place(client, "pay.py", "return")) is None


def test_call_hierarchy(client: Any) -> None:
    """Both ways, with the places of the calls; the top of a file is an item, too."""
    (item,) = client.request("textDocument/prepareCallHierarchy", place(client, "shop.py", "total", 1))
    assert (item["name"], item["kind"], item["detail"]) == ("total", 6, "Cart · shop.py")
    (call,) = client.request("callHierarchy/incomingCalls", {"item": item})
    assert (call["from"]["name"], call["from"]["uri"]) == ("pay", (client.root / "pay.py").as_uri())
    ranges = [{"uri": call["from"]["uri"], "range": area} for area in call["fromRanges"]]
    assert shown(client, ranges) == [("pay.py:5", "total")]
    out = client.request("callHierarchy/outgoingCalls", {"item": call["from"]})
    assert [(one["to"]["name"], one["to"]["uri"][-7:]) for one in out] == [
        ("Cart", "shop.py"),
        ("total", "shop.py"),
    ]
    (top,) = client.request("callHierarchy/incomingCalls", {"item": call["from"]})
    assert (top["from"]["name"], top["from"]["kind"], len(top["fromRanges"])) == ("pay.py", 1, 1)
    assert client.request("callHierarchy/incomingCalls", {"item": top["from"]}) is None


def test_an_item_is_found_again_after_an_edit(client: Any) -> None:
    """By its name, where another line stands at its place by now."""
    (item,) = client.request("textDocument/prepareCallHierarchy", place(client, "shop.py", "total", 1))
    change = {
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
        "text": "\n\n",
    }
    document = {"uri": (client.root / "shop.py").as_uri(), "version": 2}
    client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    (call,) = client.request("callHierarchy/incomingCalls", {"item": item})
    assert call["from"]["name"] == "pay"
    change["range"] = {"start": {"line": 0, "character": 0}, "end": {"line": 2, "character": 0}}
    change["text"] = ""
    document["version"] = 3
    client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    assert client.request("callHierarchy/incomingCalls", {"item": item})


def test_unsaved_text_counts_at_once(client: Any) -> None:
    """A question right behind an edit is answered about the text after it."""
    uri = (client.root / "area.ts").as_uri()
    change: dict[str, Any] = {
        "range": {"start": {"line": 2, "character": 0}, "end": {"line": 2, "character": 0}},
        "text": "export function typed() { return sum(new Square()) }\n",
    }
    for version, edit in (
        (2, change),
        (3, {"range": {**change["range"], "end": {"line": 3, "character": 0}}, "text": ""}),
    ):
        client.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": version}, "contentChanges": [edit]},
        )
        line = 3 if version == 2 else 2
        asked = {"textDocument": {"uri": uri}, "position": {"line": line, "character": 17}, "context": {}}
        found = client.request("textDocument/references", asked)
        assert [one["range"]["start"]["line"] for one in found] == ([3, 2] if version == 2 else [2])


def test_hover(client: Any) -> None:
    """Signature, doc and callers; nothing of the text acts."""
    hover = client.request("textDocument/hover", place(client, "pay.py", "Cart"))["contents"]
    assert hover["kind"] == "markdown"
    code, doc, rule, said = hover["value"].rsplit("\n\n", 3)
    assert rule == "---"
    assert code == "```python\nclass Cart(Base)\n```"
    assert doc == r"A cart, see \[here\](command:evil) \<img src=x\>."
    assert said == "class in shop.py:5 · 1 caller"
    said = client.request("textDocument/hover", place(client, "shop.py", "price", 1))["contents"]["value"]
    assert said.startswith("```python\nprice = tax + 1\n```")
    assert client.request("textDocument/hover", place(client, "pay.py", "return")) is None


@pytest.mark.parametrize(
    ("edges", "more", "said"),
    [
        (2, {}, "2 callers"),
        (1, {"complete": False}, "at least 1 caller"),
        (0, {}, "no callers"),
        (0, {"complete": False}, "no callers found so far"),
        (0, {"unknown": 1, "weaker": 1}, "no known callers, 2 more uses may mean it"),
        (0, {"passed": 1}, "no known callers, passed on without a call 1 time"),
        (1, {"unknown": 1}, "1 caller, 1 more use may mean it"),
    ],
)
def test_the_number_of_callers_is_never_less_than_the_truth(
    edges: int, more: dict[str, Any], said: str
) -> None:
    """What is unknown, not looked at or passed on is not taken for none."""
    start = Span(Position(0, 0), Position(0, 1))
    ends = [
        Definition(str(number), "function", "", "python", "a.py", start, start) for number in range(edges + 1)
    ]
    found = [
        Edge("a.py", start, "call", source, ends[-1], Confidence.CERTAIN, 0.9, "") for source in ends[:edges]
    ]
    assert callers(RelationResult(Relation.CALLERS, ends[-1:], edges=found, **more)) == said


class Slow:
    """An engine that uses up whatever time it is given, and then knows so many definitions, or none."""

    def __init__(self, known: int) -> None:
        self.now = 100.0
        self._known = known

    def relations(self, request: RelationRequest, **_: Any) -> RelationResult:
        assert request.budget is not None  # Nothing is asked without an end.
        self.now += request.budget
        span = Span(Position(0, 0), Position(0, 4))
        found = [
            Definition("goal", "function", "", "python", f"{number}.py", span, span)
            for number in range(self._known)
        ]
        return RelationResult(request.relation, targets=found, complete=False)


PLACE = navigation.PlaceParams("file:///p/a.py", 0, 0)
ITEM = call_hierarchy.ItemParams("file:///p/a.py", 0, 0, "goal")


@pytest.mark.parametrize(
    ("module", "ask", "params", "seconds"),
    [
        (definition, definition.definition, PLACE, 2.0),
        (definition, definition.implementation, PLACE, 10.0),
        (references, references.references, PLACE, 10.0),
        (references, references.document_highlight, PLACE, 2.0),
        (call_hierarchy, call_hierarchy.prepare, PLACE, 2.0),
        (call_hierarchy, call_hierarchy.incoming, ITEM, 10.0),
        (call_hierarchy, call_hierarchy.outgoing, ITEM, 10.0),
        (hover, hover.hover, PLACE, 2.0),
    ],
)
@pytest.mark.parametrize("known", [0, 1, 20])
def test_a_whole_answer_keeps_its_time(
    monkeypatch: pytest.MonkeyPatch, module: Any, ask: Any, params: Any, seconds: float, known: int
) -> None:
    """Definitions, highlights and hovers have two seconds, everything else ten, whatever the number of
    definitions that a name may mean.
    """
    engine = Slow(known)
    monkeypatch.setattr(navigation, "time", SimpleNamespace(monotonic=lambda: engine.now))
    snapshot: Any = SimpleNamespace(
        columns=Columns("utf-16"),
        client=SimpleNamespace(rich=frozenset()),
        server_settings=SimpleNamespace(navigation="on"),
        lines=lambda folder, path: ["goal()"],
        uri=lambda folder, path: f"file:///p/{path}",
        line_source=lambda folder, path: lambda: ["goal()"],
    )
    context: Any = SimpleNamespace(cancel=None, partial=None)
    folder: Any = SimpleNamespace()
    asking = navigation.Navigator(context, snapshot, folder, engine, "a.py")  # type: ignore[arg-type]
    for name in ("navigator", "for_document"):
        monkeypatch.setattr(module, name, lambda *_, **__: asking, raising=False)
    began = engine.now
    ask(context, snapshot, params)
    assert began < engine.now <= began + seconds


def test_rough_places(client: Any) -> None:
    """A client that points at the line, and not at the name, means the definition in it, or around it."""
    start = {**place(client, "shop.py", "    def total", 1), "context": {"includeDeclaration": True}}
    assert shown(client, client.request("textDocument/definition", start)) == [("shop.py:8", "total")]
    assert ("pay.py:5", "total") in shown(client, client.request("textDocument/references", start))
    assert "def total" in client.request("textDocument/hover", start)["contents"]["value"]
    inside = place(client, "shop.py", "        return price")
    (item,) = client.request("textDocument/prepareCallHierarchy", inside)
    assert item["name"] == "total"


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "untitled:1", "", "http://x/y.py"])
def test_nothing_is_said_of_documents_outside(client: Any, uri: str) -> None:
    """Nothing outside of the workspace folders is read, in an item either."""
    asked = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
    for method in (
        "definition",
        "references",
        "implementation",
        "documentHighlight",
        "hover",
        "prepareCallHierarchy",
    ):
        assert client.request(f"textDocument/{method}", asked) is None
    area = {"start": asked["position"], "end": asked["position"]}
    item = {"uri": uri, "name": "root", "selectionRange": area, "range": area, "kind": 12}
    assert client.request("callHierarchy/incomingCalls", {"item": item}) is None


def test_auto_is_silent_without_a_list(tmp_path: Path) -> None:
    """Nothing is offered or answered; `on` registers all of it later, as far as the client can."""
    client: Any
    with running(ENGINE_SERVER) as client:
        client.root = write(tmp_path / "shop")
        client.encoding = "utf-16"
        offered = client.initialize(client.root, capabilities=capabilities(VSCODE, dynamic=True))[
            "capabilities"
        ]
        assert not set(PROVIDERS) & set(offered)
        client.wait_indexed()
        open_document(client, "pay.py", "python")
        asked = place(client, "pay.py", "total")
        assert client.request("textDocument/definition", asked) is None
        client.configuration = {"server": {"navigation": "on"}}
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        client.eventually(lambda: client.request("textDocument/definition", asked))
        client.wait(
            lambda: any(
                one["method"] == "client/registerCapability" and len(one["params"]["registrations"]) == 6
                for one in client.requests
            )
        )


@pytest.mark.parametrize(
    ("options", "languages"),
    [
        ({"navigationLanguages": ["python"]}, {"python"}),
        ({"navigationLanguages": ["*"]}, {"python", "typescript"}),
        ({"server": {"navigation": "on"}}, {"python", "typescript"}),
        ({"navigationLanguages": ["python"], "server": {"navigation": "off"}}, set()),
    ],
)
def test_languages_of_other_servers_are_left_to_them(
    tmp_path: Path, options: dict[str, Any], languages: set[str]
) -> None:
    """`auto` answers for listed languages alone; a star stands for every language; `off` is off."""
    client: Any
    with running() as client:
        client.root = tmp_path / "work"
        client.root.mkdir()
        text = "def goal(): pass\ngoal()\n"
        (client.root / "a.py").write_text(text)
        offered = client.initialize(client.root, options=options)["capabilities"]
        assert set(PROVIDERS) & set(offered) == (set(PROVIDERS) if languages else set())
        client.wait_indexed()
        answered = set()
        for language in ("python", "typescript"):
            open_document(client, "a.py", language, text)
            asked = {
                "textDocument": {"uri": (client.root / "a.py").as_uri()},
                "position": {"line": 1, "character": 1},
            }
            if client.request("textDocument/definition", asked) is not None:
                answered.add(language)
        assert answered == languages


def test_a_cancelled_question_is_answered_at_once(tmp_path: Path) -> None:
    """With the code of the protocol, and the work stops."""
    client: RawClient
    with running() as client:
        client.initialize(tmp_path, options={"server": {"navigation": "on"}})
        (tmp_path / "a.py").write_text("def goal(): pass\n")
        client.wait_indexed()
        uri = (tmp_path / "a.py").as_uri()
        area = {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 8}}
        item = {"name": "slow 30", "uri": uri, "range": area, "selectionRange": area, "kind": 12}
        number = client.start_request("callHierarchy/incomingCalls", {"item": item})
        client.notify("$/cancelRequest", {"id": number})
        assert client.answer(number, 10)["error"]["code"] == -32800
