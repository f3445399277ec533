"""A release: one version everywhere, a changelog that is cut once, files that hold what they should."""

from __future__ import annotations

import datetime
import io
import json
import re
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from project_scripts import script

import codanna_core

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DATE = datetime.date(2026, 12, 1)


release = script("release")
artifacts = script("artifacts")
smoke = script("smoke")

CHANGELOG = """# Changelog

## Unreleased

### Security

- one

### Added

- two

### Security

- three

## 0.1.0 - 2026-01-01

### Added

- zero
"""


def test_all_versions_are_one() -> None:
    """Package, extension and its lock state the same version."""
    assert release.current(ROOT) == codanna_core.__version__


def test_the_extension_asks_for_a_server_that_exists() -> None:
    """The oldest server that the extension accepts is not newer than this one."""
    text = (ROOT / "editors/vscode/src/server.ts").read_text("utf-8")
    [oldest] = re.findall(r'MINIMUM_VERSION = "([\d.]+)"', text)
    assert release.numbers(oldest) <= release.numbers(codanna_core.__version__)


def test_the_changelog_can_be_cut() -> None:
    """What is unreleased has known kinds of change, each of them once."""
    parts = dict(release.sections((ROOT / "CHANGELOG.md").read_text("utf-8")))
    kinds = re.findall(r"^### (.*)$", parts[release.UNRELEASED], re.MULTILINE)
    assert sorted(kinds) == sorted(set(kinds))
    assert release.merged(parts[release.UNRELEASED])


def test_a_cut_dates_what_was_unreleased() -> None:
    """Kinds of change come once, in the usual order, under the version; older versions stay."""
    text = release.cut(CHANGELOG, "0.2.0", DATE)
    assert text == (
        "# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-12-01\n\n### Added\n\n- two\n\n"
        "### Security\n\n- one\n- three\n\n## 0.1.0 - 2026-01-01\n\n### Added\n\n- zero\n"
    )
    assert release.changes_of(text, "0.2.0") == "### Added\n\n- two\n\n### Security\n\n- one\n- three\n"


@pytest.mark.parametrize(
    ("text", "version", "reason"),
    [
        (CHANGELOG, "0.1.0", "already has 0.1.0"),
        ("# Changelog\n", "0.2.0", "no heading"),
        ("# Changelog\n\n## Unreleased\n\n## 0.1.0\n", "0.2.0", "nothing unreleased"),
        ("## Unreleased\n\n### Improved\n\n- x\n", "0.2.0", "a kind of change 'Improved'"),
        ("## Unreleased\n\nSoon.\n\n### Added\n\n- x\n", "0.2.0", "text above"),
    ],
)
def test_a_changelog_that_cannot_be_cut_is_refused(text: str, version: str, reason: str) -> None:
    """The message says why."""
    with pytest.raises(release.Refused, match=reason):
        release.cut(text, version, DATE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A committed copy of all that a release changes, whose `make dist` does nothing."""
    for name in {place.file for place in release.PLACES}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n### Added\n\n- x\n")
    (tmp_path / "Makefile").write_text("dist:\n\t@true\n")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    own = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *own, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x", "--no-verify")


def test_a_release_sets_every_version(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Afterwards all files state it, the changelog has it, and nothing is committed, tagged or published."""
    before = git(project, "rev-parse", "HEAD")
    release.release(project, "9.8.7", DATE)
    assert release.current(project) == "9.8.7"
    assert "## 9.8.7 - 2026-12-01" in (project / "CHANGELOG.md").read_text()
    lock = json.loads((project / "editors/vscode/package-lock.json").read_text("utf-8"))
    assert (lock["version"], lock["packages"][""]["version"]) == ("9.8.7", "9.8.7")
    assert json.loads((project / "editors/vscode/package.json").read_text("utf-8"))["version"] == "9.8.7"
    assert (git(project, "rev-parse", "HEAD"), git(project, "tag")) == (before, "")
    assert "git tag --annotate v9.8.7" in capsys.readouterr().out


def test_a_release_that_cannot_be_built_leaves_nothing(project: Path) -> None:
    """Every file is as it was."""
    (project / "Makefile").write_text("dist:\n\t@false\n")
    commit(project)
    with pytest.raises(subprocess.CalledProcessError):
        release.release(project, "9.8.7", DATE)
    assert git(project, "status", "--porcelain") == ""


def test_a_release_is_refused(project: Path) -> None:
    """For a bad or lower version, a tag that exists, versions that differ, and a tree that is not clean."""
    for version, reason in (("v1", "is not a version"), ("1.0.0rc1", "is not a version"), ("0.0.1", "lower")):
        with pytest.raises(release.Refused, match=reason):
            release.check(project, version)
    git(project, "tag", "v9.8.7")
    with pytest.raises(release.Refused, match="exists"):
        release.check(project, "9.8.7")
    (project / "more").write_text("x")
    with pytest.raises(release.Refused, match="not committed"):
        release.check(project, "9.9.0")
    release.PLACES[0].write(project, "5.0.0")
    with pytest.raises(release.Refused, match="versions differ"):
        release.check(project, "9.9.0")


METADATA = "Metadata-Version: 2.4\nName: codanna-lsp\nVersion: 1.2.3\nLicense-Expression: Apache-2.0\n"
TRACKED = {"core/codanna_core/a.py", "tests/b.py"}
INFO = "codanna_lsp-1.2.3.dist-info/METADATA"
TOP = "codanna_lsp-1.2.3/"
SOURCES = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "ARCHITECTURE.md",
    "core/codanna_core/a.py",
)
EXTENSION = {
    "extension/package.json": '{"version": "1.2.3", "icon": "media/i.png"}',
    "extension/dist/extension.js": "codanna",
    "extension/readme.md": "",
    "extension/LICENSE.txt": "",
    "extension/media/i.png": "",
}


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_a_wheel_is_checked(tmp_path: Path) -> None:
    """What is missing, foreign, of another version or from this machine is named."""

    def found(**changed: str) -> list[str]:
        files = {"codanna_core/a.py": "", INFO: METADATA} | changed
        path = zipped(tmp_path / "x.whl", {name: text for name, text in files.items() if text != "gone"})
        return list(artifacts.wheel_faults(path, "1.2.3", TRACKED))

    assert found() == []
    assert found(**{"codanna_core/a.py": "gone"}) == ["lacks codanna_core/a.py"]
    assert found(**{"tests/b.py": ""}) == ["holds tests/b.py, which git does not track"]
    assert found(**{INFO: METADATA.replace("1.2.3", "1.2.4")}) == ["says Version: 1.2.4"]
    assert found(**{"codanna_core/a.py": f"HERE = {str(ROOT)!r}"}) == [
        "codanna_core/a.py names the folder it was built in"
    ]


