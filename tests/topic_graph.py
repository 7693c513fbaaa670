"""Make a graph that looks like a literature, of any size: for benchmarks, and for tests that need a large graph.

Papers belong to topics and to subtopics of them; each brings a few names of its own and takes the others from what
was spoken of before there, the often named more often (Yule 1925, Simon 1955), which gives the long tails and the
hubs of real papers. Sentences are chains of word pairs of the bundled sample, so that they compress about as text
does. The graph has the attributes of `kg.assemble.assemble`; every number comes from the seed.
"""

import json
import random
from collections import defaultdict
from functools import cache

import networkx as nx

from kg import sample

FIELDS = (
    "Image", "Speech", "Graph", "Protein", "Video", "Traffic", "Point Cloud", "Face", "Code", "Music", "Molecule",
    "Satellite", "Dialogue", "Table", "Document", "Gesture", "Depth", "Crowd", "Robot", "Tumour", "Recipe", "Legal",
    "News", "Query", "Sign Language", "Handwriting", "Weather", "Retina", "Genome", "Fashion", "Chess", "Particle",
    "Sentiment", "Entity", "Speaker", "Pose", "Vehicle", "Material", "Fraud", "Patent", "Lecture", "Sketch", "Ocean",
    "Wildlife", "Galaxy", "Energy", "Malware", "Tutor", "Sarcasm", "Scene Text", "Knee", "Market", "Claim", "Event",
    "Logo", "Crop", "Cell", "Ballot", "Bridge", "Poem",
)  # fmt: skip
DEEDS = (
    "Classification", "Segmentation", "Detection", "Generation", "Retrieval", "Captioning", "Forecasting", "Ranking",
    "Translation", "Tracking", "Denoising", "Matching", "Summarization", "Parsing", "Alignment", "Completion",
    "Recognition", "Clustering", "Editing", "Synthesis",
)  # fmt: skip
MANNERS = ("", "Few-Shot ", "Unsupervised ", "Open-Set ", "Weakly Supervised ", "Multilingual ", "Online ", "Robust ")
SYLLABLES = ("Res", "Vi", "Tra", "Dense", "Mo", "Co", "Del", "Pix", "Lu", "Ker", "Swi", "Gra", "Neo", "Fi", "Ar", "Zen")
ENDINGS = ("Net", "Former", "GAN", "BERT", "Flow", "Mixer", "VAE", "CNN", "Prompt", "Diff")
CORPORA = ("Set", "Bench", "Corpus", "QA", "Challenge", "Bank", "Zoo", "Eval")

_FRESH = {"Method": 1.6, "Dataset": 0.6, "Task": 0.2}
"""New names a paper, on average."""


def topic_graph(nodes: int, links: int, *, seed: int = 7) -> nx.MultiDiGraph:
    """Make a graph of ``nodes`` nodes and ``links`` links, with about one sentence of evidence for each link."""
    return _Literature(nodes, links, seed).graph


