"""What the plug-ins for editors never do with text of a workspace, checked where no editor is installed."""

from __future__ import annotations

import re
from pathlib import Path

EDITORS = Path(__file__).parents[2] / "editors"
EXTENSION = sorted((EDITORS / "vscode" / "src").glob("*.ts"))
PAGES = sorted((EDITORS / "vscode" / "media").glob("*.js"))
PLUGIN = sorted((EDITORS / "neovim").rglob("*.lua"))


def found(pattern: str, files: list[Path]) -> list[str]:
    return [match.group() for path in files for match in re.finditer(pattern, path.read_text("utf-8"))]


def test_there_is_something_to_check() -> None:
    """The folders are the right ones, and the patterns match what they should."""
    assert len(EXTENSION) > 8
    assert len(PLUGIN) > 12
    assert found(r"new vscode\.MarkdownString", EXTENSION)
    assert found(r"\bvim\.cmd\(", PLUGIN)


def test_no_markdown_of_the_extension_is_trusted() -> None:
    """Neither `isTrusted`, which lets links run commands, nor `supportHtml` is ever set."""
    assert found(r"\b(isTrusted|supportHtml)\s*[:=]", EXTENSION) == []


def test_markdown_is_not_made_of_text() -> None:
    """`appendMarkdown` takes our own words alone; text goes through `addText` and `addCode`."""
    assert found(r"appendMarkdown\(`[^`]*\$\{(?!state\})", EXTENSION) == []
    assert found(r"appendMarkdown\((?![\"`])", EXTENSION) == []
    text = [path for path in EXTENSION if path.name != "text.ts"]
    assert found(r"append(Text|Codeblock)\(", text) == []


def test_pages_take_text_as_text() -> None:
    """Web views have a policy that allows our own files alone, and text has no way into the page itself."""
    assert PAGES
    parts = r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval|Function)\b"
    assert found(parts, PAGES) == []
    assert found(r"\.(href|src|style)\b\s*=|setAttribute\([\"'](?!aria-|tabindex\")", PAGES) == []
    assert set(found(r"setAttributeNS\([^)]*\)", PAGES)) <= {"setAttributeNS(null, name, String(value)"}
    given = {
        name
        for part in found(r"made\(\"\w+\", \{[^}]*\}", PAGES)
        for name in re.findall(r"[\w-]+(?=\"?:|,)", part)
    }
    assert not {name for name in given if name.startswith("on")} | given & {"href", "src", "style"}
    policies = found(r"Content-Security-Policy\" content=\"[^\"]*", EXTENSION)
    assert len(policies) == 1
    assert policies[0].endswith("default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'")
    made = [path.name for path in EXTENSION if found(r"webview\.html\s*=(?! page\()", [path])]
    assert made == []


def test_no_ex_command_is_made_of_a_name() -> None:
    """Neovim's commands are words of ours and the number of a buffer: no escaping holds a line break."""
    assert set(found(r"vim\.cmd\([^)]*\.\.[^)]*\)", PLUGIN)) <= {
        'vim.cmd("buffer " .. buffer)',
        'vim.cmd("buffer " .. vim.fn.bufadd(path)',
    }
    assert found(r"\b(fnameescape|os\.execute|io\.popen|shellescape|jobstart|termopen)\b", PLUGIN) == []
    assert found(r"vim\.fn\.system\((?!\{)", PLUGIN) == []
