"""Builds the ONNX graph of a BERT sentence encoder from its safetensors weights, without PyTorch or a hub.

Only the architecture of all-MiniLM-L6-v2 and its relatives: absolute positions, post-layer-norm, exact GELU.
Needs the `onnx` package, which the extra `codanna-lsp[minilm]` brings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core.embed.base import keep_quiet
from codanna_core.embed.static_model import read_safetensors
from codanna_core.embed.trusted import check_dimension
from codanna_core.errors import ModelUnavailable

# GELU is one operator since 20; onnxruntime runs it fused.
_OPSET = 20
_MAX_LAYERS = 128
_MASKED = -10_000.0


def write_bert(weights: Path, config: dict[str, Any], target: Path, *, int8: bool) -> None:
    """Write `target`: token ids, attention mask and token types in, the vectors of all tokens out."""
    try:
        import onnx
    except ImportError as error:
        raise ModelUnavailable(
            "building a model needs the extra: pip install 'codanna-lsp[minilm]'"
        ) from error
    if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
        raise ModelUnavailable(
            f"{weights.parent} contains no BERT model with GELU; only those can be converted"
        )
    _check_sizes(weights.parent / "config.json", config)
    graph = _Graph(onnx, read_safetensors(weights), config)
    try:
        model = graph.build()
    except KeyError as error:
        raise ModelUnavailable(f"{weights} lacks the tensor {error}; it is not a BERT encoder") from error
    onnx.checker.check_model(model)
    if not int8:
        onnx.save(model, str(target))
        return
    keep_quiet()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    full = target.with_suffix(".f32.onnx")
    onnx.save(model, str(full))
    try:
        quantize_dynamic(full, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    finally:
        full.unlink()


def _check_sizes(path: Path, config: dict[str, Any]) -> None:
    hidden = check_dimension(path, config.get("hidden_size"))
    layers, heads = config.get("num_hidden_layers"), config.get("num_attention_heads")
    if type(layers) is not int or not 1 <= layers <= _MAX_LAYERS:
        raise ModelUnavailable(f"{path} names {layers!r:.20} layers, not 1 to {_MAX_LAYERS}")
    if type(heads) is not int or not 1 <= heads <= hidden or hidden % heads:
        raise ModelUnavailable(f"{path} names {heads!r:.20} heads, which do not divide {hidden}")


class _Graph:
    """Collects nodes and weights; every method appends one operator and returns the name of its output."""

    def __init__(self, onnx: Any, tensors: dict[str, NDArray[Any]], config: dict[str, Any]) -> None:
        self._onnx = onnx
        self._tensors = {name.removeprefix("bert."): tensor for name, tensor in tensors.items()}
        self._config = config
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def build(self) -> Any:
        """The whole model."""
        helper, types = self._onnx.helper, self._onnx.TensorProto
        output = self._encoder()
        self._nodes.append(helper.make_node("Identity", [output], ["last_hidden_state"]))
        inputs = [
            helper.make_tensor_value_info(name, types.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask", "token_type_ids")
        ]
        hidden = self._config["hidden_size"]
        outputs = [
            helper.make_tensor_value_info("last_hidden_state", types.FLOAT, ["batch", "tokens", hidden])
        ]
        graph = helper.make_graph(self._nodes, "bert", inputs, outputs, list(self._constants.values()))
        # Every onnxruntime since 1.18 reads IR 10; newer onnx packages would write a newer one.
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=10)

    def _encoder(self) -> str:
        words = self._op("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        kinds = self._op("Gather", self._weight("embeddings.token_type_embeddings.weight"), "token_type_ids")
        shape = self._op("Shape", "input_ids")
        length = self._op("Squeeze", self._op("Slice", shape, *map(self._ints, ([1], [2]))), self._ints([0]))
        numbers = self._op("Range", self._int(0), length, self._int(1))
        places = self._op("Gather", self._weight("embeddings.position_embeddings.weight"), numbers)
        state = self._norm(self._op("Add", self._op("Add", words, kinds), places), "embeddings.LayerNorm")
        mask = self._op("Unsqueeze", self._op("Cast", "attention_mask", to=1), self._ints([1, 2]))
        bias = self._op("Mul", self._op("Sub", self._float(1.0), mask), self._float(_MASKED))
        for layer in range(self._config["num_hidden_layers"]):
            state = self._layer(state, bias, f"encoder.layer.{layer}.")
        return state

    def _layer(self, state: str, bias: str, prefix: str) -> str:
        heads = self._config["num_attention_heads"]
        size = self._config["hidden_size"] // heads
        split = self._ints([0, 0, heads, size])

        def heads_of(part: str, order: list[int]) -> str:
            projected = self._linear(state, f"{prefix}attention.self.{part}")
            return self._op("Transpose", self._op("Reshape", projected, split), perm=order)

        query, key = heads_of("query", [0, 2, 1, 3]), heads_of("key", [0, 2, 3, 1])
        scores = self._op("Div", self._op("MatMul", query, key), self._float(float(np.sqrt(size))))
        shares = self._op("Softmax", self._op("Add", scores, bias), axis=-1)
        mixed = self._op("MatMul", shares, heads_of("value", [0, 2, 1, 3]))
        merged = self._op(
            "Reshape", self._op("Transpose", mixed, perm=[0, 2, 1, 3]), self._ints([0, 0, heads * size])
        )
        attended = self._op("Add", self._linear(merged, f"{prefix}attention.output.dense"), state)
        state = self._norm(attended, f"{prefix}attention.output.LayerNorm")
        inner = self._op("Gelu", self._linear(state, f"{prefix}intermediate.dense"))
        return self._norm(
            self._op("Add", self._linear(inner, f"{prefix}output.dense"), state), f"{prefix}output.LayerNorm"
        )

    def _linear(self, state: str, name: str) -> str:
        product = self._op("MatMul", state, self._weight(f"{name}.weight", transposed=True))
        return self._op("Add", product, self._weight(f"{name}.bias"))

    def _norm(self, state: str, name: str) -> str:
        scale, shift = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        epsilon = float(self._config.get("layer_norm_eps", 1e-12))
        return self._op("LayerNormalization", state, scale, shift, axis=-1, epsilon=epsilon)

    def _op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        output = f"{kind}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [output], output, **attributes))
        return output

    def _weight(self, name: str, *, transposed: bool = False) -> str:
        tensor = self._tensors[name].astype(np.float32)
        return self._constant(name, tensor.T if transposed else tensor)

    def _ints(self, values: list[int]) -> str:
        return self._constant("ints_" + "_".join(map(str, values)), np.array(values, np.int64))

    def _int(self, value: int) -> str:
        return self._constant(f"int_{value}", np.array(value, np.int64))

    def _float(self, value: float) -> str:
        return self._constant(f"float_{value}", np.array(value, np.float32))

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        if name not in self._constants:
            self._constants[name] = self._onnx.numpy_helper.from_array(np.array(value, order="C"), name)
        return name
