"""The ONNX graph of a hashed linear model: ids in, exact integer sums out."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def build(weights: np.ndarray) -> onnx.ModelProto:
    """Graph over `weights` int8 [buckets + 1, outputs], whose row 0 (padding) is zero.

    `ids` int32 [batch, length] → `sums` int32 [batch, outputs]. The sum is taken in float32, which every provider has
    a fast kernel for and which is exact: all partial sums are integers below 2^24 as long as a row has fewer than
    132,000 ids, in whatever order they are added.
    """
    if weights.dtype != np.int8 or weights[0].any():
        raise ValueError(f"weights are {weights.dtype} with a padding row of {weights[0]}; int8 and zeros are needed")
    nodes = [
        helper.make_node("Gather", ["weights", "ids"], ["rows"]),
        helper.make_node("Cast", ["rows"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["values", "axes"], ["totals"], keepdims=0),
        helper.make_node("Cast", ["totals"], ["sums"], to=TensorProto.INT32),
    ]
    graph = helper.make_graph(
        nodes, "hashed-ngrams",
        [helper.make_tensor_value_info("ids", TensorProto.INT32, ["batch", "length"])],
        [helper.make_tensor_value_info("sums", TensorProto.INT32, ["batch", weights.shape[1]])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([1], np.int64), "axes")],
    )
    model = helper.make_model(graph, producer_name="corpusgate", opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model
