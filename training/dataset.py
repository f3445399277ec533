"""Turns mined definitions into token ids: `dataset.py MINED_FOLDER FOLDER_WITH_TOKENIZER`.

Writes `dataset.npz`: one flat id array, for each definition the borders of its fields, and its package and
file. Prints how many definitions each language gives; the model card quotes these numbers.
"""

from __future__ import annotations

import json
import pickle
import re
import sys
from collections import Counter
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codanna_core.embed.text import words
from codanna_core.embed.tokenizer import WordTokenizer

FIELDS = ("path", "container", "name", "signature", "summary", "details", "body")
LIMITS = (12, 12, 16, 40, 40, 60, 64)
# The end of the first sentence, or of the first paragraph; tags and parameter lists never belong to the
# summary.
_SUMMARY_END = re.compile(
    r"[.!?:](?=\s+[A-Z@\\<-]|\s*$)|\n\s*\n|\s[@\\](?=[a-z])|\n\s*(?::param|Args|Parameters|Returns|Example)"
)
_NOISE = re.compile(
    r"https?://\S+|<[^>]{1,60}>|[{@]\w+|copyright.*|license.*|spdx.*|\bTODO\b.*", re.IGNORECASE
)
_LEGAL = re.compile(
    r"copyright|licen[sc]e|permission is hereby|all rights reserved|spdx|warranty", re.IGNORECASE
)


def split_doc(doc: str) -> tuple[str, str]:
    """First sentence and the rest; both empty for legal text."""
    if _LEGAL.search(doc[:400]):
        return "", ""
    doc = _NOISE.sub(" ", doc).strip()
    end = _SUMMARY_END.search(doc, 12)
    return (doc, "") if end is None else (doc[: end.start()], doc[end.start() :])


def encode(file: Path, tokenizer: WordTokenizer) -> list[tuple[int, str, bytes, list[int], bytes]]:
    """The definitions of one package: file number, language, packed ids, field borders, content key."""
    found = []
    for number, (path, language, module_doc, records) in enumerate(pickle.loads(file.read_bytes())):
        path_words = words(path.rpartition(".")[0])[-LIMITS[0] :]
        stem = path.rpartition("/")[2].rpartition(".")[0]
        rows = list(records)
        if module_doc:
            names = " ".join(record[2] for record in records if record[0] != "text")
            rows.append(("module", "", stem, "", module_doc, names))
        for kind, container, name, signature, doc, raw_body in rows:
            body = raw_body if isinstance(raw_body, str) else raw_body.decode("utf-8", "replace")
            if kind == "text":
                name, signature = "", ""
            summary, details = split_doc(doc)
            texts = (container, name, signature, summary, details)
            fields = [path_words, *(words(text) for text in texts), list(dict.fromkeys(words(body)))]
            packed, borders = [], [0]
            for part, limit in zip(fields, LIMITS, strict=True):
                ids = tokenizer.ids(" ".join(part[:limit]))
                packed.append(ids[ids > 0].astype(np.uint16))
                borders.append(borders[-1] + len(packed[-1]))
            key = blake2b(
                repr((name, summary, fields[6][:40], signature)).encode("utf-8", "replace"), digest_size=8
            )
            found.append((number, language, np.concatenate(packed).tobytes(), borders, key.digest()))
    return found


def main() -> None:
    mined, folder = Path(sys.argv[1]), Path(sys.argv[2])
    tokenizer = WordTokenizer.read(folder / "tokenizer.json")
    (folder / "ids").mkdir(exist_ok=True)
    flat: list[bytes] = []
    borders: list[NDArray[np.int64]] = []
    package_of: list[int] = []
    file_of: list[int] = []
    language_of: list[str] = []
    seen: set[bytes] = set()
    by_language: Counter[str] = Counter()
    documented: Counter[str] = Counter()
    position = files = 0
    packages = sorted(mined.glob("*.pickle"))
    for package, file in enumerate(packages):
        cached = folder / "ids" / file.name
        if not cached.exists() or cached.stat().st_mtime < file.stat().st_mtime:
            cached.write_bytes(pickle.dumps(encode(file, tokenizer)))
        last = -1
        for number, language, packed, border, key in pickle.loads(cached.read_bytes()):
            if key in seen:
                continue
            seen.add(key)
            files += number != last
            last = number
            flat.append(packed)
            borders.append(np.array(border, np.int64) + position)
            position += border[-1]
            package_of.append(package)
            file_of.append(files)
            language_of.append(language)
            by_language[language] += 1
            documented[language] += border[5] - border[4] >= 3
    languages = sorted(by_language)
    arrays = {
        "flat": np.frombuffer(b"".join(flat), np.uint16),
        "borders": np.array(borders),
        "package": np.array(package_of, np.int32),
        "source": np.array(file_of, np.int32),
        "language": np.array([languages.index(language) for language in language_of], np.int16),
    }
    for name, array in arrays.items():
        np.save(folder / f"data-{name}.npy", array)
    counts = {
        "packages": len(packages),
        "files": files,
        "definitions": dict(by_language.most_common()),
        "documented": dict(documented.most_common()),
    }
    (folder / "counts-by-language.json").write_text(json.dumps(counts, indent=1))
    print(f"{len(packages)} packages, {files} files, {len(borders)} definitions, {position} tokens")
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
