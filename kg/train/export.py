"""Export a trained tagger: the encoder to 8-bit ONNX, the heads to numpy arrays, digests and tokenizer beside them."""

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from kg.extract.features import HINTS
from kg.extract.pieces import SHAPES
from kg.train.encoder import tokenizer_json
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
    from onnxruntime.quantization import QuantType, quantize_dynamic

    folder.mkdir(parents=True, exist_ok=True)
    model = model.cpu().float().eval()
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
            folder / "encoder.onnx",
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )
    heads = {
        name: value.numpy().astype(np.float16 if value.numel() > 1000 else np.float32)
        for name, value in model.state_dict().items()
        if not name.startswith(("encoder.", "hint.")) and not name.endswith("_allowed")
    }
    heads["transitions"] = (model.transitions + model.transitions_allowed).detach().numpy().astype(np.float32)
    np.savez(folder / "heads.npz", **heads)
    (folder / "tokenizer.json").write_text(tokenizer_json() + "\n", encoding="utf-8")
    digests = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("encoder.onnx", "heads.npz", "tokenizer.json")
    }
    (folder / "digests.json").write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")
