"""index, status, vector, config, models, doctor, clean."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codanna_core.cli.envelope import write_json
from codanna_core.testing.embedder import FakeEmbedder


def test_index_reports_what_it_did(workspace: Path, run: Any) -> None:
    """`index` says how many files and symbols are new, and the second time that nothing changed."""
    first = run("index")
    assert first.code == 0
    assert first.out.startswith("indexed 2 files (2 new), ")
    assert run("index").out.startswith("up to date: 2 files, nothing changed")


def test_the_closing_line_tells_the_whole_time(workspace: Path, run: Any) -> None:
    """Clusters and names included; `-v` says what each part took."""
    outcome = run("index", "-v")
    whole = re.search(r" in ([\d.]+) s\n$", outcome.out)
    parts = re.search(r"([\d.]+) s for the files, ([\d.]+) s for clusters and names", outcome.err)
    assert whole is not None
    assert parts is not None
    assert float(parts[1]) + float(parts[2]) == pytest.approx(float(whole[1]), abs=0.11)


def test_index_as_json(workspace: Path, run: Any) -> None:
    """The report of `index` counts files, symbols and vectors."""
    report = run("index", "--json").json
    assert report["files"] == {"added": 2, "changed": 0, "removed": 0, "unchanged": 0}
    assert report["symbols"] == report["embedded"] > 3


def test_verify_notices_what_time_stamps_hide(workspace: Path, run: Any) -> None:
    """`--verify` finds a change that kept the file's size and time stamp."""
    file = workspace / "src" / "store.js"
    # Old enough that the time stamp is believed: a file written just now is looked at twice anyway.
    long_ago = 1_500_000_000_000_000_000
    for each in (file, workspace / "src" / "settings.py"):
        os.utime(each, ns=(long_ago, long_ago))
    run("index")
    file.write_text(file.read_text().replace("purge", "evict"))
    os.utime(file, ns=(long_ago, long_ago))
    assert run("index", "--json").json["files"]["changed"] == 0
    assert run("index", "--verify", "--json").json["files"]["changed"] == 1
    verified = run("index", "--verify", "--json").json["files"]
    assert verified == {"added": 0, "changed": 0, "removed": 0, "unchanged": 2}


def test_rebuild_keeps_the_vectors(workspace: Path, run: Any) -> None:
    """`--rebuild` reads every file again and embeds nothing."""
    run("index")
    report = run("index", "--rebuild", "--json").json
    assert report["files"]["added"] == 2
    assert report["embedded"] == 0


def test_notes_are_listed_by_status(workspace: Path, run: Any) -> None:
    """`index` says once what several files have; `status --notes` lists them, also in a later process."""
    for name in ("one.py", "two.py"):
        (workspace / name).write_text("x = ? ? ) ]\n" * 40)
    first = run("index")
    assert first.err.count("does not parse as python") == 1
    assert "2 files, such as one.py: part of each does not parse" in first.err
    assert "one.py" not in run("status").out
    shown = run("status", "--notes").out
    assert [name in shown for name in ("one.py: ", "two.py: ")] == [True, True]


def test_status_before_the_first_index(workspace: Path, run: Any) -> None:
    """Without an index `status` says so with exit code 1."""
    outcome = run("status", "--json")
    assert outcome.code == 1
    assert outcome.json["state"] == "empty"


def test_status_has_the_documented_fields(workspace: Path, run: Any) -> None:
    """`status --json` tells state, generation, files with reasons, symbols, vectors, model and problems."""
    run("index")
    outcome = run("status", "--json")
    assert outcome.code == 0
    status = outcome.json
    assert status["state"] == "ready"
    assert status["generation"] >= 1
    assert status["files"]["indexed"] == 2
    assert status["files"]["skipped"] == {"binary": 1}
    assert status["symbols"] == status["vectors"]["total"] > 3
    assert status["vectors"]["pending"] == 0
    assert isinstance(status["model"], str)
    assert status["problems"] == []


def test_status_for_people(workspace: Path, run: Any) -> None:
    """`status` shows the same for people."""
    run("index")
    outcome = run("status")
    assert "2 indexed, 1 skipped" in outcome.out
    assert "1 binary" in outcome.out


def test_index_vectors(workspace: Path, run: Any) -> None:
    """`vector index-vectors` leaves no symbol without a vector."""
    outcome = run("vector", "index-vectors", "--json")
    assert outcome.code == 0
    assert outcome.json["vectors"]["total"] > 3
    assert outcome.json["vectors"]["pending"] == 0


