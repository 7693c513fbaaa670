"""The learned tagger as a spaCy component: the exported encoder in onnxruntime, its small heads in numpy.

One paper goes through the network at a time, without padding, so that nothing depends on which papers share a batch:
dynamic quantisation scales each layer's input by what is in it. Scores are rounded; on processors without 8-bit
dot-product instructions they can still differ in the last digits, and a span at the edge of a threshold with them.
Weights are package data, checked against their digests on load. See ``weights/MODEL_CARD.md``.
"""

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc

from kg.errors import ModelError
from kg.extract.candidates import Candidate
from kg.extract.decode import marginals, spans, viterbi
from kg.extract.features import (
    ENTITY_FEATURES,
    KINDS,
    LABELS,
    PAIR_FEATURES,
    RELATIONS,
    ROLES,
    Words,
    entity_features,
    hints,
    pair_features,
    word_span,
)
from kg.extract.pieces import Pieces, cut
from kg.extract.tokens import text_of
from kg.model import Kind, Paper, Relation, Role

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Array = NDArray[np.float32]

FILES = ("encoder.onnx", "heads.npz", "tokenizer.json")

_AHEAD = 3
"""Documents that wait for the network at a time."""


@lru_cache(maxsize=1)
def _thread_pools() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


_ONE_THREAD = Lock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep numpy's products on one thread: they are so small that threads wait for each other longer than they work.

    To say so takes as long as such a product, so it is said once, around many of them. It holds for the whole process:
    who comes while another has said so, changes nothing.
    """
    if not _ONE_THREAD.acquire(blocking=False):
        yield
        return
    try:
        with _thread_pools().limit(limits=1, user_api="blas"):
            yield
    finally:
        _ONE_THREAD.release()


@dataclass(frozen=True)
class Weights:
    """The loaded model: an onnxruntime session, the heads' arrays by name, and the tokenizer."""

    session: Any
    heads: Mapping[str, Array]
    tokenizer: "Tokenizer"


@dataclass(frozen=True)
class Tagged:
    """What the network says of one paper: a vector and label probabilities a word, and the paper's own vector."""

    pieces: Pieces
    words: Array
    paper: Array
    probabilities: Array
    labels: tuple[int, ...]
    split: int

    @property
    def reach(self) -> int:
        """Where the network stopped reading the document's text."""
        last = self.pieces.words[-1]
        return last.end + (0 if last.field == "title" else self.split)

    def support(self, start: int, end: int, kind: str) -> float | None:
        """Give the probability that ``[start, end)`` is inside a span of ``kind``: that of its least sure word.

        None where the network did not read.
        """
        if end > self.reach:
            return None
        span = word_span(self.pieces, start, end, self.split)
        if span is None:
            return 0.0
        k = 1 + 2 * KINDS.index(kind)
        inside = self.probabilities[span[0] : span[1], k : k + 2].sum(1)
        return float(inside.min())


@dataclass(frozen=True, slots=True)
class _Entity:
    """What the heads read of an entity, and the probabilities of its roles."""

    vector: Array
    features: Array
    spans: list[Words]
    roles: Array


