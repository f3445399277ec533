"""Labels for symbols are whole, and what they are about stays out of training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exclusion import excluded_package, excluded_text

LABELS = Path(__file__).parents[2] / "benchmarks" / "labels"


def test_labels_are_whole() -> None:
    """At least 150 questions over at least eight languages, a third of the code bases held out, no excluded
    project among them, and every answer has a name and lines.
    """
    repositories = json.loads((LABELS / "repositories.json").read_text())
    asked = {
        one["name"]: json.loads((LABELS / f"{one['name']}.json").read_text())
        for one in repositories
        if (LABELS / f"{one['name']}.json").is_file()
    }
    assert sum(map(len, asked.values())) >= 150
    assert len({one["language"] for one in repositories if one["name"] in asked}) >= 8
    held_out = [one for one in repositories if one["held_out"]]
    assert 3 * len(held_out) == len(asked)
    excluded = (Path(__file__).parents[2] / "training" / "excluded-projects.txt").read_text().split()
    assert not {one["repository"] for one in repositories} & set(excluded)
    for questions in asked.values():
        assert len({one["query"] for one in questions}) == len(questions)
        for one in questions:
            assert one["answers"]
            for answer in one["answers"]:
                assert answer["name"]
                assert 1 <= answer["start_line"] <= answer["end_line"]
                assert not answer["path"].startswith("/")


@pytest.mark.parametrize(
    "package",
    [
        *("gunicorn", "golang-github-hashicorp-memberlist-dev", "librust-h2-dev", "ws", "ky", "ruby-sidekiq"),
        *("libokhttp-java", "memcached", "yaml-cpp", "php-league-flysystem", "luarocks"),
    ],
)
def test_labelled_code_bases_stay_out_of_training(package: str) -> None:
    """Under the names that registries give them."""
    assert excluded_package(package)


def test_other_packages_stay_in_training() -> None:
    """Only their namesakes go, and files that name them by address."""
    assert not excluded_package("h2database")
    assert not excluded_package("ruby-puma")
    assert excluded_text(b"// https://github.com/hyperium/h2\n")
    assert not excluded_text(b"// https://github.com/puma/puma\n")
