"""Downloads source packages, keeps their source files: `fetch_corpus.py KIND FOLDER`, KIND as in `sources/`.

Nothing is installed or run. Files of excluded projects, tests, vendored copies and generated files are left
out. Prints what was kept and what was excluded; run again, it goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from exclusion import excluded_package, excluded_path, excluded_text

SUFFIXES = frozenset((Path(__file__).parent / "sources" / "suffixes.txt").read_text().split())
LARGE = {
    "golang-1.19-src",
    "rust-src",
    "mono",
    "kotlin",
    "scala",
    "elixir-lang",
    "ghc",
    "symfony",
    "react-native",
}
PACKAGE_BYTES = 5_000_000
LARGE_PACKAGE_BYTES = 16_000_000
DOWNLOAD_BYTES = 80_000_000
FILE_BYTES = 300_000
_SKIPPED = re.compile(
    r"(^|/)(tests?|testing|__tests__|testdata|testsuite|specs?|fixtures|examples?|demos?|node_modules"
    r"|vendor(ed)?|_vendor|third[-_]?party|thirdparty|3rdparty|external|extern|deps|bundled|contrib|debian|po"
    r"|locales?|i18n|dist|umd|cjs|min|bench(marks?)?|generated|\.[^/]*)/"
    r"|\.min\.|\.pb\.|_pb2|\.generated\.|_test\.|\.test\.|\.spec\."
)


def run(command: list[str], folder: Path) -> bool:
    """Run a package manager's downloader; False when it has no such package."""
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=600).returncode == 0


def archives(kind: str, name: str, folder: Path) -> list[Path]:
    """Download one package into a folder."""
    apt = ["apt-get", *os.environ.get("CORPUS_APT_OPTIONS", "").split()]
    commands = {
        "pypi": [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", name],
        "npm": ["npm", "pack", "--silent", name],
        "debian": [*apt, "download", name],
        "debian-source": [*apt, "source", "--download-only", name],
    }
    if kind == "debian-source":
        listed = subprocess.run(
            [*apt, "source", "--print-uris", name], cwd=folder, capture_output=True, text=True
        )
        sizes = [int(line.split()[2]) for line in listed.stdout.splitlines() if line.startswith("'")]
        if sum(sizes) > DOWNLOAD_BYTES and name not in LARGE:
            return []
    if not run(commands[kind], folder):
        return []
    return [
        path
        for path in folder.iterdir()
        if ".debian." not in path.name and path.suffix not in (".dsc", ".asc")
    ]


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Path and content of the files of an archive that may be source."""

    def wanted(path: str, size: int) -> bool:
        return (
            200 < size <= FILE_BYTES
            and path.rpartition(".")[2].lower() in SUFFIXES
            and not _SKIPPED.search(path)
        )

    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as opened:
            for entry in opened.infolist():
                if wanted(entry.filename, entry.file_size):
                    yield entry.filename, opened.read(entry)
        return
    if archive.suffix == ".deb":
        process = subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", str(archive)], capture_output=True, check=True
        )
        source = tarfile.open(fileobj=io.BytesIO(process.stdout))  # noqa: SIM115
    else:
        source = tarfile.open(archive)  # noqa: SIM115
    with source:
        for member in source:
            path = member.name.removeprefix("./")
            for prefix in (
                "usr/share/gocode/src/",
                "usr/share/cargo/registry/",
                "usr/share/",
                "usr/src/",
                "usr/lib/",
                "usr/",
            ):
                if path.startswith(prefix):
                    path = path.removeprefix(prefix)
                    break
            else:
                path = path.partition("/")[2]
            if member.isfile() and wanted(path, member.size):
                stream = source.extractfile(member)
                if stream is not None:
                    yield path, stream.read()


def keep(kind: str, name: str, target: Path, counts: Counter[str]) -> dict[str, int]:
    """Download, filter and store one package."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        found: list[tuple[str, bytes]] = []
        for archive in archives(kind, name, Path(scratch)):
            try:
                found += list(members(archive))
            except (tarfile.TarError, zipfile.BadZipFile, OSError, subprocess.SubprocessError) as error:
                print(f"{name}: {error}", file=sys.stderr)
    random.Random(name).shuffle(found)
    left = LARGE_PACKAGE_BYTES if name in LARGE else PACKAGE_BYTES
    files, size, seen = 0, 0, set()
    for path, data in found:
        digest = hashlib.blake2b(data, digest_size=16).digest()
        if digest in seen or b"\0" in data[:1000]:
            continue
        seen.add(digest)
        if excluded_path(path) or excluded_text(data):
            counts["excluded files"] += 1
            continue
        if len(data) > left:
            continue
        left -= len(data)
        file = target / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        except OSError:
            continue
        files, size = files + 1, size + len(data)
    return {"files": files, "bytes": size}


def main() -> None:
    kind, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    text = (Path(__file__).parent / "sources" / f"{kind}.txt").read_text()
    names = [name for line in text.splitlines() if not line.startswith("#") for name in line.split()]
    random.Random(7).shuffle(names)  # Stopped early, the corpus still spans all languages.
    log = folder / "log.jsonl"
    done = {json.loads(line)["name"] for line in log.read_text().splitlines()} if log.exists() else set()
    counts: Counter[str] = Counter()
    for name in names:
        if name in done:
            continue
        if excluded_package(name):
            print(f"{name}: excluded")
            continue
        target = folder / re.sub(r"[^\w.+-]", "_", name)
        target.mkdir(parents=True, exist_ok=True)
        try:
            result = keep(kind, name, target, counts)
        except (subprocess.TimeoutExpired, MemoryError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        with log.open("a") as file:
            file.write(
                json.dumps({"name": name, **result, "excluded": counts.pop("excluded files", 0)}) + "\n"
            )


if __name__ == "__main__":
    main()
