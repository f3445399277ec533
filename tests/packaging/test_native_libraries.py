"""Native libraries that meet in one process."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("order", ["usearch.index, onnxruntime", "onnxruntime, usearch.index"])
def test_the_graph_index_and_an_onnx_model_live_in_one_process(order: str) -> None:
    """Versions of usearch exist after which importing onnxruntime crashes: none of them is installed."""
    result = subprocess.run([sys.executable, "-c", f"import {order}"], capture_output=True, text=True)
    assert result.returncode == 0, f"import {order} ended with {result.returncode}\n{result.stderr}"
