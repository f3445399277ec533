"""Who may set what: a project file and an editor change what is found, within bounds, and nothing else."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from codanna_core.config import ClientOptions, Setter, Settings, diff, json_schema, load, load_settings
from codanna_core.config.layers import MAX_FILE_BYTES
from codanna_core.config.model import MAX_PATTERN_CHARACTERS, MAX_PATTERNS
from codanna_core.config.resolve import KeyInfo, all_keys, get

FOUND = {
    "discovery.max_file_size",
    "discovery.hidden",
    "discovery.use_ignore_files",
    "discovery.skip_common_folders",
    "discovery.skip_generated",
    "discovery.exclude",
    "search.limit",
    "search.mode",
    "search.symbol_limit",
    "search.plain_words_fallback",
}
"""All that a project may change, written down a second time: a new key has to be put here on purpose."""


def another(info: KeyInfo) -> Any:
    """A valid value that is not the default."""
    default = info.field.default
    if info.field.metadata["fault"]:
        return "https://example.com/{path}" if info.name == "team.link" else "https://example.com"
    if info.field.metadata["choices"]:
        return next(choice for choice in info.field.metadata["choices"] if choice != default)
    if isinstance(default, bool):
        return not default
    if isinstance(default, int):
        return default + 1
    if isinstance(default, float):
        return default - 0.1
    return ["a"] if isinstance(default, tuple) else "other"


def toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def project(root: Path, text: str | bytes, **environ: str) -> Any:
    """Load the settings of a folder with this project file."""
    (root / ".codanna.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(root, None, {"XDG_CONFIG_HOME": str(root.parent / "none"), **environ})


def test_a_project_may_set_what_is_found_and_nothing_else() -> None:
    """The keys of the list above, and no others, are open to project files."""
    assert {info.name for info in all_keys() if Setter.PROJECT in info.setters} == FOUND


@pytest.mark.parametrize("info", all_keys(), ids=lambda info: info.name)
def test_a_key_that_a_project_may_not_set_is_named_by_file_and_line_and_ignored(
    root: Path, info: KeyInfo
) -> None:
    """The same line counts or not by the key's own rule; a refusal names key, file and line."""
    section, _, key = info.name.partition(".")
    resolved = project(root, f"\n[{section}]\n{key} = {toml(another(info))}\n")
    if info.name in FOUND:
        assert resolved.problems == []
        assert diff(resolved.settings, Settings()) == [info.name]
        return
    assert resolved.settings == Settings()
    [problem] = resolved.problems
    assert f"`{info.name}`" in problem.message
    assert f"{root / '.codanna.toml'}, line 3" in problem.message
    assert "project may not set" in problem.message
    assert problem.path == str(root / ".codanna.toml")


@pytest.mark.parametrize(
    "text",
    [
        "index.dir = '.idx'",
        "index = { dir = '.idx' }",
        "'index'.\"dir\" = '.idx'",
        "index . dir = '.idx'",
        "[ 'index' ]\ndir = '.idx'",
        "[index] # here\ndir = '.idx'",
    ],
)
def test_no_way_of_writing_a_key_gets_around_the_rule(root: Path, text: str) -> None:
    """TOML has several spellings of a key; each is refused, and its line is named."""
    resolved = project(root, text)
    assert resolved.settings == Settings()
    [problem] = resolved.problems
    assert re.search(r"line \d", problem.message)


def test_the_user_sets_everything(root: Path) -> None:
    """The user's file, the environment and the command line are the user."""
    user = root / "codanna-lsp" / "config.toml"
    user.parent.mkdir()
    for info in all_keys():
        section, _, key = info.name.partition(".")
        value = another(info)
        user.write_text(f"[{section}]\n{key} = {toml(value)}\n")
        for resolved in (
            load(None, None, {"XDG_CONFIG_HOME": str(root)}),
            load(None, {section: {key: value}}, {}),
            load(None, None, {f"CODANNA_LSP__{section}__{key}".upper(): str(value).strip("[]'")}),
        ):
            assert resolved.problems == []
            assert diff(resolved.settings, Settings()) == [info.name]


