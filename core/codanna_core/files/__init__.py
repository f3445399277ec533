"""Which files make up a workspace, what they are, and what changed since the last look."""

from codanna_core.files.changes import Changes, compare
from codanna_core.files.content import classify_content, content_hash, decode, to_utf8
from codanna_core.files.found import Scan, ScanKind
from codanna_core.files.listing import Listing
from codanna_core.files.reading import open_regular, read_regular, read_up_to
from codanna_core.files.reasons import SkipReason
from codanna_core.files.rules import OWN_IGNORE_FILE
from codanna_core.files.table import FileRecord, FileStat, FileTable
from codanna_core.files.walk import are_indexable, is_indexable, scan

__all__ = [
    "OWN_IGNORE_FILE",
    "Changes",
    "FileRecord",
    "FileStat",
    "FileTable",
    "Listing",
    "Scan",
    "ScanKind",
    "SkipReason",
    "are_indexable",
    "classify_content",
    "compare",
    "content_hash",
    "decode",
    "is_indexable",
    "open_regular",
    "read_regular",
    "read_up_to",
    "scan",
    "to_utf8",
]
