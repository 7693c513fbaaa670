"""Train a tagger from end to end: pre-training on unlabelled papers, fine-tuning, choice on held-out papers, export."""

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from kg.model import Paper

Say = Callable[[str], None]


def nearest(papers: Iterable[Paper], like: Iterable[Paper], number: int) -> list[Paper]:
    """Give the papers whose words are most like those of others, by mean log-odds of the words each holds."""
    papers = list(papers)
    here, there = Counter[str](), Counter[str]()
    for paper in like:
        here.update(_words(paper))
    for paper in papers:
        there.update(_words(paper))
    n, m = max(1, here.total()), max(1, there.total())
    odds = {w: math.log((here[w] + 0.5) / n) - math.log(c / m) for w, c in there.items() if c >= 20}

    def likeness(paper: Paper) -> tuple[float, str]:
        known = [odds[w] for w in sorted(_words(paper)) if w in odds]
        return -sum(known) / max(1, len(known)), paper.id

    return sorted(papers, key=likeness)[:number]


def _words(paper: Paper) -> set[str]:
    return set(re.findall(r"[a-z]{3,}", f"{paper.title} {paper.abstract}".lower()))


def train_tagger(
    gold: Sequence[Path],
    out: Path,
    *,
    dev: Path | None = None,
    silver: Sequence[Path] = (),
    silver_papers: int = 1000,
    unlabelled: Iterable[Paper] = (),
    pretrain_papers: int = 24000,
    checkpoint: Path | None = None,
    epochs: int = 8,
    seeds: Sequence[int] = (0,),
    device: str = "cpu",
    say: Say = print,
) -> None:
    """Train and write the weights into the folder ``out``.

    ``unlabelled`` papers continue the encoder's pre-training first, those most like the annotated ones; ``checkpoint``
    is where the encoder is kept then, and is used instead where it is there already. ``silver`` names files of
    extraction records by an earlier tagger: in each epoch but the last two, ``silver_papers`` of them, drawn anew, are
    learned beside the annotated papers. With several ``seeds`` the model with the highest mention F1 plus link F1 on
    ``dev`` is taken.
    """
    import torch
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    from kg.evaluate import read_gold, read_records
    from kg.extract.pieces import cut
    from kg.train.encoder import published, tokenizer_json
    from kg.train.examples import Example, as_annotation, as_read, examples
    from kg.train.export import export
    from kg.train.pretrain import pretrain
    from kg.train.rename import name_pool, rename
    from kg.train.tagger import Tagger
    from kg.train.train import Settings, measure, train

    tokenizer = Tokenizer.from_str(tokenizer_json())
    papers = [as_read(paper) for paper in read_gold(gold)]
    pool = name_pool(papers)
    plain = list(examples(papers, tokenizer))
    noisy = list(examples((as_read(as_annotation(r)) for r in read_records(silver)), tokenizer))
    held = list(examples(map(as_read, read_gold([dev])), tokenizer)) if dev else []
    encoder = published()
    state = None
    if checkpoint is not None and checkpoint.exists():
        state = load_file(checkpoint)
        say(f"encoder from {checkpoint}")
    else:
        like = [Paper(p["id"], p["title"], p["abstract"]) for p in papers]
        chosen = nearest(unlabelled, like, pretrain_papers)
        if chosen:
            texts = [cut(paper, tokenizer) for paper in (*chosen, *like)]
            random.Random(0).shuffle(texts)  # noqa: S311 - reproducible, not secret
            for line in pretrain(encoder, texts, checkpoint=checkpoint, device=device):
                say(line)
            state = encoder.cpu().state_dict()
    best = -1.0
    for seed in seeds:
        torch.manual_seed(seed)
        encoder = published()
        if state is not None:
            encoder.load_state_dict(state)
        model = Tagger(encoder)
        settings = replace(Settings(), epochs=epochs, seed=seed)
        rng = random.Random(seed)  # noqa: S311 - reproducible, not secret

        def data(epoch: int, settings: Settings = settings, rng: random.Random = rng) -> Sequence[Example]:
            if epoch >= settings.epochs - settings.plain_epochs:
                return plain
            extra = rng.sample(noisy, min(silver_papers, len(noisy)))
            return [*extra, *examples((rename(paper, pool, rng) for paper in papers), tokenizer)]

        for line in train(model, data, settings, device=device):
            say(f"seed {seed} {line}")
        figures = measure(model, held, device) if held else {}
        say(f"seed {seed} " + " ".join(f"{name} {value:.4f}" for name, value in figures.items()))
        score = figures.get("mentions", 0.0) + figures.get("links", 0.0)
        if score > best:
            best = score
            export(model, out)
