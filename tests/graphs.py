"""Graphs for tests, assembled from extraction records written by hand for this purpose."""

import networkx as nx

from kg.assemble import assemble
from kg.model import (
    Entity,
    Evidence,
    Extraction,
    Kind,
    Paper,
    Relation,
    Result,
    Role,
    Statement,
    entity_id,
    paper_id,
)

KINDS = {
    "CIFAR-10": Kind.DATASET,
    "CIFAR-100": Kind.DATASET,
    "CIFAR": Kind.DATASET,
    "ImageNet": Kind.DATASET,
    "ImageNet-C": Kind.BENCHMARK,
    "GLUE": Kind.BENCHMARK,
    "ResNet": Kind.METHOD,
    "ResNet-50": Kind.METHOD,
    "WidgetNet": Kind.METHOD,
    "GateNet": Kind.METHOD,
    "TinyFormer": Kind.METHOD,
    'Quo"ted `Net`': Kind.METHOD,
    "شبكة": Kind.METHOD,
    "Image Classification": Kind.TASK,
    "Language Understanding": Kind.TASK,
}
ALIASES = {"CIFAR-10": ("CIFAR10", "cifar 10"), "ResNet": ("Residual Network", "residual networks")}

PAPERS = (
    (
        "Widgets for Small Pictures",
        2018,
        ("Ada Lovely", "Bo Larsson"),
        "We propose WidgetNet. It is better than ResNet on CIFAR-10.",
        {
            "WidgetNet": Role.PROPOSES,
            "ResNet": Role.COMPARES,
            "CIFAR-10": Role.EVALUATES_ON,
            "CIFAR-100": Role.EVALUATES_ON,
            "Image Classification": Role.ADDRESSES,
        },
        (
            ("WidgetNet", Relation.EVALUATED_ON, "CIFAR-10"),
            ("WidgetNet", Relation.EVALUATED_ON, "CIFAR-100"),
            ("ResNet", Relation.EVALUATED_ON, "CIFAR-10"),
            ("WidgetNet", Relation.COMPARED_WITH, "ResNet"),
            ("WidgetNet", Relation.BASED_ON, "ResNet"),
            ("WidgetNet", Relation.USED_FOR, "Image Classification"),
            ("CIFAR-10", Relation.BENCHMARK_FOR, "Image Classification"),
        ),
        (
            ("WidgetNet", "CIFAR-10", "accuracy", "95.5%", "absolute"),
            ("ResNet", "CIFAR-10", "accuracy", "93.0%", "absolute"),
        ),
    ),
    (
        "Gates that Skip",
        2020,
        ("Bo Larsson",),
        "GateNet skips layers of ResNet-50. On ImageNet it loses nothing, on ImageNet-C it gains 1.5 points.",
        {
            "GateNet": Role.PROPOSES,
            "ResNet-50": Role.USES,
            "WidgetNet": Role.COMPARES,
            "ImageNet": Role.TRAINS_ON,
            "ImageNet-C": Role.EVALUATES_ON,
            "CIFAR-10": Role.EVALUATES_ON,
        },
        (
            ("GateNet", Relation.TRAINED_ON, "ImageNet"),
            ("GateNet", Relation.EVALUATED_ON, "ImageNet-C"),
            ("GateNet", Relation.EVALUATED_ON, "CIFAR-10"),
            ("GateNet", Relation.BASED_ON, "ResNet-50"),
            ("GateNet", Relation.COMPARED_WITH, "WidgetNet"),
            ("GateNet", Relation.USED_FOR, "Image Classification"),
        ),
        (("GateNet", "ImageNet-C", "accuracy", "1.5", "gain"), (None, "CIFAR-10", "error", "4,1", "absolute")),
    ),
    (
        "A Small Transformer, Reconsidered",
        2022,
        ("Chidi Okafor", "Ada Lovely"),
        "TinyFormer matches larger models on GLUE.",
        {
            "TinyFormer": Role.PROPOSES,
            "GLUE": Role.EVALUATES_ON,
            "Language Understanding": Role.ADDRESSES,
            "WidgetNet": Role.MENTIONS,
        },
        (
            ("TinyFormer", Relation.EVALUATED_ON, "GLUE"),
            ("TinyFormer", Relation.USED_FOR, "Language Understanding"),
            ("GLUE", Relation.BENCHMARK_FOR, "Language Understanding"),
        ),
        (("TinyFormer", "GLUE", "score", "80.1", "absolute"),),
    ),
    (
        "Widgets Again",
        2022,
        ("Ada Lovely",),
        "WidgetNet on CIFAR-10 is compared with ResNet and GateNet; ResNet loses.",
        {
            "WidgetNet": Role.USES,
            "ResNet": Role.COMPARES,
            "GateNet": Role.COMPARES,
            "CIFAR-10": Role.EVALUATES_ON,
            "Image Classification": Role.ADDRESSES,
        },
        (
            ("WidgetNet", Relation.EVALUATED_ON, "CIFAR-10"),
            ("WidgetNet", Relation.COMPARED_WITH, "ResNet"),
            ("WidgetNet", Relation.COMPARED_WITH, "GateNet"),
        ),
        (("WidgetNet", "CIFAR-10", "accuracy", "96.0%", "absolute"),),
    ),
    (
        "Odd Names </script><b>",
        None,
        (),
        'Quo"ted `Net` and شبكة use CIFAR-100 😀.',
        {'Quo"ted `Net`': Role.PROPOSES, "شبكة": Role.USES, "CIFAR-100": Role.USES},
        (('Quo"ted `Net`', Relation.EVALUATED_ON, "CIFAR-100"), ("شبكة", Relation.COMPARED_WITH, 'Quo"ted `Net`')),
        (),
    ),
)


