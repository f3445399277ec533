"""The tantivy index: one writer, immutable snapshots for readers, a generation number in every commit."""

from __future__ import annotations

import errno
import math
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import orjson
import tantivy
from numpy.typing import NDArray

from codanna_core.errors import IndexCorrupt, InvalidQuery
from codanna_core.storage.private import make_folder
from codanna_core.text.documents import pack_payload, unpack_payload
from codanna_core.text.impact import LEVELS, VALUES
from codanna_core.text.schema import TERMS, WORDS, build_schema, code_analyzer, terms_tokenizer
from codanna_core.text.verify import check_names, read_json

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

Address: TypeAlias = tantivy.DocAddress
"""Where a document of a snapshot is."""

# The meta document shares the `file` field; no path can start with a NUL byte.
_META = "\x00meta"
_BULK_HEAP = 192_000_000
_SAVE_HEAP = 30_000_000
_UNION_LIMIT = 1000
_MANTISSA = 24
"""Bits of a score. Whole numbers of so many bits have the same sum in every order, unlike fractions."""
_SPARE = 4
"""One more for so many wanted is looked at, to see which of them tie with the last."""
_MOST_TIED = 1 << 14
"""More documents than this are not sorted out because they tie."""
_LEAST_FREE = 256 << 10
"""With less than this on the disk no segment can be written."""
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_ENVIRONMENT = frozenset(
    number
    for name in (
        *("EACCES", "EPERM", "EROFS", "EMFILE", "ENFILE", "EIO", "ENOSPC", "EDQUOT", "ENOMEM", "EBUSY"),
        *("EAGAIN", "EINTR", "ESTALE", "ETIMEDOUT", "ENOLCK"),
    )
    if (number := getattr(errno, name, None)) is not None
)
"""What the operating system refuses although the files are as they were written."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Restrictions in terms of indexed fields, each a list of alternatives."""

    languages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    """Exact paths of files."""
    path_regexes: tuple[str, ...] = ()
    container_words: tuple[tuple[str, ...], ...] = ()
    excluded_words: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.languages
            or self.kinds
            or self.owners
            or self.path_regexes
            or self.container_words
            or self.excluded_words
        )