class LearnedJudge:
    """`kg.model.Judge` by the model's role and pair heads, for the mentions of one paper given as word spans."""

    def __init__(
        self, tagged: Tagged, heads: Mapping[str, Array], mentions: Sequence[tuple[str, Words | None]]
    ) -> None:
        self._tagged, self._heads, self._mentions = tagged, heads, mentions
        self._known: dict[tuple[int, ...], _Entity | None] = {}

    def _entity(self, mentions: Sequence[int]) -> _Entity | None:
        """Read an entity once, though it is asked for its role and for each of its links."""
        key = tuple(mentions)
        if key not in self._known:
            self._known[key] = self._read(key)
        return self._known[key]

    def _read(self, mentions: Sequence[int]) -> _Entity | None:
        held = [s for i in mentions if (s := self._mentions[i][1]) is not None]
        if not held:
            return None
        means = np.stack([self._tagged.words[a:b].mean(0) for a, b in held])
        vector = np.concatenate([means.mean(0), means.max(0), self._tagged.paper])
        features = entity_features(self._mentions[mentions[0]][0], held, self._tagged.pieces)
        return _Entity(vector, features, held, self._role(vector, features))

    def _role(self, vector: Array, features: Array) -> Array:
        x = gelu(np.concatenate([vector, features]) @ self._heads["role1.weight"].T + self._heads["role1.bias"])
        return softmax(x @ self._heads["role2.weight"].T + self._heads["role2.bias"])

    @one_thread()
    def role(self, mentions: Sequence[int]) -> Mapping[Role, float]:
        """Give the probability of each role; nothing for mentions beyond the model's reach."""
        entity = self._entity(mentions)
        if entity is None:
            return {}
        return {role: round(float(p), 4) for role, p in zip(ROLES, entity.roles, strict=True)}

    @one_thread()
    def links(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Sequence[Mapping[Relation, float]]:
        """Give the probability of each relation for each pair."""
        ends = {end: self._entity(end) for end in dict.fromkeys(tuple(end) for pair in pairs for end in pair)}
        known = {end: entity for end, entity in ends.items() if entity is not None}
        asked = [(i, tuple(a), tuple(b)) for i, (a, b) in enumerate(pairs) if tuple(a) in known and tuple(b) in known]
        found: list[Mapping[Relation, float]] = [{} for _ in pairs]
        if not asked:
            return found
        # The first layer is linear: what depends on one end alone is computed once an end, not once a pair.
        width, roles = len(self._tagged.paper), len(ROLES)
        sizes = (width, width, width, width, roles, roles, ENTITY_FEATURES, ENTITY_FEATURES, PAIR_FEATURES)
        a, b, both, paper, role_a, role_b, like_a, like_b, near = np.split(
            self._heads["pair1.weight"].T, np.cumsum(sizes)[:-1]
        )
        constant = self._tagged.paper @ paper + self._heads["pair1.bias"]
        as_subject, as_object = {}, {}
        for end, entity in known.items():
            mean = entity.vector[:width]
            as_subject[end] = mean @ a + entity.roles @ role_a + entity.features @ like_a
            as_object[end] = mean @ b + entity.roles @ role_b + entity.features @ like_b
        products = np.stack([known[x].vector[:width] * known[y].vector[:width] for _, x, y in asked])
        places = np.stack([pair_features(known[x].spans, known[y].spans) for _, x, y in asked])
        apart = np.stack([as_subject[x] + as_object[y] for _, x, y in asked])
        hidden = gelu(apart + products @ both + places @ near + constant)
        scores = 1 / (1 + np.exp(-(hidden @ self._heads["pair2.weight"].T + self._heads["pair2.bias"])))
        for (i, _, _), row in zip(asked, scores, strict=True):
            found[i] = {r: round(float(p), 4) for r, p in zip(RELATIONS, row, strict=True)}
        return found


def gelu(x: Array) -> Array:
    """The exact Gaussian error linear unit, by the error function's approximation 7.1.26 of Abramowitz and Stegun."""
    z = np.abs(x) / np.sqrt(2.0)
    t = 1 / (1 + 0.3275911 * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - poly * np.exp(-z * z))
    return np.asarray(0.5 * x * (1 + erf), dtype=np.float32)


def softmax(x: Array) -> Array:
    """Probabilities along the last axis."""
    e = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True), dtype=np.float32)


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """Load the model that comes with the program; raises ModelError where a file is missing or not as published."""
    import onnxruntime
    from tokenizers import Tokenizer

    folder = resources.files("kg.extract") / "weights"
    try:
        digests = json.loads((folder / "digests.json").read_text("utf-8"))
        data = {name: (folder / name).read_bytes() for name in FILES}
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder}: the tagger's weights are missing ({error}); reinstall, or use --tagger rules"
        ) from None
    for name in FILES:
        if hashlib.sha256(data[name]).hexdigest() != digests.get(name):
            raise ModelError(f"{folder / name}: damaged, its digest is not the published one; reinstall")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The fused kernel for residual and normalisation is several times slower on CPUs than the two apart.
    session = onnxruntime.InferenceSession(
        data["encoder.onnx"],
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=["SkipLayerNormFusion"],
    )
    import io

    with np.load(io.BytesIO(data["heads.npz"]), allow_pickle=False) as arrays:
        heads = {name: arrays[name].astype(np.float32) for name in arrays.files}
    return Weights(session, heads, Tokenizer.from_buffer(data["tokenizer.json"]))


@dataclass(frozen=True)
class _Asked:
    """What the network is asked of one document, whose abstract begins at ``split``."""

    pieces: Pieces
    inputs: Mapping[str, NDArray[np.int64]]
    split: int


def tag(text: str, title_end: int, candidates: Sequence[Candidate], weights: Weights) -> Tagged | None:
    """Run the network over one document, its title ending at ``title_end`` (-1: none); None where it has no word."""
    asked = _ask(text, title_end, candidates, weights)
    return _told(asked, _run(asked, weights), weights) if asked else None