def test_a_source_archive_is_checked(tmp_path: Path) -> None:
    """It holds the packages and what builds them, nothing else."""

    def found(*names: str) -> list[str]:
        path = tmp_path / "x.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name in names:
                info = tarfile.TarInfo(name)
                data = METADATA.encode() if name.endswith("PKG-INFO") else b""
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return list(artifacts.sdist_faults(path, "1.2.3", TRACKED))

    whole = [f"{TOP}{name}" for name in (*SOURCES, "PKG-INFO")]
    assert found(*whole) == []
    assert found(*whole[1:]) == ["lacks pyproject.toml"]
    assert found(*whole, f"{TOP}tests/b.py") == ["holds tests/b.py"]


def test_an_extension_is_checked(tmp_path: Path) -> None:
    """It holds its program, its texts and all of its media, of one version."""
    tracked: set[str] = set()

    def found(**changed: str) -> list[str]:
        path = zipped(tmp_path / "x.vsix", EXTENSION | changed)
        return list(artifacts.vsix_faults(path, "1.2.3", {"editors/vscode/media/i.png"} | tracked))

    assert found() == []
    assert found(**{"extension/src/extension.ts": ""}) == ["holds extension/src/extension.ts"]
    assert found(**{"extension/dist/extension.js": ""}) == ["has no program"]
    assert found(**{"extension/media/secret.txt": ""}) == ["holds extension/media/secret.txt"]
    tracked.add("editors/vscode/media/walkthrough/server.md")
    assert found() == ["lacks extension/media/walkthrough/server.md"]
    assert found(**{"extension/media/walkthrough/server.md": ""}) == []
    tracked.clear()
    assert found(**{"extension/package.json": '{"version": "1.2.4"}'}) == [
        "states another version",
        "lacks extension/media/icon.png",
    ]


def test_a_release_has_one_file_of_each_kind(tmp_path: Path) -> None:
    """A wheel of an older version beside the new one would be published, too."""
    (tmp_path / "codanna_lsp-1.2.2-py3-none-any.whl").touch()
    found = artifacts.faults(tmp_path, "1.2.3", TRACKED)
    assert found[0] == "codanna_lsp-1.2.2-py3-none-any.whl is not part of a release"
    assert len(found) == 4


def test_workflows_run_what_is_there() -> None:
    """Every `make` target and every script that a workflow runs exists."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert WORKFLOWS
    for path in WORKFLOWS:
        text = path.read_text("utf-8")
        for line in re.findall(r"run: make (.*)", text):
            named = {word for word in line.split() if "=" not in word}
            assert named <= targets, (path.name, named - targets)
        for name in re.findall(r"(scripts/\w+\.py|\.ci/run)", text):
            assert (ROOT / name).exists(), (path.name, name)


def test_actions_are_pinned_and_have_no_rights_of_their_own() -> None:
    """A moved tag of an action changes nothing here, and a job has the rights that it names."""
    for path in WORKFLOWS:
        text = path.read_text("utf-8")
        assert "\npermissions: {}\n" in text, path.name
        used = re.findall(r"uses: (.*)", text)
        assert used
        assert [use for use in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", use)] == []


def test_what_a_removal_forgets_is_found(tmp_path: Path) -> None:
    """Whatever has our name in a home folder, but for data and what installers keep of all."""
    kept = [
        ".cache/codanna-lsp/x/codanna",
        ".cache/uv/codanna_lsp.whl",
        ".config/codanna-lsp/config.toml",
        "venv/x",
        ".local/share/pipx/.codanna-lsp.lock",
    ]
    left = [".local/bin/codanna-lsp", "venv/codanna_core", ".config/elsewhere/codanna-lsp"]
    for name in (*kept, *left):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert smoke.left_behind(tmp_path) == sorted(left)