class StoredSymbol(NamedTuple):
    """A symbol document as read back. A tuple is made three times as fast as a frozen dataclass, and two
    hundred of them for every letter typed.
    """

    name: str
    kind: str
    container: str
    language: str
    path: str
    signature: str
    doc: str
    start_line: int
    start_col: int
    end_line: int
    end_col: int
    name_line: int
    name_col: int
    name_end_col: int
    flags: int
    key: int


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file document as read back."""

    path: str
    mtime_ns: int
    size: int
    seen_ns: int
    digest: bytes
    language: str
    symbols: int
    problems: tuple[tuple[str, str], ...]


class _Part(NamedTuple):
    """A term of a field, and what it adds to the score of a document that holds it."""

    field: str
    term: str
    weight: float


_Order: TypeAlias = Callable[[list[Address]], NDArray[np.uint64]]


class TextSnapshot:
    """One committed state. Any number of threads may read it; a later commit does not change it."""

    def __init__(self, searcher: tantivy.Searcher, schema: tantivy.Schema, folder: Path) -> None:
        self._searcher = searcher
        self._schema = schema
        self.folder = folder
        self._analyzer = code_analyzer()
        self._path_queries: dict[tuple[str, ...], tantivy.Query] = {}
        """Those of the question that is being answered: each search of it would compile them again."""
        self._frequencies: dict[tuple[str, str], int] = {}
        self.generation, self.missing = self._read_meta()

    def _read_meta(self) -> tuple[int, int]:
        """The generation, and how many files the run that made it had still to read."""
        found = self._find(self._term("file", _META), 1)
        stated = self._payload(found[0][1]) if found else [0]
        # Indexes from before the second number was written were complete or are completed by the next run.
        return int(stated[0]), int(stated[1]) if len(stated) > 1 else 0

    @property
    def symbol_count(self) -> int:
        """How many symbol documents there are; costs a pass over one column."""
        with _guarded(self.folder):
            found = self._searcher.search(self._restricted(None, None), 1, count=True)
        return int(found.count or 0)

    @property
    def file_count(self) -> int:
        """How many file documents there are."""
        return max(0, self.document_count - self.symbol_count - (1 if self.generation else 0))

    def analyze(self, text: str) -> list[str]:
        """Query words as the index knows them, each once, in order."""
        return list(dict.fromkeys(self._analyzer.analyze(text)))

    @property
    def analyzer(self) -> tantivy.TextAnalyzer:
        """What analyses words; unlike the snapshot it may be kept."""
        return self._analyzer

    def document_frequency(self, field: str, term: str) -> int:
        """How many documents hold an analysed term, deleted ones not counted."""
        known = self._frequencies.get((field, term))
        if known is None:
            known = 0
            if self._searcher.doc_freq(field, term):
                with _guarded(self.folder):
                    known = int(self._searcher.search(self._term(field, term), 1, count=True).count or 0)
            self._frequencies[field, term] = known
        return known

    @property
    def document_count(self) -> int:
        """Documents of every type, deleted ones not counted."""
        return int(self._searcher.num_docs)

    def _find(self, query: tantivy.Query, limit: int) -> list[tuple[float, tantivy.DocAddress]]:
        with _guarded(self.folder):
            return list(self._searcher.search(query, limit, count=False).hits)

    def _best(
        self, parts: Sequence[_Part], limit: int, only: Filter | None, order: _Order
    ) -> list[tuple[float, Address]]:
        """The documents of the highest sums of the weights of what they hold.

        Where some tie with the last of them, their content decides and not where they are; where too many
        do, all of these are left out.
        """
        unit = 2.0 ** (_MANTISSA - 1 - math.ceil(math.log2(sum(part.weight for part in parts))))
        weights = [float(round(unit * part.weight)) for part in parts]
        query = self._restricted(
            tantivy.Query.boolean_query(
                [
                    (tantivy.Occur.Should, tantivy.Query.const_score_query(self._term(*part[:2]), weight))
                    for part, weight in zip(parts, weights, strict=True)
                ]
            ),
            only,
        )
        wanted = limit + limit // _SPARE
        while True:
            found = self._find(query, wanted)
            last = found[-1][0] if found else 0.0
            above = [hit for hit in found if hit[0] > last]
            if len(found) < wanted or len(above) >= limit:
                break
            if 2 * len(above) < limit and weights.count(last) == 1:
                alone = self._alone(parts, weights.index(last), only)
                found = above + [(last, place) for place in self._lowest(alone, limit - len(above))]
                break
            if 2 * len(above) >= limit or wanted >= _MOST_TIED:
                found = above
                break
            wanted *= 8
        if len(found) > limit:
            bound = found[limit - 1][0]
            above = [hit for hit in found if hit[0] > bound]
            tied = [address for score, address in found if score == bound]
            ranks = np.argsort(order(tied), kind="stable")[: limit - len(above)]
            found = above + [(bound, tied[rank]) for rank in ranks.tolist()]
        return [(score / unit, address) for score, address in found]

    def _alone(self, parts: Sequence[_Part], number: int, only: Filter | None) -> tantivy.Query:
        """Documents that hold one of the parts and none of the others."""
        must, not_any = tantivy.Occur.Must, tantivy.Occur.MustNot
        query = tantivy.Query.boolean_query(
            [
                (must if place == number else not_any, self._term(part.field, part.term))
                for place, part in enumerate(parts)
            ]
        )
        return self._restricted(query, only)

    def _first(self, query: tantivy.Query, limit: int) -> list[Address]:
        """Documents that meet a condition; of more than `limit` those whose files have the lowest keys."""
        found = self._find(query, limit + 1)
        return [address for _, address in found] if len(found) <= limit else self._lowest(query, limit)

    def _lowest(self, query: tantivy.Query, limit: int) -> list[Address]:
        """The documents that meet a condition whose files have the lowest keys."""
        order = tantivy.Order.Asc
        with _guarded(self.folder):
            found = self._searcher.search(query, limit, count=False, order_by_field="file_key", order=order)
        return [address for _, address in found.hits]

    def file_order(self, addresses: list[Address]) -> NDArray[np.uint64]:
        """Numbers that order files by what they are."""
        return self.column("file_key", addresses)

    def content_order(self, addresses: list[Address]) -> NDArray[np.uint64]:
        """Numbers that order symbols by what they are, wherever the index has put them: by file, and inside
        a file from its beginning on.
        """
        files, places = self.column("file_key", addresses), self.column("traits", addresses) >> 16
        ranks = np.empty(len(addresses), np.uint64)
        ranks[np.lexsort((places, files))] = np.arange(len(addresses), dtype=np.uint64)
        return ranks

    def search(
        self, shares: Mapping[str, float], limit: int, only: Filter | None = None
    ) -> list[tuple[float, Address]]:
        """Best symbols for analysed terms: the sum of their shares, each times its level in the symbol."""
        if not shares or limit <= 0:
            return []
        parts = [
            _Part(WORDS, term + level, share * value)
            for term, share in shares.items()
            for level, value in VALUES.items()
        ]
        return self._best(parts, limit, only, self.content_order)

    def holding(
        self, field: str, weights: Mapping[str, float], limit: int, only: Filter | None = None
    ) -> list[tuple[float, Address]]:
        """Documents by the sum of the weights of the analysed terms that a field holds, however often."""
        if not weights or limit <= 0:
            return []
        parts = [_Part(field, term, weight) for term, weight in weights.items()]
        order = self.content_order if field == "name" else self.file_order
        return self._best(parts, limit, only, order)

    def column(self, name: str, addresses: list[tantivy.DocAddress]) -> NDArray[np.uint64]:
        """One number of each document (`file_key`, `traits`), without reading the documents."""
        with _guarded(self.folder):
            values = self._searcher.fast_field_values(name, addresses)
            if None in values:
                raise IndexCorrupt(self.folder, f"a document lacks its {name}")
            return np.array(values, np.uint64)

    def path_of_file(self, address: tantivy.DocAddress) -> str:
        """The path that a file document is about."""
        return str(self._payload(address)[0])

    def named(self, names: Sequence[str], limit: int, only: Filter | None = None) -> list[tantivy.DocAddress]:
        """Symbols with exactly one of these names."""
        if not names:
            return []
        query = self._restricted(
            tantivy.Query.const_score_query(self._any_of("exact", names), 1.0),
            only,
        )
        return self._first(query, limit)

    def passing(self, only: Filter, limit: int) -> list[tantivy.DocAddress]:
        """Symbols that pass a filter."""
        return self._first(self._restricted(None, only), limit)

    def with_keys(
        self, keys: Sequence[int], limit: int, only: Filter | None = None
    ) -> list[tuple[int, tantivy.DocAddress]]:
        """Symbols whose embedding text has one of these keys, as (key, address)."""
        if not keys:
            return []
        query = self._restricted(
            tantivy.Query.const_score_query(self._any_of("key", keys), 1.0),
            only,
        )
        addresses = self._first(query, limit)
        found = self._searcher.fast_field_values("key", addresses)
        return [(int(key), address) for key, address in zip(found, addresses, strict=True) if key is not None]

    def count(self, only: Filter) -> int:
        """How many symbols a filter lets through."""
        return int(self._searcher.search(self._restricted(None, only), 1, count=True).count or 0)

    def keys(self, only: Filter | None = None, limit: int | None = None) -> list[int]:
        """Embedding keys of all symbols that pass a filter."""
        query = self._restricted(None, only)
        wanted = limit if limit is not None else max(1, self.document_count)
        addresses = [address for _, address in self._find(query, wanted)]
        return [int(key) for key in self._searcher.fast_field_values("key", addresses) if key is not None]

    def symbol(self, address: tantivy.DocAddress) -> StoredSymbol:
        """Read one symbol document; raises IndexCorrupt where the store is damaged."""
        return StoredSymbol(*self._payload(address))

    def symbols(self, addresses: Iterable[tantivy.DocAddress]) -> list[StoredSymbol]:
        """Read many symbol documents at once."""
        with _guarded(self.folder):
            return [StoredSymbol._make(self._unpacked(address)) for address in addresses]

    def symbols_of(self, path: str, limit: int = 100_000) -> list[StoredSymbol]:
        """All symbols of one file, in the order of the file."""
        query = tantivy.Query.const_score_query(self._term("owner", path), 1.0)
        addresses = [address for _, address in self._find(query, limit)]
        numbers = (self.column("traits", addresses) >> 16).tolist()
        return [
            self.symbol(addresses[place]) for place in sorted(range(len(numbers)), key=numbers.__getitem__)
        ]

    def file(self, path: str) -> StoredFile | None:
        """The file document of a path, if it is indexed."""
        found = self._find(self._term("file", path), 1)
        return self._stored_file(found[0][1]) if found else None

    def files(self) -> Iterator[StoredFile]:
        """Every file document; slow on large indexes, for rebuilding what is derived from them."""
        every = tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Must, tantivy.Query.all_query()),
                (tantivy.Occur.MustNot, tantivy.Query.exists_query("key")),
            ]
        )
        for _, address in self._find(every, max(1, self.document_count)):
            payload = self._payload(address)
            if isinstance(payload[0], str):
                yield self._to_file(payload)

    def names(self) -> list[str]:
        """Every distinct symbol name."""
        every = tantivy.Query.all_query()  # Deleted documents do not meet it, whose terms are still there.
        return sorted([name for name, _ in self._searcher.terms_with_prefix("exact", "", every) if name])

    def _stored_file(self, address: tantivy.DocAddress) -> StoredFile:
        return self._to_file(self._payload(address))

    @staticmethod
    def _to_file(payload: list[Any]) -> StoredFile:
        path, mtime_ns, size, seen_ns, digest, language, symbols, problems = payload
        assert isinstance(problems, list)
        return StoredFile(
            str(path),
            int(str(mtime_ns)),
            int(str(size)),
            int(str(seen_ns)),
            bytes.fromhex(str(digest)),
            str(language),
            int(str(symbols)),
            tuple((str(code), str(message)) for code, message in problems),
        )

    def _payload(self, address: tantivy.DocAddress) -> list[Any]:
        with _guarded(self.folder):
            return self._unpacked(address)

    def _unpacked(self, address: tantivy.DocAddress) -> list[Any]:
        raw = self._searcher.doc(address).get_first("data")
        if raw is None:
            raise IndexCorrupt(self.folder, "a stored document has no content")
        return unpack_payload(bytes(raw))

    def _any_of(self, field: str, values: Sequence[str] | Sequence[int]) -> tantivy.Query:
        # A union of terms is some ten times faster than a set, which walks every segment's dictionary; only
        # for thousands of terms the set is better.
        if len(values) > _UNION_LIMIT:
            return tantivy.Query.term_set_query(self._schema, field, list(values))
        union = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, field, value)) for value in values
        ]
        return tantivy.Query.boolean_query(union)

    def _term(self, field: str, value: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, value)

    def _restricted(self, query: tantivy.Query | None, only: Filter | None) -> tantivy.Query:
        must = tantivy.Occur.Must
        parts: list[tuple[tantivy.Occur, tantivy.Query]] = []
        if query is not None:
            parts.append((must, query))
        if only:
            for field, values in (("lang", only.languages), ("kind", only.kinds), ("owner", only.owners)):
                if values:
                    parts.append((must, _free(self._any_of(field, values))))
            if only.path_regexes:
                parts.append((must, self._any_path(only.path_regexes)))
            for words in only.container_words:
                terms = self.analyze(" ".join(words))
                parts.extend((must, _free(self._term("container", term))) for term in terms)
            for word in only.excluded_words:
                for term in self.analyze(word):
                    parts.extend((tantivy.Occur.MustNot, self._term(WORDS, term + level)) for level in LEVELS)
        if query is None:
            parts.append((must, tantivy.Query.exists_query("key")))
        if len(parts) == 1 and query is not None:
            return query
        return tantivy.Query.boolean_query(parts)

    def _any_path(self, regexes: tuple[str, ...]) -> tantivy.Query:
        if (known := self._path_queries.get(regexes)) is not None:
            return known
        try:
            queries = [tantivy.Query.regex_query(self._schema, "owner", regex) for regex in regexes]
        except ValueError as error:
            raise InvalidQuery(f"a path filter cannot be understood ({error})") from error
        made = _free(tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries]))
        self._path_queries = {regexes: made}
        return made


def told_by(error: BaseException, folder: Path, what: str) -> OSError | IndexCorrupt:
    """What an error met in the index means: the environment's fault, which passes, or damage, which is
    healed by building the index anew.
    """
    number = error.errno if isinstance(error, OSError) else None
    if number is None and (found := _OS_ERROR.search(str(error))):
        number = int(found[1])  # Tantivy tells everything by ValueError.
    if number in _ENVIRONMENT:
        assert number is not None
        return OSError(number, os.strerror(number), str(getattr(error, "filename", None) or folder))
    return IndexCorrupt(folder, f"the text index {what} ({error})")


@contextmanager
def _guarded(folder: Path) -> Iterator[None]:
    """Turn what tantivy throws, panics included, into what it means."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise told_by(error, folder, "cannot be read") from error
    except BaseException as error:
        # A Rust panic arrives as a BaseException of a class that cannot be imported.
        if type(error).__name__ == "PanicException":
            raise told_by(error, folder, "is damaged") from error
        raise


