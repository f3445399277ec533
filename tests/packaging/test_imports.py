"""Who may import what, and who may touch index files: the absences that ARCHITECTURE.md promises."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core" / "codanna_core"
TEAM = ROOT / "core" / "codanna_team"
SERVER = ROOT / "lsp_server"

HOMES = {
    "tantivy": "text",
    "tree_sitter": "languages",
    "tree_sitter_language_pack": "languages",
    "ignore": "files",
    "fastembed": "embed",
    "onnxruntime": "embed",
    "onnx": "embed",
    "tokenizers": "embed",
    "usearch": "vectors",
}
"""A library to the one package of the engine that knows it."""

MCP_LIBRARIES = {"mcp", "mcp_types", "anyio", "pydantic", "starlette", "uvicorn"}
"""What `codanna-lsp mcp` alone loads."""
PROTOCOL = {
    "pygls",
    "lsprotocol",
    "codanna_lsp",
    "codanna_mcp",
    "codanna_rpc",
    "codanna_team",
    *MCP_LIBRARIES,
}

FILE_CALLS = {
    "os": {
        "replace",
        "rename",
        "renames",
        "fsync",
        "fdatasync",
        "unlink",
        "remove",
        "rmdir",
        "truncate",
        "ftruncate",
    },
    "shutil": {"rmtree", "move"},
}
PATH_METHODS = {"unlink", "rename", "rmdir"}

MODEL_FOLDERS = CORE / "embed"
"""Deletes and renames the user's imported models, which are no index files."""


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    """Top-level names of all imported modules, those inside functions and TYPE_CHECKING included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def imported_at_start(tree: ast.Module) -> Iterator[str]:
    """Like `imported`, but only what importing the module itself imports."""
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imported(node)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def dynamic_imports(tree: ast.AST) -> Iterator[str]:
    """Names given as text to `import_module`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
            "import_module",
            "__import__",
        ):
            yield from (
                argument.value.split(".")[0]
                for argument in node.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            )


def test_there_is_something_to_check() -> None:
    """The folders below are the right ones: an empty list would let every other test pass."""
    assert len(sources(CORE)) > 40
    assert sources(TEAM)
    assert len(sources(SERVER)) > 10


def test_the_engine_knows_no_protocol() -> None:
    """codanna_core imports neither pygls nor lsprotocol nor the server, not even inside functions."""
    found = {str(path): names for path in sources(CORE) if (names := PROTOCOL & set(imported(parsed(path))))}
    assert found == {}


def test_the_engine_names_the_server_in_one_place() -> None:
    """Only the commands `mcp` and `serve` name the servers, by text, so that the engine is usable alone; only
    what opens a team's index names what asks it.
    """
    found = [path for path in sources(CORE) if PROTOCOL & set(dynamic_imports(parsed(path)))]
    servers, team = ("mcp.py", "serve.py"), CORE / "search" / "opened_team.py"
    assert found == [*(CORE / "cli" / name for name in servers), CORE / "cli" / "team.py", team]


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_has_one_home(library: str) -> None:
    """Only one package of the engine imports the library, and the server never does."""
    home = CORE / HOMES[library]
    users = [path for path in [*sources(CORE), *sources(SERVER)] if library in set(imported(parsed(path)))]
    assert [path for path in users if not path.is_relative_to(home)] == []


@pytest.mark.parametrize(
    "library", ["fastembed", "onnxruntime", "onnx", "platformdirs", "tokenizers", "usearch", "watchfiles"]
)
def test_slow_libraries_are_imported_on_use(library: str) -> None:
    """Importing a module of ours never imports a slow library: only the function that needs it does."""
    users = [
        path for path in [*sources(CORE), *sources(SERVER)] if library in set(imported_at_start(parsed(path)))
    ]
    assert users == []


def test_only_the_mcp_server_loads_its_library() -> None:
    """The library of the protocol for agents is imported by two modules, and these only by `main.py`, late:
    no other command pays for it in time or memory.
    """
    users = {
        module_name(path)
        for path in [*sources(CORE), *sources(SERVER)]
        if MCP_LIBRARIES & set(imported(parsed(path)))
    }
    assert users == {"codanna_mcp.http", "codanna_mcp.main", "codanna_mcp.server"}
    graph = {module_name(path): imports_of(path) for path in [*sources(CORE), *sources(SERVER)]}
    loading = {"codanna_mcp.http", "codanna_mcp.server"}
    assert {name for name, names in graph.items() if names & loading} - loading == {"codanna_mcp.main"}
    main = parsed(SERVER / "codanna_mcp" / "main.py")
    assert not {*MCP_LIBRARIES, "codanna_mcp.server"} & set(imported_at_start(main))


