"""Readable copies of text, and the way back to the text as stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.model import Paper
from kg.pipeline import extract_papers
from kg.readable import readable


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("Nothing to do - here, pre-trained.", "Nothing to do - here, pre-trained."),
        (r"90\% of 5\_000 \& more \#1", "90% of 5_000 & more #1"),
        (r"R\'enyi, Schr\"odinger, Erd\H{o}s, na\"{\i}ve", "Rényi, Schrödinger, Erdős, naïve"),
        (r"$\alpha$-divergence in $\ell_2$ at $10\times$", "α-divergence in ℓ2 at 10×"),
        (r"\(\mathcal{O}(n^2)\) steps", "O(n2) steps"),
        (r"\textbf{Foo\emph{Net}s} and {\em bar}", "FooNets and { bar}"),
        (r"\ours{} beats \textsc{Bert}", "ours beats Bert"),
        (r"as shown \cite{a,b} by Figure~2", "as shown by Figure 2"),
        ("en(cid:173) coders of al(cid:173)gorithms", "encoders of algorithms"),
        ("informa- tion and distri- butions", "information and distributions"),
        ("pre- and post-training, low- to high-rank", "pre- and post-training, low- to high-rank"),
        (
            "state- of-the-art, self- supervised, end-to- end, real- world",
            "state-of-the-art, self-supervised, end-to-end, real-world",
        ),
        ("soft\u00adware e\ufb03cient zero\u200bwidth", "software efficient zerowidth"),
        ("It costs $5 million and saves $10 billion.", "It costs $5 million and saves $10 billion."),
        ("Apples for $5, pears for $6.", "Apples for $5, pears for $6."),
        ("``quoted''", "“quoted”"),
        (r"a lone \ and $ and {", r"a lone  and $ and {"),
    ],
)
def test_text_becomes_readable(stored: str, shown: str) -> None:
    assert readable(stored).text == shown


pieces = st.sampled_from(
    [
        "$x_1$",
        r"\%",
        r"\textbf{",
        "}",
        "{",
        "$",
        "\\",
        r"\'e",
        "- ",
        "a",
        "word",
        " ",
        "\u00ad",
        "ﬁ",
        "``",
        "~",
        r"\foo",
        "é",
        "𝒪",
    ]
)


@given(st.lists(pieces | st.text(max_size=5), max_size=30).map("".join))
def test_every_readable_character_has_a_place_in_the_stored_text(text: str) -> None:
    found = readable(text)
    if not found.starts:
        assert found.text in (text, "")
        return
    assert len(found.text) == len(found.starts) == len(found.ends)
    assert list(found.starts) == sorted(found.starts)
    assert list(found.ends) == sorted(found.ends)
    for i, letter in enumerate(found.text):
        start, end = found.stored(i, i + 1)
        assert 0 <= start < end <= len(text)
        if end - start == 1 and text[start].isalnum() and text[start].isascii():
            assert text[start] == letter


def test_names_are_readable_and_evidence_is_as_stored() -> None:
    title = r"\textbf{FooNet}: classi- fication with Batch Norm- alization"
    abstract = r"We propose FooNet. FooNet reaches 90\% accuracy on CIFAR-10 with $\ell_2$ batch nor- malization."
    (found,) = extract_papers([Paper("p", title, abstract)], tagger="rules")
    assert found.paper == Paper("p", title, abstract)
    names = {e.name: e for e in found.entities}
    assert "Batch Normalization" in names
    assert "Batch Norm- alization" in {m.text for m in names["Batch Normalization"].mentions}
    for entity in found.entities:
        for m in entity.mentions:
            assert found.paper.text(m.field)[m.start : m.end] == m.text
    (result,) = found.results
    assert result.value == "90%"
    for e in [*(e for s in found.statements for e in s.evidence), result.evidence]:
        assert found.paper.text(e.field)[e.start : e.end] == e.sentence
    assert r"90\% accuracy" in result.evidence.sentence
