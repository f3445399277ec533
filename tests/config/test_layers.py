"""Where settings come from, which layer wins, and what is said about options that do not fit."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from codanna_core.config import (
    Restart,
    Settings,
    describe,
    diff,
    json_schema,
    load,
    load_settings,
    options_digest,
    restarts,
    user_file,
)
from codanna_core.config.model import VectorSettings
from codanna_core.config.resolve import all_keys, get
from codanna_core.vectors.base import VectorOptions


class Place:
    """A workspace and a user's home with configuration files in them."""

    def __init__(self, base: Path) -> None:
        self.root = base / "work"
        self.root.mkdir()
        self.environ = {"XDG_CONFIG_HOME": str(base / "config"), "APPDATA": str(base / "config")}
        self.user = user_file(self.environ)
        self.project = self.root / ".codanna.toml"

    def load(self, user: str = "", project: str = "", overrides: Any = None, **environ: str) -> Any:
        """Resolve the given file texts, environment variables (without prefix) and options."""
        self.user.parent.mkdir(parents=True, exist_ok=True)
        self.user.write_text(user)
        self.project.write_text(project)
        prefixed = {f"CODANNA_LSP__{name}": value for name, value in environ.items()}
        return load(self.root, overrides, {**self.environ, **prefixed})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_defaults(place: Place) -> None:
    """Without any configuration the defaults apply and nothing is wrong."""
    assert load_settings(place.root, None, place.environ) == (Settings(), [])
    assert load_settings(None, None, place.environ) == (Settings(), [])


@pytest.mark.parametrize("strongest", range(5))
def test_precedence(place: Place, strongest: int) -> None:
    """Defaults give way to the user's file, that to the project's, then the environment, then the caller."""
    layers: list[dict[str, Any]] = [
        {},
        {"user": "[search]\nlimit = 11"},
        {"project": "[search]\nlimit = 12"},
        {"SEARCH__LIMIT": "13"},
        {"overrides": {"search": {"limit": 14}}},
    ]
    given: dict[str, Any] = {}
    for layer in layers[: strongest + 1]:
        given |= layer
    resolved = place.load(**given)
    assert resolved.settings.search.limit == 10 + strongest
    origin = ["default", str(place.user), str(place.project), "CODANNA_LSP__SEARCH__LIMIT", "command line"][
        strongest
    ]
    assert origin in resolved.origins["search.limit"]
    assert resolved.problems == []


def test_layers_mix(place: Place) -> None:
    """Each key is taken from its own strongest layer."""
    resolved = place.load("[search]\nlimit = 5\nmode = 'text'", "[search]\nlimit = 6")
    assert (resolved.settings.search.limit, resolved.settings.search.mode) == (6, "text")


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        ("[search]\nlimitt = 3", ["`search.limitt`", "line 2", "did you mean `search.limit`?"]),
        ("limit = 3", ["`limit`", "line 1", "did you mean `search.limit`?"]),
        ("[serch]\nlimit = 3", ["`serch.limit`", "line 2", "did you mean `search.limit`?"]),
        ("[search]\nhidden = true", ["`search.hidden`", "did you mean `discovery.hidden`?"]),
        ("[zzz]\nqqqqqq = 1", ["`zzz.qqqqqq`", "config schema"]),
        ("\n\n[search]\nlimit = '3'", ["search.limit = '3'", "line 4", "a whole number"]),
        ("[search]\nlimit = true", ["a whole number"]),
        ("[search]\nlimit = 0", ["from 1 to 1000"]),
        ("[search]\nmode = 'hybird'", ["`hybrid`, `semantic`, `text`", "did you mean `hybrid`?"]),
        ("[discovery]\nexclude = 'a'", ["a list of texts"]),
        ("[discovery]\nexclude = [1]", ["a list of texts"]),
        ("[discovery]\nhidden = 1", ["true or false"]),
        ("search = 3", ["unknown key `search`"]),
        ("[search.limit]\nx = 1", ["search.limit = {'x': 1}", "a whole number"]),
    ],
)
def test_faults_are_named(place: Place, project: str, expected: list[str]) -> None:
    """A fault names key, file and line and what to write; every other option applies still."""
    resolved = place.load(project=project + "\n", user="[server]\ndebounce_ms = 7")
    (problem,) = resolved.problems
    for part in (*expected, str(place.project)):
        assert part in problem.message
    assert problem.path == str(place.project)
    assert resolved.settings.server.debounce_ms == 7
    assert diff(resolved.settings, Settings()) == ["server.debounce_ms"]


