"""Export a trained tagger: the encoder to 8-bit ONNX, the heads to numpy arrays, digests and tokenizer beside them.

And read one back, with the weights rounded as they are.
"""

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from kg.errors import UsageError
from kg.extract.features import HINTS
from kg.extract.pieces import SHAPES
from kg.extract.tagger import FILES
from kg.train.encoder import HEAD, Encoder, tokenizer_json
from kg.train.tagger import Tagger


class _Exported(nn.Module):
    """Encoder with hints, for one paper without padding."""

    def __init__(self, model: Tagger) -> None:
        super().__init__()
        self.model = model

    def forward(self, pieces: Tensor, shapes: Tensor, hints: Tensor) -> Tensor:
        """One vector a piece: 1 x pieces x width."""
        return self.model.vectors(pieces, shapes, hints, None)


def export(model: Tagger, folder: Path) -> None:
    """Write ``encoder.onnx``, ``heads.npz``, ``tokenizer.json`` and ``digests.json`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    model = model.cpu().float().eval()
    _write_encoder(model, folder / "encoder.onnx")
    heads = {
        name: value.numpy().astype(np.float16 if value.numel() > 1000 else np.float32)
        for name, value in model.state_dict().items()
        if not name.startswith(("encoder.", "hint.")) and not name.endswith("_allowed")
    }
    heads["transitions"] = (model.transitions + model.transitions_allowed).detach().numpy().astype(np.float32)
    np.savez(folder / "heads.npz", **heads)
    (folder / "tokenizer.json").write_text(tokenizer_json() + "\n", encoding="utf-8")
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    (folder / "digests.json").write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


def _write_encoder(model: Tagger, path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    size = 24
    example = (
        torch.randint(1000, 2000, (1, size)),
        torch.randint(0, SHAPES, (1, size)),
        torch.randint(0, HINTS, (1, size)),
    )
    length = torch.export.Dim("length", min=4, max=512)
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "encoder.onnx"
        torch.onnx.export(
            _Exported(model).eval(),
            example,
            plain,
            input_names=["pieces", "shapes", "hints"],
            output_names=["hidden"],
            dynamic_shapes=({1: length}, {1: length}, {1: length}),
            dynamo=True,
            external_data=False,
        )
        quantize_dynamic(
            plain,
            path,
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )


def read(folder: Path) -> Tagger:
    """Read what `export` wrote, weights of 8 bits as the numbers that they stand for.

    Raises UsageError where a file is missing.
    """
    import onnx
    from onnx.numpy_helper import to_array

    for name in FILES:
        if not (folder / name).is_file():
            raise UsageError(f"{folder}: no {name} here; name a folder that kg train wrote")
    graph = onnx.load(folder / "encoder.onnx").graph
    arrays = {tensor.name: to_array(tensor) for tensor in graph.initializer}

    def weight(name: str) -> Tensor:
        rounded = arrays[f"{name}_quantized"].astype(np.float32) - arrays[f"{name}_zero_point"].astype(np.float32)
        return torch.from_numpy(rounded * arrays[f"{name}_scale"])

    state = {
        name.removeprefix("model."): torch.tensor(array)
        for name, array in arrays.items()
        if name.startswith("model.") and name.endswith((".weight", ".bias"))
    }
    for name in ("hint", "encoder.word", "encoder.position", "encoder.shape"):
        state[f"{name}.weight"] = weight(f"model.{name}.weight")
    # The products lost their names in the export, but stand in the order of use.
    products = [node.input[1].removesuffix("_quantized") for node in graph.node if node.op_type == "MatMulInteger"]
    for place, name in enumerate(products):
        layer, part = divmod(place, 4)
        state[f"encoder.layers.{layer}.{('qkv', 'out', 'up', 'down')[part]}.weight"] = weight(name).T
    model = Tagger(
        Encoder(
            sizes=[
                (state[f"encoder.layers.{i}.out.weight"].shape[1] // HEAD, len(state[f"encoder.layers.{i}.up.weight"]))
                for i in range(len(products) // 4)
            ]
        )
    )
    with np.load(folder / "heads.npz", allow_pickle=False) as heads:
        state |= {name: torch.from_numpy(heads[name].astype(np.float32)) for name in heads.files}
    state["transitions"] -= model.transitions_allowed
    state |= {name: value for name, value in model.state_dict().items() if name.endswith("_allowed")}
    model.load_state_dict(state)
    model.eval()
    return model
