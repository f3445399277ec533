"""Writes a model folder that fastembed and the package's own reader load."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def save_table(folder: Path, name: str, rows: NDArray[Any], tokenizer: Path) -> None:
    """int8 rows at full scale; what a row's length meant goes into its weight."""
    folder.mkdir(parents=True, exist_ok=True)
    peaks = np.abs(rows).max(axis=1, keepdims=True)
    codes = np.round(rows / np.maximum(peaks, 1e-12) * 127).astype(np.int8)
    weights = (peaks[:, 0] / 127).astype(np.float32)
    write_safetensors(folder / "model.safetensors", {"embeddings": codes, "weights": weights})
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
    digest = hashlib.sha256()
    for file in ("model.safetensors", "tokenizer.json"):
        digest.update((folder / file).read_bytes())
    settings = {"name": name, "dimension": int(rows.shape[1]), "digest": digest.hexdigest()}
    (folder / "config.json").write_text(json.dumps(settings, indent=1) + "\n")


def write_safetensors(path: Path, tensors: dict[str, NDArray[Any]]) -> None:
    """The format is a length, a JSON header and the raw tensors."""
    kinds = {"int8": "I8", "float32": "F32"}
    header: dict[str, Any] = {}
    offset = 0
    for name, tensor in tensors.items():
        header[name] = {
            "dtype": kinds[tensor.dtype.name],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + tensor.nbytes],
        }
        offset += tensor.nbytes
    raw = json.dumps(header).encode()
    raw += b" " * (-len(raw) % 8)
    with path.open("wb") as file:
        file.write(len(raw).to_bytes(8, "little") + raw)
        for tensor in tensors.values():
            file.write(np.ascontiguousarray(tensor).tobytes())