def test_the_servers_know_nothing_of_each_other() -> None:
    """Agents' questions need no language server, and editors' none for agents."""
    for path in sources(SERVER / "codanna_mcp"):
        assert "codanna_lsp" not in set(imported(parsed(path)))
    for path in [*sources(SERVER / "codanna_lsp"), *sources(SERVER / "codanna_rpc")]:
        assert "codanna_mcp" not in set(imported(parsed(path)))


def test_numpy_is_whole_before_its_parts_are_imported() -> None:
    """A module that starts with a part of numpy can find the rest half made by another thread's import."""

    def begins_with_a_part(path: Path) -> bool:
        names = [name for node in parsed(path).body for name in full_names(node)]
        return next((name != "numpy" for name in names if name.split(".")[0] == "numpy"), False)

    assert [path for path in [*sources(CORE), *sources(SERVER)] if begins_with_a_part(path)] == []


def full_names(node: ast.stmt) -> list[str]:
    """The modules that one statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def test_a_search_loads_nothing_about_relations() -> None:
    """Opening an engine is what a command that searches does first, and it is over in half a second."""
    asked = "import sys, codanna_core.engine; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    late = (
        "relations.facts",
        "relations.encoding",
        "relations.fact_store",
        "relations.rules",
        "relations.edges",
        "relations.typer",
        "search.related",
        "context.packer",
        "vectors.sheet",
    )
    ours = {f"codanna_core.{name}" for name in (*late, "ranking.traces", "search.relations")}
    others = {"difflib", "email", "importlib.metadata", "subprocess"}
    assert not (ours | others).intersection(loaded.split())


READERS = {
    "codanna_core.languages.captures",
    "codanna_core.relations.expressions",
    "codanna_core.relations.reader",
    *(
        f"codanna_core.relations.readers.{path.stem}"
        for path in (CORE / "relations" / "readers").glob("*.py")
    ),
}
"""What makes facts from the text of a file; resolving them needs no parser."""
PARSERS = {"codanna_core.languages.extract", "codanna_core.languages.parse", *READERS}
MODEL_READERS = {
    "codanna_core.embed.bert_onnx",
    "codanna_core.embed.fastembed_model",
    "codanna_core.embed.imports",
    "codanna_core.embed.loading",
}
"""What has native code read the files of a model that a user named."""
STAND_INS = {"codanna_core.testing.relations"}
HELPER_BODIES = {"codanna_core.indexing.worker", "codanna_core.parsing.service"}
MODEL_BODIES = {"codanna_core.indexing.worker", "codanna_core.embed.service"}
"""They are named as text, by who starts the process that runs them."""


def module_name(path: Path) -> str:
    parts = path.relative_to(CORE.parent if path.is_relative_to(CORE) else SERVER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    """Full names of all that a file imports anywhere; names behind `from` may be modules too."""
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def test_only_helper_processes_import_the_parser() -> None:
    """Whatever answers requests never imports what loads tree-sitter: only bodies of helper processes do."""
    graph = {module_name(path): imports_of(path) for path in [*sources(CORE), *sources(SERVER)]}
    users = {name for name, imported_names in graph.items() if imported_names & PARSERS}
    assert users - PARSERS == HELPER_BODIES | STAND_INS
    importers = {name for name, imported_names in graph.items() if imported_names & STAND_INS}
    assert importers == set()
    assert [name for name, imported_names in graph.items() if imported_names & HELPER_BODIES] == []


def test_at_most_three_modules_know_the_buffers() -> None:
    """The view merges buffers and index once: besides the facade and what ends a buffer, nothing imports the
    module of the buffers.
    """
    users = [path for path in sources(CORE) if "codanna_core.overlay" in imports_of(path)]
    assert CORE / "engine.py" in users
    assert len(users) <= 3


def test_addresses_stay_in_the_text_index() -> None:
    """Nothing outside `text/` looks at where tantivy keeps a document."""
    users = [
        path
        for path in sources(CORE)
        if any(
            isinstance(node, ast.Attribute) and node.attr == "addresses" for node in ast.walk(parsed(path))
        )
    ]
    assert users
    assert [path for path in users if not path.is_relative_to(CORE / "text")] == []


def test_only_helper_processes_import_what_reads_models() -> None:
    """Whatever answers requests never imports what loads models of a user: only bodies of helpers do."""
    graph = {module_name(path): imports_of(path) for path in [*sources(CORE), *sources(SERVER)]}
    users = {name for name, imported_names in graph.items() if imported_names & MODEL_READERS}
    assert users - MODEL_READERS == MODEL_BODIES
    assert [name for name, imported_names in graph.items() if imported_names & MODEL_BODIES] == []


def test_only_storage_replaces_syncs_and_deletes_files() -> None:
    """Nothing in the engine outside `storage/` renames, fsyncs or deletes files of the index."""
    found = []
    for path in sources(CORE):
        if path.is_relative_to(CORE / "storage") or path.is_relative_to(MODEL_FOLDERS):
            continue
        for node in ast.walk(parsed(path)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner = ast.unparse(node.func.value)
            if node.func.attr in FILE_CALLS.get(owner, ()) or node.func.attr in PATH_METHODS:
                found.append(f"{path}:{node.lineno} {ast.unparse(node.func)}")
    assert found == []


def test_the_checks_notice() -> None:
    """Each helper sees what it looks for: a nested import, an import by text, and a start-up import."""
    tree = ast.parse("import os\ndef f():\n    from pygls import x\n    import_module('codanna_lsp.main')\n")
    assert set(imported(tree)) == {"os", "pygls"}
    assert set(imported_at_start(tree)) == {"os"}
    assert set(dynamic_imports(tree)) == {"codanna_lsp"}


def test_doors_are_typed_against_the_protocol() -> None:
    """Who opens or removes an engine imports it; whatever asks one knows `search/service.py` alone."""
    importers = {
        module_name(path)
        for path in [*sources(CORE), *sources(SERVER)]
        if "codanna_core.engine" in imports_of(path)
    }
    assert importers == {
        "codanna_core",
        "codanna_core.cli.clean",
        "codanna_core.cli.doctor",
        "codanna_core.cli.session",
        "codanna_lsp.main",
        "codanna_mcp.main",
    }


def test_problem_codes_come_from_their_list() -> None:
    """No problem is made with a code in quotation marks, and no code of the list is unused."""
    from codanna_core.problems import Code

    quoted, used = [], set()
    for path in [*sources(CORE), *sources(TEAM), *sources(SERVER)]:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Problem":
                first = node.args[0] if node.args else node.keywords[0].value
                if not isinstance(first, ast.Name | ast.Attribute | ast.Call):
                    quoted.append(f"{path}:{node.lineno}")
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Code":
                used.add(node.attr)
    assert quoted == []
    by_name = {"UNKNOWN_KIND", "UNKNOWN_LANGUAGE", "INDEX_OPTION_MISMATCH", "INDEX_VERSION_MISMATCH"}
    to_come = set[str]()
    assert set(Code.__members__) - used - to_come == by_name


def test_a_team_needs_no_server() -> None:
    """What asks a team's engine stands on the engine alone, and no library of it is loaded by chance."""
    for path in sources(TEAM):
        assert not (PROTOCOL - {"codanna_team"} | set(HOMES)) & set(imported(parsed(path)))


def test_json_rpc_knows_no_engine() -> None:
    """codanna_rpc serves any server: of the engine it knows errors, inert text, logs, files, the system."""
    allowed = {"errors", "inert", "logs", "storage"}
    system = ("codanna_core.runtime.folders", "codanna_core.runtime.system")
    found = {
        name
        for path in sources(SERVER / "codanna_rpc")
        for name in imports_of(path)
        if name.startswith(("codanna_core", "codanna_lsp"))
        and (name.split(".")[0] != "codanna_core" or name.split(".")[1] not in allowed)
        and not name.startswith(system)
    }
    assert found == set()


def test_a_workspace_knows_no_protocol() -> None:
    """What keeps a folder current speaks neither LSP nor JSON-RPC, and asks engines by their protocol."""
    for path in sources(CORE / "workspace"):
        assert "codanna_core.engine" not in imports_of(path)
        assert not re.search(r"textDocument|workspace/|file://|jsonrpc", path.read_text("utf-8"))