def test_wrong_value_falls_back_to_the_next_layer(place: Place) -> None:
    """A wrong value does not hide the right one of a weaker layer."""
    resolved = place.load("[search]\nlimit = 5", "[search]\nlimit = -5")
    assert resolved.settings.search.limit == 5
    assert len(resolved.problems) == 1


@pytest.mark.parametrize("text", ["[search", "a = ", "\0", "[a]\n[a]", "x = " + "[" * 5000])
def test_broken_file(place: Place, text: str) -> None:
    """A file that is no TOML is ignored as a whole, with its name and the reason; the other layers apply."""
    resolved = place.load("[search]\nlimit = 5", text)
    assert resolved.settings.search.limit == 5
    (problem,) = resolved.problems
    assert str(place.project) in problem.message


def test_file_that_cannot_be_read(place: Place) -> None:
    """Bytes that are no UTF-8, and a folder of that name, are reported."""
    place.project.write_bytes(b"\xff\xfe\x00x")
    assert len(load_settings(place.root, None, place.environ)[1]) == 1
    place.project.unlink()
    place.project.mkdir()
    assert len(load_settings(place.root, None, place.environ)[1]) == 1


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("DISCOVERY__HIDDEN", "TRUE", "discovery.hidden", True),
        ("DISCOVERY__HIDDEN", "1", "discovery.hidden", True),
        ("SEMANTIC__ENABLED", "off", "semantic.enabled", False),
        ("SEARCH__LIMIT", " 25 ", "search.limit", 25),
        ("VECTORS__RECALL_TARGET", "1", "vectors.recall_target", 1.0),
        ("SEMANTIC__MODEL", "123", "semantic.model", "123"),
        ("DISCOVERY__EXCLUDE", "docs/, *.log", "discovery.exclude", ("docs/", "*.log")),
        ("DISCOVERY__EXCLUDE", '["a,b"]', "discovery.exclude", ("a,b",)),
    ],
)
def test_environment(place: Place, name: str, text: str, key: str, value: object) -> None:
    """Environment variables are read as the type of their key."""
    resolved = place.load(**{name: text})
    assert resolved.problems == []
    assert get(resolved.settings, key) == value


def test_a_number_that_is_none_is_outside_of_all_bounds(place: Place) -> None:
    """NaN compares false with everything, and is refused all the same."""
    [problem] = place.load(user="[vectors]\nrecall_target = nan").problems
    assert "from 0.5 to 1" in problem.message


def test_environment_faults(place: Place) -> None:
    """A fault in the environment names the variable."""
    resolved = place.load(SEARCH__LIMIT="many", SERCH__LIMIT="1", DISCOVERY__HIDDEN="perhaps")
    assert len(resolved.problems) == 3
    assert all("CODANNA_LSP__" in problem.message for problem in resolved.problems)


def test_client_nulls(place: Place) -> None:
    """A client's null means "not set"."""
    resolved = place.load("[search]\nlimit = 5", overrides={"search": {"limit": None}})
    assert (resolved.settings.search.limit, resolved.problems) == (5, [])


@pytest.mark.parametrize(
    "text", ["[semantic]\nmodel = 'other/model'", "[semantic]\nmodel_path = '/elsewhere'"]
)
def test_project_cannot_choose_the_model(place: Place, text: str) -> None:
    """A project's own file comes with somebody's code: it can neither start a download nor point outside."""
    resolved = place.load(project=text)
    assert resolved.settings == Settings()
    assert len(resolved.problems) == 1
    assert place.load(user=text).problems == []


