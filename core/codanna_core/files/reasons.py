"""Why a file is not indexed, and the names that tell without opening it."""

from __future__ import annotations

import re
from enum import StrEnum


class SkipReason(StrEnum):
    """Why a file is not indexed; the values are the keys in `status`."""

    IGNORED = "ignored"
    """An ignore file, a setting, or being hidden says so. Counted only where a single file is asked about."""
    COMMON_FOLDER = "common-folder"
    """A whole folder of build output or copies of other projects; counted once for the folder."""
    TOO_LARGE = "too-large"
    BINARY = "binary"
    MINIFIED = "minified"
    GENERATED = "generated"
    SYMLINK = "symlink"
    NOT_A_FILE = "not-a-file"
    """A socket, pipe or device."""
    BAD_NAME = "bad-name"
    """The name is no valid Unicode, so that neither the index nor an editor could name it."""
    UNREADABLE = "unreadable"


CODES: tuple[SkipReason, ...] = (
    SkipReason.IGNORED,
    SkipReason.COMMON_FOLDER,
    SkipReason.TOO_LARGE,
    SkipReason.BINARY,
    SkipReason.MINIFIED,
    SkipReason.GENERATED,
    SkipReason.SYMLINK,
    SkipReason.NOT_A_FILE,
    SkipReason.BAD_NAME,
    SkipReason.UNREADABLE,
)
"""Position + 1 is the number stored for a reason, 0 means not skipped. Stored: only append here."""

CODE_OF: dict[SkipReason | None, int] = {None: 0} | {reason: code for code, reason in enumerate(CODES, 1)}

_BINARY = """
    7z a aac ai aiff apk ar arrow avi avif bin blend bmp br bz2 cab class cpio cur dat db deb dex dll
    dmg doc docx ds_store dylib ear egg elf eot eps exe fbx feather ffdata fla flac flv gif glb gz h5
    hdf5 heic icns ico img iso jar jks jp2 jpeg jpg keystore ko lib lz lz4 lzma m4a m4v mdb mid mkv mo
    mov mp3 mp4 mpeg mpg msi npy npz o obj odp ods odt ogg ogv onnx otf p12 parquet pb pdb pdf pfx pkl
    png ppt pptx psd pyc pyd pyo rar rlib rpm safetensors sketch so sqlite sqlite3 swf swp tar tflite
    tgz tif tiff ttc ttf wasm wav webm webp whl woff woff2 wma wmv xcf xls xlsx xz zip zst zstd
"""
_BINARY_SUFFIXES = frozenset(_BINARY.split())

_LOCK_FILES = """
    bun.lock cargo.lock composer.lock deno.lock flake.lock gemfile.lock go.sum gradle.lockfile mix.lock
    npm-shrinkwrap.json package-lock.json package.resolved packages.lock.json paket.lock pdm.lock
    pipfile.lock pnpm-lock.yaml podfile.lock poetry.lock pubspec.lock uv.lock yarn.lock
"""
_GENERATED_NAMES = frozenset(_LOCK_FILES.split())

_GENERATED_PATTERN = re.compile(
    r"""
      \.(?:[cm]?[jt]sx?|css|dart)\.map$          # source maps
    | _pb2(?:_grpc)?\.pyi?$ | \.pb\.(?:go|h|cc|c|swift|dart)$ | _grpc\.pb\.go$ | \.pb\.gw\.go$
    | \.(?:g|freezed|gr)\.dart$
    | \.(?:designer|g|g\.i)\.(?:cs|vb)$
    """,
    re.VERBOSE,
)
_MINIFIED_PATTERN = re.compile(r"[.-]min\.(?:[cm]?js|css)$|\.bundle\.js$")


def reason_by_name(name: str, skip_generated: bool) -> SkipReason | None:
    """Judge a file by its name alone; most binaries are never even looked at."""
    lower = name.lower()
    _, dot, suffix = lower.rpartition(".")
    if dot and suffix in _BINARY_SUFFIXES:
        return SkipReason.BINARY
    if skip_generated:
        if lower in _GENERATED_NAMES or _GENERATED_PATTERN.search(lower):
            return SkipReason.GENERATED
        if _MINIFIED_PATTERN.search(lower):
            return SkipReason.MINIFIED
    return None


def is_unicode(text: str) -> bool:
    """Whether the index and an editor can name a path."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