class _Literature:
    """A graph while it grows, paper by paper."""

    def __init__(self, nodes: int, links: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.graph = nx.MultiDiGraph()
        share = {"Paper": 0.25, "Method": 0.40, "Dataset": 0.15, "Task": 0.05, "Author": 0.10}
        self.left = {label: max(2, round(part * nodes)) for label, part in share.items()}
        self.left["Result"] = nodes - sum(self.left.values())
        papers = self.left["Paper"]
        self.fresh = {label: self.left[label] / papers for label in ("Method", "Dataset", "Task", "Author", "Result")}
        self.topics = max(2, min(len(FIELDS), nodes // 700))
        self.fields = self.chance.sample(FIELDS, self.topics)
        self.weights = [1 / (rank + 3) ** 0.7 for rank in range(self.topics)]
        self.spoken: dict[tuple[str, object], list[str]] = defaultdict(list)
        self.names: set[str] = set()
        self.made = 0
        for number in range(papers):
            self._paper(number, papers, round((links - self.made) / (papers - number)))
        self._count()

    def _paper(self, number: int, papers: int, budget: int) -> None:
        chance = self.chance
        topic = chance.choices(range(self.topics), self.weights)[0]
        place = (topic, min(int(chance.expovariate(0.5)), 7))
        key, year = f"paper-{number:06}", 2006 + 20 * number // papers
        sentences = [sentence(chance) for _ in range(6)]
        self.graph.add_node(
            key, label="Paper", id=key, title=sentence(chance)[:70].rstrip(), abstract=" ".join(sentences), year=year,
            venue=f"Conference on {self.fields[topic]}", url=f"https://example.org/{key}", authors=[], sources=[],
        )  # fmt: skip
        self.year, self.key, self.sentences, self.full = year, key, sentences, self.made + budget
        own = {label: self._fresh(label, place, last=number == papers - 1) for label in _FRESH}
        methods = own["Method"] + [self._known("Method", place) for _ in range(chance.randint(1, 4))]
        datasets = own["Dataset"] + [self._known("Dataset", place) for _ in range(chance.randint(1, 3))]
        tasks = own["Task"] + [self._known("Task", place) for _ in range(chance.randint(1, 2))]
        for author in self._fresh("Author", place, last=number == papers - 1):
            self.graph.nodes[key]["authors"].append(self.graph.nodes[author]["name"])
            self._plain(author, key, "WROTE")
        for method in own["Method"]:
            self._link(key, method, "PROPOSES")
            for dataset in datasets[:3]:
                self._link(method, dataset, "EVALUATED_ON")
            self._link(method, tasks[0], "USED_FOR")
        for label, named, relation in (
            ("Dataset", datasets, "EVALUATES_ON"),
            ("Task", tasks, "ADDRESSES"),
            ("Method", methods[len(own["Method"]) :], "COMPARES"),
        ):
            for name in named:
                self._link(key, name, relation)
                self.spoken[label, place].append(name)
                self.spoken[label, topic].append(name)
                self.spoken[label, "all"].append(name)
        for dataset in datasets:
            self._link(dataset, tasks[-1], "BENCHMARK_FOR")
        for result in self._fresh("Result", place, last=number == papers - 1):
            self._plain(key, result, "REPORTS")
            self._plain(result, methods[0], "OF_METHOD")
            self._plain(result, datasets[0], "ON_DATASET")
        for _ in range(500):
            if self.made >= self.full:
                break
            one, other = chance.choice(methods), self._known("Method", place)
            two = self._known("Dataset", place)
            self._link(one, other, chance.choice(("COMPARED_WITH", "COMPARED_WITH", "BASED_ON")))
            self._link(one, two, "EVALUATED_ON")
            self._link(key, two, "MENTIONS")

    def _fresh(self, label: str, place: tuple[int, int], *, last: bool) -> list[str]:
        """Bring in new nodes: as many as there must be a paper so that all have come at the last."""
        rate = self.fresh[label]
        number = self.left[label] if last else int(rate) + (self.chance.random() < rate % 1)
        found = [self._new(label, place) for _ in range(min(number, self.left[label]))]
        self.left[label] -= len(found)
        if label == "Author":
            known = self.spoken[label, place]
            found += [self.chance.choice(known) for _ in range(self.chance.randint(0, 2)) if known]
            found = list(dict.fromkeys(found))
            known.extend(found)
        return found

    def _new(self, label: str, place: tuple[int, int]) -> str:
        chance, field = self.chance, self.fields[place[0]]
        key = f"{label.lower()}:{len(self.names):06}"
        properties: dict[str, object] = {"label": label, "id": key}
        if label == "Result":
            value = round(chance.uniform(20, 99), 1)
            properties |= {"metric": "accuracy", "value": value, "unit": "%", "kind": "absolute", "text": "It is good."}
            self.names.add(key)
        else:
            name = self._name(label, field, place[1])
            self.names.add(name)
            properties |= {"name": name}
            if label != "Author":
                properties |= {"aliases": [name.lower(), name.replace(" ", "-")][: chance.randint(0, 2)]}
                self.spoken[label, place].append(key)
                self.spoken[label, place[0]].append(key)
            if label == "Dataset":
                properties |= {"benchmark": chance.random() < 0.2}
        self.graph.add_node(key, **properties)
        return key

    def _name(self, label: str, field: str, part: int) -> str:
        chance = self.chance
        while True:
            word = "".join(chance.choices(SYLLABLES, k=chance.randint(1, 2)))
            if label == "Task":
                name = f"{chance.choice(MANNERS)}{field} {DEEDS[(part * 3 + chance.randrange(4)) % len(DEEDS)]}"
            elif label == "Author":
                name = f"{word} {''.join(chance.choices(SYLLABLES, k=2)).capitalize()}"
            elif label == "Dataset":
                name = f"{word}{field.split(maxsplit=1)[0]}{chance.choice(CORPORA)}"
            else:
                name = f"{word}{chance.choice(ENDINGS)}"
            if name in self.names:
                name = f"{name}-{chance.randint(2, 9999)}"
            if name not in self.names:
                return name

    def _known(self, label: str, place: tuple[int, int]) -> str:
        """Take a name that was spoken of: most often in the same subtopic, sometimes anywhere."""
        draw = self.chance.random()
        scope: object = place if draw < 0.68 else place[0] if draw < 0.92 else "all"
        known = self.spoken[label, scope] or self.spoken[label, "all"] or [self._new(label, place)]
        return self.chance.choice(known)

    def _plain(self, source: str, target: str, relation: str) -> None:
        if not self.graph.has_edge(source, target, relation):
            self.graph.add_edge(source, target, key=relation)
            self.made += 1

    def _link(self, source: str, target: str, relation: str) -> None:
        if source == target:
            return
        text = self.chance.choice(self.sentences)
        if self.graph.has_edge(source, target, relation):
            link = self.graph.edges[source, target, relation]
            if link["papers"] < 8 and self.key not in link["evidence_papers"]:
                link["papers"] += 1
                link["last_year"] = self.year
                self._support(link, text)
        elif self.made < self.full:
            link = {
                "papers": 1, "mentions": 1, "score": round(self.chance.uniform(0.5, 1), 4), "first_year": self.year,
                "last_year": self.year, "evidence_papers": [], "evidence_fields": [], "evidence_starts": [],
                "evidence_ends": [], "evidence_sentences": [],
            }  # fmt: skip
            self._support(link, text)
            self.graph.add_edge(source, target, key=relation, **link)
            self.made += 1

    def _support(self, link: dict[str, list[object]], text: str) -> None:
        start = sum(len(before) + 1 for before in self.sentences[: self.sentences.index(text)])
        for name, value in (
            ("papers", self.key), ("fields", "abstract"), ("starts", start), ("ends", start + len(text)),
            ("sentences", text),
        ):  # fmt: skip
            link[f"evidence_{name}"].append(value)

    def _count(self) -> None:
        """Give entities the number and the years of the papers that name them."""
        years: dict[str, dict[str, int]] = defaultdict(dict)
        for paper, name in self.graph.edges():
            if paper.startswith("paper-"):
                years[name][paper] = self.graph.nodes[paper]["year"]
        for key, properties in self.graph.nodes(data=True):
            if properties["label"] in _FRESH:
                known = years[key].values()
                properties["papers"] = len(known)
                properties["first_year"], properties["last_year"] = min(known, default=None), max(known, default=None)


def sentence(chance: random.Random) -> str:
    """Make a sentence of about 165 characters."""
    chain = _chain()
    word, words = "", []
    for _ in range(chance.randint(16, 36)):
        word = chance.choice(chain.get(word) or chain[""])
        if chance.random() < 0.12:
            word = chance.choice(chance.choice(list_of(chain)))
        words.append(word)
    return " ".join(words).rstrip(",.;:") + "."


@cache
def _chain() -> dict[str, list[str]]:
    """What follows each word in the bundled sample."""
    chain: dict[str, list[str]] = defaultdict(list)
    for line in sample.path().read_text("utf-8").splitlines():
        words = json.loads(line)["abstract"].split()
        for word, following in zip(["", *words], words, strict=False):
            chain[word].append(following)
    return dict(chain)


_LISTS: list[list[str]] = []


def list_of(chain: dict[str, list[str]]) -> list[list[str]]:
    """Give the values of ``chain`` as a list, made once."""
    if not _LISTS:
        _LISTS.extend(chain.values())
    return _LISTS
