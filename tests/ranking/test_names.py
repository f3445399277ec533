"""A name finds its definition: the type before its constructor, a qualified name its own, in every mode."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codanna_core import Engine
from codanna_core.results import Hit

MAPPER = """package org.acme;

/** Maps objects. */
public class ObjectMapper {
  /** Makes an ObjectMapper with an ObjectMapper's defaults, for whoever wants an ObjectMapper. */
  public ObjectMapper() { this(null); }
  /** Makes an ObjectMapper out of another ObjectMapper. */
  public ObjectMapper(ObjectMapper other) { copy(other); configure(other); register(other); }
  public void write(Object value) {}
}
"""
EXPORTER = """/** Nothing to see. */
public class Exporter {
  /** Makes an Exporter: of an Exporter what an Exporter exports, with the Exporter of the Exporter. */
  public Exporter(Exporter exporter) { this.exporter = exporter.exporter(exporter); register(exporter); }
}
"""
MODULES = """module Sinatra
  module Helpers
    def redirect(uri)
      status 302
    end
  end
end

module Rack
  # Helpers of Rack: the Helpers that everything uses as Helpers.
  module Helpers
    def helpers
      Helpers
    end
  end
end
"""
SOURCES = {
    "src/acme/ObjectMapper.java": MAPPER,
    "src/modules.rb": MODULES,
    "src/Exporter.java": EXPORTER,
    "src/files.py": "def open_it(path):\n    return open(path)\n\n\ndef close_it():\n    pass\n",
    "src/sessions.py": "import files\n\n\ndef open_it(user):\n    return user\n",
    "src/public.py": '__all__ = ["Gadget", "make_gadget", "gadget_size"]\n\n\n'
    "class Gadget:\n    gadget_size = 3\n\n\ndef make_gadget():\n    return Gadget()\n",
    "src/asgi/parser.py": '"""Errors of headers."""\n\n\nclass BadHeader(Exception):\n'
    '    """Of the errors the BadHeader error: errors.BadHeader says which header errors there are."""\n\n'
    "    def errors(self, header, errors):\n        return BadHeader(header, errors)\n",
    "src/http/errors.py": "class BadHeader(Exception):\n    pass\n",
    "src/Acme.Telemetry.cs": "namespace Acme.Telemetry {\n  class Listener { public string Telemetry; }\n}\n",
    **{f"src/generated_{number:03}.py": "def Widget():\n    return 1\n" for number in range(120)},
    "src/zz.py": "class Widget:\n    def show(self):\n        return 2\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine over definitions with namesakes."""
    root = tmp_path_factory.mktemp("project")
    for path, text in SOURCES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    with Engine.open(root, tmp_path_factory.mktemp("index")) as engine:
        engine.sync()
        yield engine


def first(engine: Engine, query: str, mode: str = "hybrid") -> Hit:
    """The best hit."""
    return engine.search(query, mode=mode).hits[0]


@pytest.mark.parametrize("mode", ["hybrid", "text"])
@pytest.mark.parametrize("query", ["ObjectMapper", "Widget", "Exporter"])
def test_a_type_comes_before_its_constructor_and_its_namesakes(
    project: Engine, query: str, mode: str
) -> None:
    """However well the constructors are described, and however many functions are called like it."""
    hit = first(project, query, mode)
    assert (hit.name, hit.kind) == (query, "class")


@pytest.mark.parametrize(
    ("query", "container", "path"),
    [
        ("Sinatra::Helpers", "Sinatra", "src/modules.rb"),
        ("Rack::Helpers", "Rack", "src/modules.rb"),
        ("sessions.open_it", "", "src/sessions.py"),
        ("files.open_it", "", "src/files.py"),
        ("src/sessions#open_it", "", "src/sessions.py"),
        ("ObjectMapper.write", "ObjectMapper", "src/acme/ObjectMapper.java"),
        ("errors.BadHeader", "", "src/http/errors.py"),
        ("Exporter.Exporter", "Exporter", "src/Exporter.java"),
        ("acme.ObjectMapper", "", "src/acme/ObjectMapper.java"),
    ],
)
def test_a_qualified_name_finds_its_own_definition(
    project: Engine, query: str, container: str, path: str
) -> None:
    """The qualifier is a container, a module or a folder; one that is neither is passed over."""
    hit = first(project, query)
    assert (hit.name, hit.container.split(".")[-1], hit.path) == (
        query.replace("::", ".").replace("#", ".").rpartition(".")[2],
        container,
        path,
    )


def test_a_page_of_one_hit_has_the_type(project: Engine) -> None:
    """The constructor is the better match by words, and takes no place that the type needs."""
    (hit,) = project.search("Exporter", limit=1).hits
    assert hit.kind == "class"


def test_a_name_with_dots_in_it_is_found_whole(project: Engine) -> None:
    """`namespace Acme.Telemetry` is one name, and no field `Telemetry`."""
    assert first(project, "Acme.Telemetry").kind == "module"


def test_lists_of_names_and_fields_come_behind_definitions(project: Engine) -> None:
    """`__all__` repeats every name of a module, and a field the name of what it holds."""
    kinds = [hit.kind for hit in project.search("gadget size make").hits if hit.path == "src/public.py"]
    assert kinds[0] in ("class", "function")
    hits = [hit.name for hit in project.search("make gadget").hits if hit.path == "src/public.py"]
    assert "__all__" not in hits[: hits.index("make_gadget")]
    assert first(project, "__all__").name == "__all__"