def _free(query: tantivy.Query) -> tantivy.Query:
    """A condition that adds nothing to the score."""
    return tantivy.Query.const_score_query(query, 0.0)


class TextIndex:
    """Opens or makes the index folder. Reading needs no lock; `writer` is for the one process that holds
    it.
    """

    def __init__(self, folder: Path, *, create: bool) -> None:
        self.folder = folder
        self._schema = build_schema()
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._snapshot: TextSnapshot | None = None
        self._links: TemporaryDirectory[str] | None = None
        meta = folder / "meta.json"
        if create:
            make_folder(folder)
        elif not os.access(folder, os.W_OK):
            from tempfile import TemporaryDirectory

            # Tantivy locks even to read, which a place that cannot be written does not let it do.
            self._links = TemporaryDirectory(prefix="codanna-lsp-")
        try:
            if create and not meta.exists():
                self._index = tantivy.Index(self._schema, str(folder), reuse=False)
            else:
                self._check_meta(meta)
                self._link()
                self._index = tantivy.Index(
                    self._schema, self._links.name if self._links is not None else str(folder), reuse=True
                )
            self._index.register_tokenizer(TERMS, terms_tokenizer())
            self._index.config_reader("manual")
            self._index.reload()
        except ValueError as error:
            raise told_by(error, folder, "cannot be opened") from error

    def _check_meta(self, meta: Path) -> None:
        # Tantivy panics on some kinds of damage, so what can be checked cheaply is checked before it looks.
        try:
            check_names(self.folder)
            described = read_json(meta)
            segments = [segment["segment_id"].replace("-", "") for segment in described["segments"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise told_by(error, meta, "cannot be read") from error
        for segment in segments:
            if not (self.folder / f"{segment}.store").exists():
                raise IndexCorrupt(meta, f"names the segment {segment}, which is not there")

    def _link(self) -> None:
        if self._links is None:
            return
        for entry in os.scandir(self.folder):
            link = os.path.join(self._links.name, entry.name)
            if not entry.name.startswith(".tantivy") and not os.path.lexists(link):
                os.symlink(os.path.abspath(entry.path), link)

    def snapshot(self) -> TextSnapshot:
        """The newest committed state, whichever process committed it."""
        info = os.stat(self.folder / "meta.json")
        stamp = (info.st_mtime_ns, info.st_size, info.st_ino)
        with self._lock:
            if self._snapshot is None or stamp != self._stamp:
                try:
                    self._link()
                    self._index.reload()
                    self._snapshot = TextSnapshot(self._index.searcher(), self._schema, self.folder)
                except ValueError as error:
                    raise told_by(error, self.folder, "cannot be read") from error
                self._stamp = stamp
            return self._snapshot

    def writer(self, *, bulk: bool) -> TextWriter:
        """A writer; `bulk` takes more memory to index a large folder with fewer segments."""
        try:
            writer = self._index.writer(_BULK_HEAP if bulk else _SAVE_HEAP, 1)
        except ValueError as error:
            raise told_by(error, self.folder, "cannot be written") from error
        # A new writer counts its operations from the number of the last commit, and a merge takes the first
        # of them for a part of that commit and passes over it. So the first one deletes nothing.
        writer.delete_documents_by_term("file", _META + "\x00")
        # A process that was killed in the middle of a commit leaves a list of deleted documents that no state
        # names, and the same work done again writes one of the same name.
        with _writing(self.folder):
            writer.garbage_collect_files()
        return TextWriter(writer, self, self.snapshot())


class TextWriter:
    """Collects changes and commits them at once. Used by one thread."""

    def __init__(self, writer: tantivy.IndexWriter, index: TextIndex, base: TextSnapshot) -> None:
        self._writer = writer
        self._index = index
        self._generation = base.generation
        self.missing = self._stated_missing = base.missing
        """Files of the folder that are still to be read; every commit states it."""

    @property
    def has_to_restate(self) -> bool:
        """Whether there is no commit yet, or it states another number of missing files than there are."""
        return self.missing != self._stated_missing or not self._generation

    def delete_file(self, path: str) -> None:
        """Forget a file and its symbols."""
        with _writing(self._index.folder):
            self._writer.delete_documents_by_term("owner", path)
            self._writer.delete_documents_by_term("file", path)

    def add_file(self, file_document: str, symbol_documents: Iterable[str]) -> None:
        """Add a file with its symbols."""
        add = self._writer.add_json
        with _writing(self._index.folder):
            for document in symbol_documents:
                add(document)
            add(file_document)

    def commit(self, checkpoint: Callable[[str], None]) -> int:
        """Publish the changes as the next generation."""
        missing = self.missing
        payload = pack_payload((self._generation + 1, missing))
        with _writing(self._index.folder):
            self._writer.delete_documents_by_term("file", _META)
            self._writer.add_json(orjson.dumps({"file": _META, "data": payload}).decode("ascii"))
            checkpoint("text:before-commit")
            self._writer.commit()
        self._generation += 1
        self._stated_missing = missing
        checkpoint("text:after-commit")
        return self._generation

    def abandon(self) -> None:
        """Drop what was not committed and release tantivy's own lock, whatever state the writer is in."""
        try:
            self._writer.rollback()
        except ValueError:
            pass  # A writer that died of a full disk cannot roll back; nothing of it was published anyway.
        del self._writer

    def close(self, *, wait_for_merges: bool) -> None:
        """Release tantivy's own lock. Merges that are not waited for are given up and done another time."""
        if wait_for_merges:
            self._writer.wait_merging_threads()
        del self._writer


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Tantivy tells everything by ValueError; what the environment did wrong is an OSError for everybody
    else.
    """
    try:
        yield
    except ValueError as error:
        told = told_by(error, folder, "cannot be written")
        if isinstance(told, OSError):
            raise told from error
        # A write that failed in one of tantivy's threads is only told as "the writer was killed".
        if _is_full(folder):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error
        raise OSError(errno.EIO, f"the text index cannot be written ({error})", str(folder)) from error


def _is_full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < _LEAST_FREE