def _ask(text: str, title_end: int, candidates: Sequence[Candidate], weights: Weights) -> _Asked | None:
    split = title_end + 1
    pieces = cut(Paper("", text[: max(0, title_end)], text[split:]), weights.tokenizer)
    if not pieces.words:
        return None
    hint = hints(pieces, candidates, split)
    spread = np.zeros((1, len(pieces.pieces)), dtype=np.int64)
    for value, first, end in zip(hint, pieces.firsts, (*pieces.firsts[1:], len(pieces.pieces) - 1), strict=True):
        spread[0, first:end] = value
    inputs = {
        "pieces": np.array([pieces.pieces], dtype=np.int64),
        "shapes": np.array([pieces.shapes], dtype=np.int64),
        "hints": spread,
    }
    return _Asked(pieces, inputs, split)


def _run(asked: _Asked, weights: Weights) -> Array:
    """Give a vector for each piece: the part that takes long, and needs no Python."""
    hidden: Array = weights.session.run(["hidden"], asked.inputs)[0][0]
    return hidden


@one_thread()
def _told(asked: _Asked, hidden: Array, weights: Weights) -> Tagged:
    pieces = asked.pieces
    words = hidden[np.array(pieces.firsts)]
    emissions = words @ weights.heads["emit.weight"].T + weights.heads["emit.bias"]
    labels: list[int] = []
    sure = []
    for a, b in chains(pieces):
        labels.extend(viterbi(emissions[a:b], weights.heads["transitions"]))
        sure.append(marginals(emissions[a:b], weights.heads["transitions"]))
    return Tagged(pieces, words, hidden[0], np.concatenate(sure), tuple(labels), asked.split)


def chains(pieces: Pieces) -> Iterator[tuple[int, int]]:
    """The title's words and the abstract's, as spans of words."""
    split = sum(word.field == "title" for word in pieces.words)
    for a, b in ((0, split), (split, len(pieces.words))):
        if b > a:
            yield a, b


def tagged_spans(tagged: Tagged) -> Iterator[Candidate]:
    """Give the spans of the best labelling as candidates; a span's score is that of its least sure word."""
    for first, end, kind in spans(tagged.labels):
        words = tagged.pieces.words
        offset = 0 if words[first].field == "title" else tagged.split
        k = LABELS.index(f"B-{kind}")
        inside = tagged.probabilities[first:end, k : k + 2].sum(1).min()
        yield Candidate(
            words[first].start + offset, words[end - 1].end + offset, Kind(kind), round(float(inside), 4), "tagger"
        )


class Tagging:
    """The component: adds the tagger's spans to the candidates of a document, and what the network says of it.

    Where it may look ``ahead``, the network is in one document while what comes after it is done for the one before.
    What comes out is the same.
    """

    def __init__(self) -> None:
        """Begin without looking ahead: that takes a second core."""
        self.ahead = False

    def __call__(self, doc: Doc) -> Doc:
        """Tag one document."""
        return _tagged(doc, tag(text_of(doc), doc._.title_end, doc._.candidates, load_weights()))

    def pipe(self, stream: Iterable[Doc], batch_size: int = 0) -> Iterator[Doc]:  # noqa: ARG002 - spaCy gives it
        """Tag documents in order."""
        if not self.ahead:
            yield from map(self, stream)
            return
        weights = load_weights()
        under_way: deque[tuple[Doc, _Asked | None, Future[Array] | None]] = deque()

        def first() -> Doc:
            doc, asked, hidden = under_way.popleft()
            return _tagged(doc, _told(asked, hidden.result(), weights) if asked and hidden else None)

        with ThreadPoolExecutor(2) as network:
            for doc in stream:
                asked = _ask(text_of(doc), doc._.title_end, doc._.candidates, weights)
                under_way.append((doc, asked, network.submit(_run, asked, weights) if asked else None))
                if len(under_way) > _AHEAD:
                    yield first()
            while under_way:
                yield first()


def _tagged(doc: Doc, tagged: Tagged | None) -> Doc:
    doc._.tagged = tagged
    if tagged is not None:
        doc._.candidates = (*doc._.candidates, *tagged_spans(tagged))
    return doc


@Language.factory("kg_tagger")
def make_tagging(nlp: Language, name: str) -> Tagging:
    """Make the component for a pipeline."""
    del nlp, name
    return Tagging()