def test_index_folder(place: Place, tmp_path: Path) -> None:
    """A relative index folder of the user's starts at the workspace; a project file sets none."""
    refused = place.load(project="[index]\ndir = '.cache/codanna'")
    assert refused.settings.index.dir == ""
    assert len(refused.problems) == 1
    assert place.load(user="[index]\ndir = 'x'").settings.index.dir == str(place.root / "x")
    assert place.load(user=f"[index]\ndir = '{tmp_path}'").settings.index.dir == str(tmp_path)
    assert place.load(overrides={"index": {"dir": "~/x"}}).settings.index.dir == os.path.expanduser("~/x")
    nobody = place.load(user="[index]\ndir = '~nobody-at-all/x'")
    assert nobody.settings.index.dir == ""
    assert "not the home of an unknown user" in nobody.problems[0].message


def test_diff_names_changed_keys(place: Place) -> None:
    """A changed setting is named, and no other."""
    new = place.load(user="[search]\nlimit = 3\n[server]\ncode_lens = true").settings
    assert diff(Settings(), new) == ["search.limit", "server.code_lens"]
    assert diff(new, new) == []


def test_digest_covers_what_is_stored(place: Place) -> None:
    """Only a setting that changes the text index's content changes the digest."""
    changed = {
        info.name
        for info in all_keys()
        if options_digest(place.load(overrides=other_value(info)).settings) != options_digest(Settings())
    }
    assert (
        changed
        == {info.name for info in all_keys() if info.restarts is Restart.TEXT}
        == {"discovery.skip_generated"}
    )


def other_value(info: Any) -> dict[str, Any]:
    """Options that set one key to another valid value than its default."""
    default = info.field.default
    if info.field.metadata["fault"]:
        value: Any = "https://example.com/{path}" if info.name == "team.link" else "https://example.com"
    elif info.field.metadata["choices"]:
        value = next(choice for choice in info.field.metadata["choices"] if choice != default)
    elif isinstance(default, bool):
        value = not default
    elif isinstance(default, int):
        value = default + 1
    elif isinstance(default, float):
        value = default - 0.1
    else:
        value = ["a"] if isinstance(default, tuple) else "other"
    section, _, key = info.name.partition(".")
    return {section: {key: value}}


def test_every_key_can_be_set(place: Place) -> None:
    """Each key takes effect from the client's options, and `describe` says so."""
    for info in all_keys():
        resolved = place.load(overrides=other_value(info))
        assert resolved.problems == []
        assert diff(Settings(), resolved.settings) == [info.name]
        (row,) = [row for row in describe(resolved) if row.origin != "default"]
        assert row.name == info.name
        assert row.doc


def test_schema_describes_every_key() -> None:
    """The schema holds each key with type, default and documentation, and allows no other."""
    sections = json_schema()["properties"]
    assert json_schema()["additionalProperties"] is False
    names = [f"{section}.{key}" for section, body in sections.items() for key in body["properties"]]
    assert names == [info.name for info in all_keys()]
    for body in sections.values():
        assert body["additionalProperties"] is False
        for described in body["properties"].values():
            assert described["description"].endswith(".")
            assert {"type", "default"} <= described.keys()


def test_every_recall_target_of_the_settings_suits_the_vector_index() -> None:
    """The bounds and the default of the setting are those of the vector index, which has no others."""
    field = {each.name: each for each in dataclasses.fields(VectorSettings)}["recall_target"]
    assert field.default == VectorOptions().recall_target
    for bound in (field.metadata["minimum"], field.metadata["maximum"]):
        assert VectorOptions(recall_target=bound).recall_target == bound


def test_each_key_says_what_its_change_restarts() -> None:
    """Every key says it, and several changed keys give all that has to run again."""
    assert all(isinstance(info.restarts, Restart) for info in all_keys())
    assert restarts([]) == frozenset()
    assert restarts(["search.limit", "discovery.hidden"]) == {Restart.NOTHING, Restart.FILES}
    models = {info.name for info in all_keys() if info.restarts is Restart.MODEL}
    assert {"semantic.model", "vectors.recall_target"} <= models
    assert "semantic.batch" not in models
    with pytest.raises(KeyError):
        restarts(["search.no_such_key"])
