"""The recipes for package collections: filled in without a hole, parsed, and in step with the project."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from project_scripts import script
from tree_sitter_language_pack import get_parser

ROOT = Path(__file__).parents[2]
SUMS = f"{'ab' * 32}  codanna_lsp-1.2.3.tar.gz\n{'cd' * 32}  codanna_lsp-1.2.3-py3-none-any.whl\n"
HOMEPAGE = "https://example.org/codanna-lsp"
PROJECT = (ROOT / "pyproject.toml").read_text("utf-8")

recipes = script("recipes")
FILLED: dict[str, str] = recipes.rendered(ROOT / "packaging", recipes.values(SUMS, HOMEPAGE, PROJECT))
LANGUAGES = {".lua": "lua", ".nix": "nix", ".rb": "ruby", ".yaml": "yaml"}


def test_every_collection_has_its_recipe() -> None:
    """Mason, nvim-lspconfig, Homebrew and nixpkgs."""
    assert sorted(Path(name).parts[0] for name in FILLED) == [
        "homebrew",
        "mason",
        "nixpkgs",
        "nvim-lspconfig",
    ]


@pytest.mark.parametrize("name", sorted(FILLED))
def test_a_recipe_is_filled_in_and_has_no_error_of_syntax(name: str) -> None:
    """No hole is left, and the parser of its language finds nothing wrong."""
    assert recipes.HOLE.search(FILLED[name]) is None
    parser = get_parser(LANGUAGES[Path(name).suffix])
    assert not parser.parse(FILLED[name].encode()).root_node.has_error


@pytest.mark.skipif(not shutil.which("ruby"), reason="Ruby is not there")
def test_ruby_reads_the_formula() -> None:
    """Ruby itself finds no error of syntax, nor anything to warn of."""
    formula = FILLED["homebrew/codanna-lsp.rb"]
    done = subprocess.run(["ruby", "-wc"], input=formula, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "Syntax OK", "")


def test_the_files_and_checksums_are_those_of_the_release() -> None:
    """The formula and the derivation name the source archive that dist/SHA256SUMS names."""
    archive = f"{HOMEPAGE}/releases/download/v1.2.3/codanna_lsp-1.2.3.tar.gz"
    assert f'url "{archive}"\n  sha256 "{"ab" * 32}"' in FILLED["homebrew/codanna-lsp.rb"]
    nix = FILLED["nixpkgs/package.nix"]
    assert f'hash = "sha256-{base64.b64encode(bytes.fromhex("ab" * 32)).decode()}"' in nix
    assert archive == re.findall(r'url = "(.*)"', nix)[0].replace("${version}", "1.2.3")


def test_the_derivation_has_all_dependencies() -> None:
    """Those of pyproject.toml, by name."""
    [listed] = re.findall(
        r"dependencies = with python3Packages; \[\n(.*?)\n  \];", FILLED["nixpkgs/package.nix"], re.S
    )
    wanted = tomllib.loads(PROJECT)["project"]["dependencies"]
    assert sorted(listed.split()) == sorted(re.split(r"[<>=]", name)[0] for name in wanted)


def test_mason_installs_this_version_and_its_command() -> None:
    """Its keys are those that every package of a language server there has."""
    package = FILLED["mason/package.yaml"]
    assert set(re.findall(r"^(\w+):", package, re.MULTILINE)) == {
        *(
            "name",
            "description",
            "homepage",
            "licenses",
            "languages",
            "categories",
            "source",
            "bin",
            "neovim",
        ),
    }
    assert 'id: "pkg:pypi/codanna-lsp@1.2.3"' in package
    [command] = tomllib.loads(PROJECT)["project"]["scripts"]
    assert f"\nbin:\n  {command}: pypi:codanna-lsp\n" in package


def test_lspconfig_starts_the_server_as_the_plug_in_does() -> None:
    """The same command and the same marks of a project's folder."""
    ours = "".join(path.read_text("utf-8") for path in sorted((ROOT / "editors/neovim").rglob("*.lua")))
    theirs = FILLED["nvim-lspconfig/lsp/codanna.lua"]
    [command] = re.findall(r"cmd = (\{.*?\})", theirs)
    [markers] = re.findall(r"root_markers = (\{.*?\})", theirs)
    assert command in ours
    assert markers in ours


@pytest.mark.parametrize(
    ("sums", "homepage", "reason"),
    [("", HOMEPAGE, "make dist"), (SUMS, "", "not an address"), (SUMS, "http://x.org", "not an address")],
)
def test_what_is_missing_is_named(sums: str, homepage: str, reason: str) -> None:
    """Without a release or an address there is no recipe."""
    with pytest.raises(recipes.NotReady, match=reason):
        recipes.values(sums, homepage, PROJECT)


def test_nothing_claims_to_be_published() -> None:
    """As long as no release is dated in the changelog, the documents say so where they name a collection."""
    if re.search(r"^## \d", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE):
        pytest.skip("there is a release")
    assert "None of these is submitted anywhere" in (ROOT / "packaging/README.md").read_text("utf-8")
    assert "on no package index yet" in (ROOT / "docs/install.md").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    installed = re.findall(r"(?:pipx|pip|uv tool) install (?:--quiet )?(\S+)", readme)
    assert installed
    assert [name for name in installed if "codanna-lsp" in name] == []