def test_search_vector_by_question(workspace: Path, run: Any) -> None:
    """`vector search-vector` answers by meaning alone."""
    outcome = run("vector", "search-vector", "remove expired uploads from the disk", "--json")
    assert outcome.json["hits"][0]["name"] == "purge"
    assert outcome.json["hits"][0]["reasons"] == ["meaning"]
    assert "codes scanned" in outcome.err
    assert "rows rescored" in outcome.err


def test_search_vector_by_numbers(workspace: Path, run: Any, tmp_path: Path) -> None:
    """A vector made elsewhere finds the same as the question it stands for."""
    question = "remove expired uploads from the disk"
    vector = FakeEmbedder().embed_query(question).tolist()
    (tmp_path / "vector.json").write_text(json.dumps(vector))
    by_numbers = run("vector", "search-vector", f"@{tmp_path / 'vector.json'}", "--json").json["hits"]
    by_question = run("vector", "search-vector", question, "--json").json["hits"]
    assert [hit["name"] for hit in by_numbers] == [hit["name"] for hit in by_question]


def test_search_vector_by_symbol(workspace: Path, run: Any) -> None:
    """A place stands for the symbol there: the answer is that of `similar`, with the work done."""
    hit = run("search", "remove expired uploads from the disk", "--json").json["hits"][0]
    place = f"{hit['path']}:{hit['range']['start']['line'] + 1}"
    outcome = run("vector", "search-vector", place, "--json")
    alike = run("similar", place, "--json").json["hits"]
    assert outcome.json["hits"]
    assert [found["name"] for found in outcome.json["hits"]] == [found["name"] for found in alike]
    assert "rows rescored" in outcome.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[0.1, 0.2]", "2 dimensions, the index has 64"),
        ("[]", "0 dimensions"),
        ('["a"]', "JSON array of numbers"),
        ("{}", "JSON array of numbers"),
        ("not json", "cannot read a vector"),
        (str([float("nan")] * 64).replace("nan", "NaN"), "NaN"),
    ],
)
def test_search_vector_refuses_what_is_no_vector(
    workspace: Path, run: Any, tmp_path: Path, text: str, said: str
) -> None:
    """A vector of another length, or no vector at all, is wrong use with both numbers in the message."""
    (tmp_path / "vector.json").write_text(text)
    run("index")
    outcome = run("vector", "search-vector", f"@{tmp_path / 'vector.json'}")
    assert outcome.code == 2
    assert said in outcome.err


def test_cluster_info(workspace: Path, run: Any) -> None:
    """`vector cluster-info` shows how many vectors there are and how they are stored."""
    run("index")
    info = run("vector", "cluster-info", "--json").json
    assert info["dimension"] == 64
    assert info["count"] > 3
    assert info["clusterSizes"] == []
    assert info["trainedAt"] is None
    out = run("vector", "cluster-info").out
    assert "of 64 dimensions" in out
    assert "none: not needed below 4,096 vectors" in out


def test_cluster_info_draws_a_map(workspace: Path, run: Any) -> None:
    """`--plot` draws the map of the code as SVG, whatever the number of vectors, and the sizes as PNG."""
    run("index")
    outcome = run("vector", "cluster-info", "--plot", str(workspace / "map.svg"))
    assert outcome.code == 0
    assert "map.svg is a map of" in outcome.err
    drawn = (workspace / "map.svg").read_text("utf-8")
    assert "definitions, laid out by meaning" in drawn
    assert '<a href="./' in drawn
    assert str(workspace) not in drawn
    assert run("vector", "cluster-info", "--plot", str(workspace / "sizes.png")).code == 0
    assert (workspace / "sizes.png").read_bytes().startswith(b"\x89PNG")
    refused = run("vector", "cluster-info", "--plot", "map.gif")
    assert (refused.code, "ends with .svg or .png" in refused.err) == (2, True)


def test_config_show_tells_where_values_come_from(workspace: Path, run: Any, monkeypatch: Any) -> None:
    """The last layer wins, and `config show` names it."""
    (workspace / ".codanna.toml").write_text("[search]\nlimit = 3\n")
    shown = run("config", "show", "--json").json["settings"]
    assert shown["search.limit"]["value"] == 3
    assert ".codanna.toml, line 2" in shown["search.limit"]["origin"]
    monkeypatch.setenv("CODANNA_LSP__SEARCH__LIMIT", "4")
    assert run("config", "show", "--json").json["settings"]["search.limit"]["value"] == 4
    assert (
        run("config", "show", "--set", "search.limit=5", "--json").json["settings"]["search.limit"]["value"]
        == 5
    )


def test_config_show_for_people(workspace: Path, run: Any) -> None:
    """Each setting is one line, like in a settings file."""
    assert any(line.split() == ["search.limit", "=", "10"] for line in run("config", "show").out.splitlines())