@pytest.mark.parametrize("name", ["discovery.max_file_size", "search.limit", "search.symbol_limit"])
def test_projects_and_editors_have_lower_bounds_than_the_user(root: Path, name: str) -> None:
    """A file of the workspace may speak through the editor, so both have the project's bound."""
    [info] = [info for info in all_keys() if info.name == name]
    section, _, key = name.partition(".")
    bound, most = info.maximum(Setter.PROJECT), info.maximum(Setter.USER)
    assert bound is not None
    assert most is not None
    assert bound < most
    assert get(project(root, f"[{section}]\n{key} = {bound}").settings, name) == bound
    refused = [
        project(root, f"[{section}]\n{key} = {bound + 1}"),
        load(None, ClientOptions({section: {key: bound + 1}}), {}),
    ]
    for resolved in refused:
        assert resolved.settings == Settings()
        assert f"to {bound}" in resolved.problems[0].message
    assert get(load(None, {section: {key: most}}, {}).settings, name) == most


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["a"] * (MAX_PATTERNS + 1), f"at most {MAX_PATTERNS} patterns"),
        (["a" * 1001] * 50, f"{MAX_PATTERN_CHARACTERS} characters"),
        (["\ud800"], "valid Unicode"),
    ],
)
def test_patterns_are_bounded_for_everyone(root: Path, patterns: list[str], expected: str) -> None:
    """Too many or too long patterns are refused with the bound, whoever wrote them."""
    for options in (
        {"discovery": {"exclude": patterns}},
        ClientOptions({"discovery": {"exclude": patterns}}),
    ):
        resolved = load(None, options, {})
        assert resolved.settings == Settings()
        assert expected in resolved.problems[0].message
    most = {"discovery": {"exclude": ["a" * (MAX_PATTERN_CHARACTERS // MAX_PATTERNS)] * MAX_PATTERNS}}
    assert load(None, most, {}).problems == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"#" * (MAX_FILE_BYTES + 1), "larger than 64 KiB"),
        ("search.limit = 3".encode("utf-16"), "not valid UTF-8"),
        (b"[search]\nlimit = 3 # \xff", "byte 21 is not valid UTF-8"),
        (b"[search\n", "not valid TOML"),
        (b"x = " + b"9" * 6000, "not valid TOML"),
        (b"x = " + b"[" * 9000 + b"]" * 9000, "nested too deeply"),
        (b"x = " + b"{a=" * 9000 + b"1" + b"}" * 9000, "nested too deeply"),
    ],
)
def test_a_broken_project_file_is_one_clear_problem(root: Path, content: bytes, expected: str) -> None:
    """Size, encoding, syntax and nesting are named, and nothing of the file applies."""
    resolved = project(root, content)
    assert resolved.settings == Settings()
    [problem] = resolved.problems
    assert problem.message.startswith(f"{root / '.codanna.toml'} is ignored as a whole: ")
    assert expected in problem.message
    assert ("TOML" in problem.message) == ("TOML" in expected)


@pytest.mark.parametrize(
    "content",
    [
        "search.limit = 0x" + "f" * 20_000,
        ".".join(["a"] * 5000) + " = 1",
        "search.limit." + ".".join(["a"] * 5000) + " = 1",
        "search.mode = [" + "'x'," * 9000 + "]",
        "\n".join(f'"k{number}\\n\\u001b[31m" = 1' for number in range(2000)),
    ],
)
def test_odd_values_are_told_in_short_plain_lines(root: Path, content: str) -> None:
    """Whatever a value or a key is, the problems are few, short and without control characters."""
    resolved = project(root, content)
    assert resolved.settings == Settings()
    assert 1 <= len(resolved.problems) <= 21
    for problem in resolved.problems:
        message = problem.message.replace(str(root), "")
        assert len(message) < 400
        assert message.isprintable()


def test_a_link_out_of_the_folder_is_not_read(root: Path) -> None:
    """Not one key of the other file is named, since that could be anything of the user's."""
    secret = root.parent / "credentials"
    secret.write_text("[search]\nlimit = 3\nsecret_word = 1\n")
    (root / ".codanna.toml").symlink_to(secret)
    settings, problems = load_settings(root, None, {})
    assert settings == Settings()
    assert "a link that leads out of the folder" in problems[0].message
    assert "secret_word" not in problems[0].message


def test_a_link_inside_the_folder_is_read(root: Path) -> None:
    """A project may keep the file elsewhere in its own tree, also where the folder is opened by a link."""
    (root / "real.toml").write_text("[search]\nlimit = 3\n")
    (root / ".codanna.toml").symlink_to("real.toml")
    (root.parent / "alias").symlink_to(root)
    for folder in (root, root.parent / "alias"):
        assert load_settings(folder, None, {})[0].search.limit == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.timeout(20)
def test_a_pipe_or_a_loop_does_not_stop_anything(root: Path) -> None:
    """What is no regular file is a problem, and nobody waits for it."""
    path = root / ".codanna.toml"
    os.mkfifo(path)
    assert "not a regular file" in load_settings(root, None, {})[1][0].message
    path.unlink()
    path.symlink_to(path)
    assert len(load_settings(root, None, {})[1]) == 1


def test_the_schema_says_who_may_set_a_key() -> None:
    """Editors read the schema: it has the parties of every key, and the lower bound where there is one."""
    for section, content in json_schema()["properties"].items():
        for key, described in content["properties"].items():
            by_project = f"{section}.{key}" in FOUND
            assert described["x-set-by"] == ["user", "client", *(["project"] if by_project else [])]
    limit = json_schema()["properties"]["search"]["properties"]["limit"]
    assert (limit["maximum"], limit["x-project-maximum"]) == (10_000, 1_000)
