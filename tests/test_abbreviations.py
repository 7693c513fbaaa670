import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.extract.abbreviations import find_abbreviations

EXTERNAL = Path(__file__).parents[2] / "shared" / "external"


def pairs(text: str) -> list[tuple[str, str]]:
    return [(text[slice(*a.short)], text[slice(*a.long)]) for a in find_abbreviations(text)]


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("Layers of batch normalization (BN) help.", "BN", "batch normalization"),
        ("We study Batch Normalization (BatchNorm).", "BatchNorm", "Batch Normalization"),
        ("Deep convolutional neural networks (CNNs) are used.", "CNNs", "convolutional neural networks"),
        ("we propose a novel Dense Graph Propagation (DGP) module", "DGP", "Dense Graph Propagation"),
        ("A Guided SimCLR (G-SimCLR) is shown.", "G-SimCLR", "Guided SimCLR"),
        ("Here Stitchable Neural Networks (SN-Net) scale.", "SN-Net", "Stitchable Neural Networks"),
        ("with 3D Gaussian Splatting (3DGS) we", "3DGS", "3D Gaussian Splatting"),
        ("for text-to-image (T2I) models", "T2I", "text-to-image"),
        ("explainable artificial intelligence (XAI)", "XAI", "explainable artificial intelligence"),
        ("uses semi-supervised learning (SSL).", "SSL", "semi-supervised learning"),
        ("long short-term memory (LSTM) cells", "LSTM", "long short-term memory"),
        ("adaptive moment estimation (Adam)", "Adam", "adaptive moment estimation"),
        ("We use BERT (Bidirectional Encoder Representations from Transformers).", "BERT",
         "Bidirectional Encoder Representations from Transformers"),
        ("The GAN (a generative adversarial network; Smith et al.) works.", "GAN", "generative adversarial network"),
        ("Graph attention networks (GAT; Smith et al., 2018) and", "GAT", "Graph attention networks"),
        ("graph attention networks (termed GAT)", "GAT", "graph attention networks"),
        ("graph attention networks (dubbed ``GAT'')", "GAT", "graph attention networks"),
        ("a graph attention network, dubbed GAT, which", "GAT", "graph attention network"),
        ("a graph attention network, or GAT for short, which", "GAT", "graph attention network"),
        ("generative adversarial networks [3, 4] (GANs)", "GANs", "generative adversarial networks"),
        (r"a Residual Quantiser (\textbf{RQ}) and", "RQ", "Residual Quantiser"),
        ("termed Residual Quantization (TRQ-X), Tied Residual Quantization (TRQ)", "TRQ", "Tied Residual Quantization"),
        ("Größenordnung; énergie libre (ÉL)", "ÉL", "énergie libre"),
        ("for novel view synthesis (NVS) and", "NVS", "novel view synthesis"),
        ("on named entity recognition (NER).", "NER", "named entity recognition"),
        (r"a \textbf{Gl}obal \textbf{P}aint \textbf{A}genda (GlPA)", "GlPA",
         r"\textbf{Gl}obal \textbf{P}aint \textbf{A}genda"),
        ("the Ample Images in the Wild (AIW)", "AIW", "Ample Images in the Wild"),
        ("It imitates in-context learning (ICL).", "ICL", "in-context learning"),
        ("the Auto-Avenue dataset (A2D).", "A2D", "Auto-Avenue dataset"),
        ("deep residual networks (resnets) are", "resnets", "residual networks"),
        ("Distral (DIStill and TRAnsfer Learning) is", "Distral", "DIStill and TRAnsfer Learning"),
        ("the method of moments (MoM)", "MoM", "method of moments"),
        (r"an \emph{Assembly Calculus} (AC)", "AC", "Assembly Calculus"),
        ("ratios (odds ratio [OR], 4.1)", "OR", "odds ratio"),
    ],
)  # fmt: skip
def test_definition_is_found(text: str, short: str, long: str) -> None:
    assert pairs(text) == [(short, long)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "We use models (e.g., ResNet) and datasets (CIFAR-10).",
        "accuracy of several systems (i.e., AOSS)",
        "The method of Smith (Smith et al., 2018) wins.",
        "Graphs are everywhere. Networks (GN) differ.",
        "see the results (Table 3) and figures (b)",
        "unclosed (BN and (CNN",
        "many layers ()( ) [BN]",
        "we propose a new technique (PANT)",
        "of many words (mostly) and images (rotated)",
        "Paris (the capital) and Oslo (our second location on offer)",
    ],
)
def test_no_definition(text: str) -> None:
    assert pairs(text) == []


def test_definitions_come_in_order_and_every_one() -> None:
    text = "Convolutional neural networks (CNNs), recurrent neural networks (RNNs) and SVMs (support vector machines)."
    assert [short for short, _ in pairs(text)] == ["CNNs", "RNNs", "SVMs"]


@given(st.text(alphabet="abcABC 123()[];,.-&'\\{}$\u0130ßé", max_size=120))
def test_any_text_gives_spans_that_lie_in_it(text: str) -> None:
    for a in find_abbreviations(text):
        for start, end in (a.short, a.long):
            assert 0 <= start < end <= len(text)
            assert text[start:end] == text[start:end].strip()
        assert a.short[1] <= a.long[0] or a.long[1] <= a.short[0]
        assert text[a.long[0]].isalnum() or text[a.long[0]] in "\\$"
        assert a.long[0] == 0 or not text[a.long[0] - 1].isalnum()


def test_long_parentheses_take_no_time() -> None:
    assert pairs("(" * 20_000 + "a B" * 20_000 + ")" * 20_000) == []
    assert pairs("word " * 50_000 + "(WW)") == [("WW", "word word")]


@pytest.mark.skipif(not EXTERNAL.exists(), reason="needs ../shared/external")
def test_ab3p() -> None:
    """Schwartz and Hearst report precision 0.96 and recall 0.82 on such abstracts, counting in-text matches."""
    hit = extra = missed = 0
    for line in (EXTERNAL / "ab3p-all.jsonl").read_text("utf8").splitlines():
        record = json.loads(line)
        text, spans = record["text"], record.get("entities", [])
        gold = set()
        for i, j, _ in record.get("relations", []):
            short, long = (spans[i], spans[j]) if spans[i][2] == "SF" else (spans[j], spans[i])
            gold.add((text[short[0] : short[1]], text[long[0] : long[1]].strip().lower()))
        found = {(short, long.lower()) for short, long in pairs(text)}
        hit += len(gold & found)
        extra += len(found - gold)
        missed += len(gold - found)
    assert hit / (hit + extra) > 0.94
    assert hit / (hit + missed) > 0.79


@pytest.mark.skipif(not EXTERNAL.exists(), reason="needs ../shared/external")
def test_sdu() -> None:
    """Scientific English: both forms exact, of those found; and long forms found, of all that are marked."""
    right = found = marked = 0
    for line in (EXTERNAL / "sdu-ai-detok-dev.jsonl").read_text("utf8").splitlines():
        record = json.loads(line)
        short = {(a, b) for a, b, kind in record["entities"] if kind == "short"}
        long = {(a, b) for a, b, kind in record["entities"] if kind == "long"}
        given = list(find_abbreviations(record["text"]))
        right += sum(a.short in short and a.long in long for a in given)
        found += len(given)
        marked += len(long)
    assert right / found > 0.945
    assert right / marked > 0.84