def test_config_path(workspace: Path, run: Any) -> None:
    """`config path` names both files and whether they exist."""
    (workspace / ".codanna.toml").write_text("")
    paths = run("config", "path", "--json").json
    assert paths["project"] == {"path": str(workspace / ".codanna.toml"), "exists": True}
    assert paths["user"]["exists"] is False


def test_config_schema(run: Any) -> None:
    """`config schema` prints a JSON schema with every section."""
    schema = run("config", "schema").json
    assert schema["properties"]["search"]["properties"]["limit"]["default"] == 10


def test_models_list(run: Any) -> None:
    """`models list` names the model in the package first, and where each one is."""
    outcome = run("models", "list", "--json")
    assert outcome.code == 0
    assert outcome.json["models"][0]["where"] == "bundled"


def test_libraries_for_models_note_nothing_for_anybody(tmp_path: Path) -> None:
    """What runs models would keep a record of its use in the user's folder, and send it."""
    environment = {name: value for name, value in os.environ.items() if "TELEMETRY" not in name}
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        environment[name] = str(tmp_path)
    listed = subprocess.run(
        [sys.executable, "-P", "-m", "codanna_core.cli.main", "models", "list"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert listed.returncode == 0, listed.stderr
    assert "bundled" in listed.stdout
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert not [name for name in left if "device" in name or "onnx" in name], left


def test_models_check(workspace: Path, run: Any) -> None:
    """`models check` loads the model and embeds with it."""
    outcome = run("models", "check", "--json")
    assert outcome.code == 0
    assert outcome.json["dimension"] == 64


def test_models_check_of_an_unknown_model(workspace: Path, run: Any, monkeypatch: Any) -> None:
    """A model that does not exist fails with a way on."""
    monkeypatch.undo()
    monkeypatch.chdir(workspace)
    outcome = run("models", "check", "--model", "no/such-model")
    assert outcome.code == 3
    assert "models list" in outcome.err


def test_doctor_is_content(workspace: Path, run: Any) -> None:
    """In a sound installation every check passes."""
    outcome = run("doctor", "--json")
    assert outcome.code == 0, outcome.out
    assert outcome.json["ok"] is True
    assert {check["name"] for check in outcome.json["checks"]} == {
        "python",
        "packages",
        "languages",
        "settings",
        "model",
        "index",
    }


def test_doctor_names_what_is_broken(workspace: Path, run: Any, monkeypatch: Any) -> None:
    """A part that cannot be loaded is named, the other checks still run, and the exit code tells."""

    def missing(_settings: object) -> None:
        raise ImportError("no module named onnxruntime")

    monkeypatch.setattr("codanna_core.embed.registry.load_embedder", missing)
    outcome = run("doctor", "--json")
    assert outcome.code == 3
    failed = [check for check in outcome.json["checks"] if check["verdict"] == "fail"]
    assert [check["name"] for check in failed] == ["model"]
    assert "onnxruntime" in failed[0]["detail"]
    assert outcome.json["checks"][-1]["name"] == "index"


def test_clean_removes_the_index(workspace: Path, run: Any) -> None:
    """After `clean` there is no index; a second one has nothing to do."""
    run("index")
    folder = Path(run("status", "--json").json["indexDir"])
    outcome = run("clean")
    assert outcome.code == 0
    assert str(folder) in outcome.out
    assert not folder.exists()
    assert run("clean").code == 1


def test_clean_leaves_foreign_files_alone(workspace: Path, run: Any, tmp_path: Path) -> None:
    """A folder that holds other things than an index loses none of them."""
    place = tmp_path / "shared"
    run("index", "--index-dir", place)
    (place / "thesis.txt").write_text("years of work")
    run("clean", "--index-dir", place)
    assert (place / "thesis.txt").read_text() == "years of work"


def test_clean_of_a_folder_that_is_no_index(workspace: Path, run: Any) -> None:
    """`clean --index-dir .` on the wrong folder removes nothing."""
    outcome = run("clean", "--index-dir", workspace)
    assert outcome.code == 3
    assert "Choose another location" in outcome.err
    assert (workspace / "src" / "settings.py").exists()


def test_asking_leaves_no_trace(workspace: Path, run: Any) -> None:
    """`status` and `doctor` create no index folder."""
    folder = Path(run("status", "--json").json["indexDir"])
    run("doctor")
    assert not folder.exists()


def test_json_is_utf8_whatever_the_console_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A console in another encoding gets UTF-8 JSON, and half a character does not break it."""
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    write_json({"text": "naïve \U0001f600 \ud83d"})
    sys.stdout.flush()
    assert json.loads(raw.getvalue().decode("utf-8"))["text"].startswith("naïve \U0001f600")