def entity(name: str, kind: Kind | None = None) -> Entity:
    """An entity of these tests by its name."""
    kind = kind or KINDS[name]
    return Entity(id=entity_id(kind, name), kind=kind, name=name, aliases=ALIASES.get(name, ()))


def family(child: Entity) -> Entity | None:
    """CIFAR-10 and CIFAR-100 belong to CIFAR, ResNet-50 to ResNet."""
    name = {"CIFAR-10": "CIFAR", "CIFAR-100": "CIFAR", "ResNet-50": "ResNet"}.get(child.name)
    return entity(name) if name else None


def extractions() -> list[Extraction]:
    """Five small papers, with every relation of the schema, missing years and odd names."""
    found = []
    for title, year, authors, abstract, roles, links, results in PAPERS:
        paper = Paper(
            id=paper_id(title),
            title=title,
            abstract=abstract,
            authors=authors,
            year=year,
            venue="Workshop" if year else "",
            url=f"https://example.org/{paper_id(title)}",
            sources=("tests/graphs.py:1",),
            ids=("arxiv:1905.00001", "doi:10.1109/net.1") if year == 2018 else (),
        )
        evidence = Evidence(paper.id, "abstract", 0, len(abstract), abstract, "test", 0.875)
        ids = {name: entity(name).id for name in KINDS}
        statements = [Statement(paper.id, role.relation, ids[name], (evidence,)) for name, role in roles.items()]
        statements += [Statement(ids[a], relation, ids[b], (evidence,)) for a, relation, b in links]
        names = list(dict.fromkeys([*roles, *(name for a, _, b in links for name in (a, b))]))
        found.append(
            Extraction(
                paper=paper,
                entities=tuple(entity(name) for name in names),
                statements=tuple(statements),
                results=tuple(
                    Result(
                        paper.id,
                        ids[method] if method else None,
                        ids[dataset] if dataset else None,
                        metric,
                        value,
                        "%" if value.endswith("%") else "",
                        "gain" if kind == "gain" else "absolute",
                        evidence,
                    )
                    for method, dataset, metric, value, kind in results
                ),
            )
        )
    return found


def small_graph() -> nx.MultiDiGraph:
    """The graph of `extractions`."""
    return assemble(extractions(), families=family)


VALUES: dict[str, dict[str, object]] = {
    "benchmarks-for-task": {"task": "image classification"},
    "builds-on": {"method": "GateNet"},
    "built-upon": {"method": "ResNet"},
    "busiest-datasets": {},
    "by-year": {"name": "CIFAR-10"},
    "coauthors": {"author": "ada lovely"},
    "compared-both-ways": {},
    "compared-with": {"method": "WidgetNet"},
    "datasets-of-method": {"method": "GateNet"},
    "datasets-together": {"dataset": "CIFAR-10"},
    "disagreements": {},
    "evidence": {"from": "WidgetNet", "to": "ResNet"},
    "evidence-in-paper": {"paper": "Gates that Skip"},
    "falling": {"since": 2022},
    "family": {"name": "ResNet-50"},
    "first-to-propose": {"name": "WidgetNet"},
    "leaderboard": {"dataset": "CIFAR-10"},
    "lineage": {"method": "GateNet"},
    "methods-for-task": {"task": "Image Classification"},
    "methods-on-dataset": {"dataset": "CIFAR-10"},
    "neighbours": {"name": "GateNet"},
    "new-in-year": {"year": 2020},
    "papers-about": {"name": "CIFAR-10"},
    "papers-between": {"dataset": "CIFAR-10", "first": 2018, "last": 2021},
    "papers-of-author": {"author": "Ada Lovely"},
    "papers-of-family": {"name": "ResNet"},
    "path": {"from": "GateNet", "to": "CIFAR-100"},
    "results-of-method": {"method": "WidgetNet"},
    "rising": {"since": 2020},
    "search": {"text": "NET"},
    "share-of-year": {"name": "CIFAR-10"},
    "shared-datasets": {"a": "WidgetNet", "b": "GateNet"},
    "similar-methods": {"method": "WidgetNet"},
    "similar-papers": {"paper": "Widgets Again"},
    "statistics": {},
    "top-datasets": {},
    "top-methods": {},
    "top-tasks": {},
    "transfer": {"trained": "ImageNet"},
    "untried-datasets": {"method": "GateNet"},
    "untried-methods": {"dataset": "CIFAR-100"},
    "used-together": {"method": "WidgetNet"},
    "who-beats-whom": {"dataset": "CIFAR-10"},
}
"""For each named query, values that it has an answer for in `small_graph`."""
