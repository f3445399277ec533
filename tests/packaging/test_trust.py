"""What the plug-ins and the packages may not do with a workspace, read off their sources."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from codanna_core.config import json_schema

ROOT = Path(__file__).parents[2]
PYTHON = sorted([*(ROOT / "core").rglob("*.py"), *(ROOT / "lsp_server").rglob("*.py")])
PLUGINS = sorted(
    path
    for pattern in ("vscode/src/**/*.ts", "neovim/**/*.lua", "neovim/**/*.vim")
    for path in (ROOT / "editors").glob(pattern)
    if "test" not in path.relative_to(ROOT / "editors").parts
)
OWN = {"codanna.agentTools", "codanna.serverPath", "codanna.serverPackage", "codanna.trace.server"}


def manifest() -> dict[str, Any]:
    """All settings of the VS Code extension."""
    content = json.loads((ROOT / "editors/vscode/package.json").read_text("utf-8"))
    sections = content["contributes"]["configuration"]
    return {name: key for section in sections for name, key in section["properties"].items()}


def test_vs_code_takes_what_a_project_may_not_set_from_the_user_alone() -> None:
    """Each such key, and the extension's own, has the scope `machine`, which no workspace can set; the bounds
    of the others are those of a project.
    """
    keys = manifest()
    for section, content in json_schema()["properties"].items():
        for name, described in content["properties"].items():
            first, *words = name.split("_")
            key = keys.pop(f"codanna.{section}.{first}{''.join(map(str.capitalize, words))}")
            assert key["scope"] == ("window" if "project" in described["x-set-by"] else "machine"), name
            if "x-project-maximum" in described:
                assert key["maximum"] == described["x-project-maximum"]
    assert keys.keys() == OWN
    assert {key["scope"] for key in keys.values()} == {"machine"}


def programs(tree: ast.AST) -> list[str]:
    """The first word of every command that a module starts, `?` where it is worked out."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if not re.fullmatch(
            r"(subprocess\.\w+|Popen|run|os\.(system|popen|exec\w+|spawn\w+|posix_spawn\w*|startfile)"
            r"|asyncio\.create_subprocess_\w+|pty\.spawn|loop\.subprocess_\w+)",
            name,
        ):
            continue
        if name == "run" or not node.args:
            continue
        first = node.args[0]
        if isinstance(first, ast.List) and first.elts:
            first = first.elts[0]
        found.append(ast.unparse(first))
    return found


def test_the_packages_start_only_the_interpreter_that_runs_them() -> None:
    """No git, no shell and no program of a workspace: each child process is Python with our own modules, the
    system's own `ps`, which measures them where Python cannot, the editor that the picker's user has set, or
    the client that `install` changes, which is from an absolute folder of the user's path.
    """
    started = {
        f"{path.relative_to(ROOT)}: {program}"
        for path in PYTHON
        for program in programs(ast.parse(path.read_text("utf-8")))
    }
    of_the_user = {"core/codanna_core/cli/pick.py: command", "core/codanna_core/cli/install.py: program"}
    assert of_the_user <= started
    programs_of_ours = {line.partition(": ")[2] for line in started - of_the_user}
    assert programs_of_ours == {"sys.executable", "'/bin/ps'"}, started


def test_children_import_nothing_from_the_folder_that_they_start_in() -> None:
    """Every command line of ours has `-P`, that of `install` too: without it a `numpy.py` of the workspace
    would be imported.
    """
    lists = [
        ast.unparse(node)
        for path in PYTHON
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.List) and node.elts and ast.unparse(node.elts[0]) == "sys.executable"
    ]
    assert len(lists) == 2  # There is one launcher, in `runtime/launch.py`; `install` writes the other one.
    assert [line for line in lists if "'-P'" not in line] == []


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: path.name)
def test_the_plug_ins_run_no_git_and_read_no_settings_of_a_project(path: Path) -> None:
    """They start the server alone, and take its settings from the editor: neither from `.codanna.toml` nor
    from files such as `.nvim.lua` and `.vscode/settings.json`.
    """
    text = path.read_text("utf-8")
    assert not re.search(r"""["'`]git["'` ]|child_process|jobstart|io\.popen|os\.execute|systemlist""", text)
    assert not re.search(r"exrc|\.nvim\.lua|\.vscode|dofile|luafile|loadfile|\bsecure\b", text)
    reads = re.findall(r".*(?:readfile|io\.open|readFile).*", text)
    assert [line for line in reads if "codanna.toml" in line] == []


def test_the_checks_notice() -> None:
    """Each helper sees what it looks for."""
    tree = ast.parse("subprocess.run(['git', 'log'])\nos.system('ls')\nPopen([sys.executable, '-c', x])\n")
    assert programs(tree) == ["'git'", "'ls'", "sys.executable"]
    assert len(PYTHON) > 100
    assert len(PLUGINS) > 20
