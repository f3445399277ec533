"""Writes the trained rows into the package: `export.py ROWS.npy TOKENIZER.json [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from table import save_table

NAME = "codanna-code-256"
PACKAGE = Path(__file__).parent.parent / "core" / "codanna_core" / "embed" / "models" / NAME


def main() -> None:
    rows = np.load(sys.argv[1]).astype(np.float64)
    rows[0] = 0.0  # The unknown token carries no meaning.
    folder = Path(sys.argv[3]) if len(sys.argv) > 3 else PACKAGE
    save_table(folder, NAME, rows, Path(sys.argv[2]))
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder}: {len(rows)} rows, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
