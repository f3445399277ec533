"""What manifests say decides between namesakes; whatever else is in them does no harm."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from codanna_core.relations.manifests import Manifests
from codanna_core.testing.relations import MemoryProvider

Check = Callable[[dict[str, str]], None]
Make = Callable[[dict[str, str]], MemoryProvider]

CLASS = "package shop; public class Price { public static int of() { return 1; } }\n"
USER = "package shop; class Pay { int f() { return Price.of(); } } // => of %s:Price.of\n"


def test_maven_modules(check: Check) -> None:
    """Of two classes of one name that of a module which the own one depends on is meant, however far away."""
    check(
        {
            "pom.xml": "<project><artifactId>all</artifactId></project>",
            "app/pom.xml": (
                "<project><parent><artifactId>all</artifactId></parent><artifactId>app</artifactId>"
                "<dependencies><dependency><artifactId>far</artifactId></dependency></dependencies></project>"
            ),
            "app-old/pom.xml": "<project><artifactId>app-old</artifactId></project>",
            "lib/far/pom.xml": "<project><artifactId>far</artifactId></project>",
            "app-old/src/main/java/shop/Price.java": CLASS,
            "lib/far/src/main/java/shop/Price.java": CLASS,
            "app/src/main/java/shop/Pay.java": USER % "lib/far/src/main/java/shop/Price.java",
        }
    )


def test_gradle_projects_and_source_roots(check: Check) -> None:
    """`project(':a:b')` is a dependency; a source root of its own keeps two classes of one module apart."""
    check(
        {
            "app/build.gradle.kts": 'dependencies { implementation(project(":lib:far")) }\n',
            "near/build.gradle": "",
            "lib/far/build.gradle": "",
            "near/src/main/java/shop/Price.java": CLASS,
            "lib/far/src/main/java/shop/Price.java": CLASS,
            "app/src/main/java/shop/Pay.java": USER % "lib/far/src/main/java/shop/Price.java",
            "two/build.gradle": "sourceSets { main { java { srcDirs = ['a', 'b'] } } }\n",
            "two/a/shop/Price.java": CLASS,
            "two/b/shop/Price.java": CLASS,
            "two/b/shop/Pay.java": USER % "two/b/shop/Price.java",
        }
    )


@pytest.mark.parametrize(
    ("manifest", "root"),
    [
        ("[tool.setuptools.package-dir]\n'' = 'python'\n", "python"),
        ("[tool.setuptools.packages.find]\nwhere = ['python']\n", "python"),
        ("[tool.poetry]\npackages = [{include = 'shop', from = 'python'}]\n", "python"),
        ("[tool.hatch.build.targets.wheel]\npackages = ['python/shop']\n", "python"),
        ("[tool.pytest.ini_options]\npythonpath = 'python'\n", "python"),
    ],
)
def test_python_roots(check: Check, manifest: str, root: str) -> None:
    """A package is found below the root that `pyproject.toml` names, although another one ends like it."""
    check(
        {
            "pyproject.toml": manifest,
            f"{root}/shop/__init__.py": "",
            f"{root}/shop/price.py": "def of(): ...\n",
            "old/shop/__init__.py": "",
            "old/shop/price.py": "def of(): ...\n",
            "tests/test_price.py": f"from shop.price import of\nof()  # => of {root}/shop/price.py:of\n",
        }
    )


def test_base_url(check: Check) -> None:
    """Imports that are no packages begin at `baseUrl`."""
    check(
        {
            "web/tsconfig.json": '{"compilerOptions": {"baseUrl": "src"}}',
            "web/src/shop/price.ts": "export function of() {}\n",
            "web/src/pay.ts": "import { of } from 'shop/price';\nof(); // => of web/src/shop/price.ts:of\n",
        }
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[tool.setuptools.packages.find]\nwhere = ['../..', '/etc', 7, {from = 1}]\n"),
        ("pyproject.toml", "tool = 1\n"),
        ("pyproject.toml", "[[["),
        ("tsconfig.json", '{"compilerOptions": {"baseUrl": "../../..", "paths": {"*": [7]}}}'),
        ("tsconfig.json", "[" * 100_000),
        ("pom.xml", "<project>" + "<artifactId>" * 50_000),
        (
            "pom.xml",
            "<project><sourceDirectory>/etc</sourceDirectory><sourceDirectory>../..</sourceDirectory>",
        ),
        ("build.gradle", "srcDirs " * 50_000),
        ("build.gradle", "srcDir(" + " " * 200_000),
        ("build.gradle", "project( " * 50_000),
    ],
)
def test_hostile_manifests(make_project: Make, path: str, text: str) -> None:
    """Nothing leads outside the root, nothing raises, and time stays in bounds."""
    provider = make_project({path: ""})
    provider.texts = {path: text.encode()}  # Nobody asks for the facts of a manifest.
    started = time.process_time()
    manifests = Manifests(provider)
    assert manifests.python_roots == []
    assert all(not target.startswith("..") for _, _, found in manifests.typescript_paths for target in found)
    assert manifests.java_modules.distance("a/B.java", "c/B.java")[0] in (0, 1, 2)
    assert time.process_time() - started < 2
