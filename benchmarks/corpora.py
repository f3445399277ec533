"""Checkouts for `retrieval.py`: `corpora.py --clones 'FOLDER/{owner}/{name}.git' --corpora FOLDER`.

Copies the pinned revision of every repository that `labels/repositories.json`, and with `--queries` that
folder's `dev/repositories.json`, names out of local clones. Nothing is downloaded. The pattern says where the
clone of a repository is, a bare one or a `.git` folder. What a clone lacks (files left out of a partial
clone), links and submodules are left out and counted.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

LABELS = Path(__file__).parent / "labels"
FILES = ("100644", "100755")


def git(clone: Path, *arguments: str) -> list[str]:
    return ["git", "-c", "safe.directory=*", f"--git-dir={clone}", *arguments]


def listed(clone: Path, revision: str) -> Iterator[tuple[str, str, str]]:
    """Mode, object and path of everything in a revision."""
    done = subprocess.run(git(clone, "ls-tree", "-r", "-z", revision), capture_output=True, check=True)
    for entry in done.stdout.split(b"\0"):
        if entry:
            head, _, path = entry.partition(b"\t")
            mode, _, name = head.decode("ascii").split()
            yield mode, name, path.decode("utf-8", "surrogateescape")


def is_inside(path: str) -> bool:
    """Whether a path of a tree stays below the folder it is written to."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and ".git" not in parts


def read_object(reader: BinaryIO) -> bytes | None:
    """The next answer of `git cat-file --batch`, None where the object is missing."""
    head = reader.readline().split()
    if head[-1] == b"missing":
        return None
    data = reader.read(int(head[2]))
    reader.read(1)
    return data


def check_out(clone: Path, revision: str, target: Path) -> tuple[int, int]:
    """Write the files of a revision; returns how many were written and how many left out."""
    written = left_out = 0
    with subprocess.Popen(
        git(clone, "cat-file", "--batch"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as objects:
        assert objects.stdin is not None
        assert objects.stdout is not None
        for mode, name, path in listed(clone, revision):
            data = None
            if mode in FILES and is_inside(path):
                objects.stdin.write(name.encode("ascii") + b"\n")
                objects.stdin.flush()
                data = read_object(objects.stdout)
            if data is None:
                left_out += 1
                continue
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            written += 1
    return written, left_out


def clone_of(pattern: str, repository: str) -> Path:
    owner, _, name = repository.partition("/")
    return Path(pattern.format(owner=owner, name=name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clones", required=True, help="where clones are, with {owner} and {name}")
    parser.add_argument("--corpora", type=Path, required=True, help="folder that gets the checkouts")
    parser.add_argument("--queries", type=Path, help="folder with dev/, to prepare its repositories as well")
    options = parser.parse_args()
    wanted = json.loads((LABELS / "repositories.json").read_text())
    if options.queries is not None:
        wanted += json.loads((options.queries / "dev" / "repositories.json").read_text())
    failed = 0
    for repository in wanted:
        target = options.corpora / repository["name"]
        clone = clone_of(options.clones, repository["repository"])
        if target.exists():
            print(f"{repository['name']}: is there already")
            continue
        if not clone.is_dir():
            print(f"{repository['name']}: no clone of {repository['repository']} at {clone}", file=sys.stderr)
            failed += 1
            continue
        # Under another name until it is complete, so that an interrupted copy is never taken for a checkout.
        unfinished = target.with_name(target.name + ".part")
        written, left_out = check_out(clone, repository["revision"], unfinished)
        unfinished.rename(target)
        print(f"{repository['name']}: {written} files, {left_out} left out", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
