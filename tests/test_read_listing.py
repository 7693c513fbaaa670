"""Pasted pages: our own in each shape with its variations, random pages of them, and the real ones where present."""

import random
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import InputError
from kg.model import Paper
from kg.read import read

DATA = Path(__file__).parent / "data" / "read"
SEEDS = Path(__file__).parents[2] / "shared" / "seeds"


def papers(path: Path) -> list[Paper]:
    return list(read([path], strict=True))


def page(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "page.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_blank_lines_between_titles_and_abstracts() -> None:
    found = papers(DATA / "listing-blank.txt")
    assert [paper.title for paper in found] == [
        "PebbleNet: Sorting River Stones with Tiny Convolutions",
        "Do Lanterns Learn?",
        "A survey of umbrellas.",
        "we teach a small robot to fold paper boats without showing it any paper",
    ]
    assert [paper.sources for paper in found] == [(f"{DATA}/listing-blank.txt:{line}",) for line in (11, 15, 21, 29)]
    assert found[1].abstract == "We study whether lanterns learn. They do not."
    assert found[2].abstract.startswith("Umbrellas have") and found[2].abstract.endswith(
        "https://example.org/umbrellas"
    )
    assert "The paper closes" in found[2].abstract
    assert found[0].abstract.endswith("and the code is free.")


def test_no_blank_lines_and_a_title_glued_to_a_button() -> None:
    found = papers(DATA / "listing-dense.txt")
    assert [(paper.title[:20], paper.abstract[:10]) for paper in found] == [
        ("Kite Attention", "We present"),
        ("When Is a Teapot a T", "Household "),
        ("Towards a General an", "Aligning b"),
        ("Salt.", "A grain of"),
    ]
    assert len(found[2].title) > 250
    assert found[0].id == "kite-attention"


def test_posters_have_authors() -> None:
    found = papers(DATA / "posters.txt")
    assert [(paper.title, paper.authors) for paper in found] == [
        ("Counting Geese from One Microphone", ("Marta Vinter", "Oluwaseun Adeyi", "Jean-Luc d'Arc")),
        ("Is Moss a Good Random Number Generator?", ("Ingrid Solvang",)),
        ("Bread.", ("Wei Zhang", "Ana de la Cruz")),
        (
            "Gradient Descent for Gardeners: A Field Study",
            ("ANNA KOWALSKA", "tomas berg", "J. D. van der Meer", "Li Na"),
        ),
    ]
    assert found[2].abstract.startswith("Bread rises.")
    assert found[3].abstract.endswith("about pruning.")


@pytest.mark.parametrize("name", ["listing-blank.txt", "listing-dense.txt", "posters.txt"])
@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_ends_and_byte_order_marks_change_nothing(tmp_path: Path, name: str, ending: str) -> None:
    text = (DATA / name).read_text(encoding="utf-8")
    plain = [(paper.title, paper.abstract, paper.authors) for paper in papers(DATA / name)]
    for encoding in ("utf-8-sig", "utf-16"):
        other = page(tmp_path, text.replace("\n", ending).encode(encoding))
        assert [(paper.title, paper.abstract, paper.authors) for paper in papers(other)] == plain


@pytest.mark.parametrize(
    "header",
    [
        [],
        ["Trending Papers"],
        ["Home", "Log in", "Week of 3 March", "214 results"],
        ["Accepted papers", "Sort by: date · newest first", "2024-05-01"],
        ["Papers", "3 days ago"],
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n", "\n\n\n"])
def test_headers_of_other_pages_are_dropped(tmp_path: Path, header: list[str], gap: str) -> None:
    body = [
        "Letters to a Learning Machine",
        "We write letters to a language model and measure how it replies. " * 6,
        "Quiet Optimisers",
        "An optimiser that makes no sound is described, with a proof and two experiments on ImageNet. " * 5,
    ]
    found = papers(page(tmp_path, gap.join([*header, *body])))
    assert [paper.title for paper in found] == body[::2]
    assert [paper.abstract for paper in found] == [text.strip() for text in body[1::2]]


def test_a_hard_wrapped_text_with_a_title_above_each_abstract(tmp_path: Path) -> None:
    first = "We sort buttons by the number of their holes. " * 9
    second = "Threads have two ends, and a model that knows both of them makes fewer knots. " * 7
    text = "\n\n".join(
        f"{title}\n\n{textwrap.fill(abstract, 76)}"
        for title, abstract in (("Buttons and Their Holes", first), ("Two Ends of a Thread", second))
    )
    found = papers(page(tmp_path, text))
    assert [(paper.title, paper.abstract) for paper in found] == [
        ("Buttons and Their Holes", first.strip()),
        ("Two Ends of a Thread", second.strip()),
    ]


def test_one_paper_alone(tmp_path: Path) -> None:
    found = papers(page(tmp_path, "Nets\n\nWe present nets, and show that they hold fish of every size but two."))
    assert [(paper.title, paper.abstract[:15]) for paper in found] == [("Nets", "We present nets")]


def test_a_title_that_begins_with_subscribers_keeps_its_word(tmp_path: Path) -> None:
    abstract = "We predict which readers leave a newsletter, from the hours at which they open it. " * 4
    found = papers(page(tmp_path, f"Subscribers Who Leave\n\n{abstract}"))
    assert found[0].title == "Subscribers Who Leave"


def test_an_abstract_of_ten_megabytes_costs_itself_alone(tmp_path: Path) -> None:
    good = "This abstract is of a reasonable length, and it says what was done in two clauses. " * 4
    path = page(
        tmp_path, f"First Title\n{good}\nHuge Title\n{'All work and no play. ' * 500_000}\nLast Title\n{good}\n"
    )
    problems: list[InputError] = []
    found = list(read([path], on_problem=problems.append))
    assert [paper.title for paper in found] == ["First Title", "Last Title"]
    assert [str(problem) for problem in problems] == [
        f"{path}:3: abstract of more than 100,000 characters; give the abstract alone, not the whole text"
    ]


def test_a_page_of_many_windows_reads_whole(tmp_path: Path) -> None:
    lines = []
    for number in range(3000):
        lines += [
            f"Paper Number {number} on Things",
            f"We look at thing {number} closely and report what it does. " * 6,
        ]
    found = papers(page(tmp_path, "\n".join(lines)))
    assert [paper.title for paper in found] == lines[::2]
    assert [paper.sources[0].rpartition(":")[2] for paper in found] == [str(n) for n in range(1, 6001, 2)]


def test_a_text_without_titles_is_reported(tmp_path: Path) -> None:
    path = page(tmp_path, "lorem\n")
    problems: list[InputError] = []
    assert not list(read([path], on_problem=problems.append))
    assert len(problems) == 1
    assert str(problems[0]).startswith(f"{path}: no title with an abstract found; ")


def test_a_long_text_that_is_no_listing_is_given_up_early(tmp_path: Path) -> None:
    path = page(tmp_path, "step done\n" * 300_000)
    problems: list[InputError] = []
    assert not list(read([path], on_problem=problems.append))
    assert [str(problem).partition("; ")[0] for problem in problems] == [f"{path}: no title with an abstract found"]


def test_a_list_of_titles_has_no_papers(tmp_path: Path) -> None:
    titles = [f"{a} {b} for {c}" for a in ("Deep", "Wide") for b in ("Nets", "Trees") for c in ("Fish", "Birds")]
    problems: list[InputError] = []
    assert not list(read([page(tmp_path, "\n".join(titles))], on_problem=problems.append))
    assert problems


def test_a_long_list_of_titles_is_given_up_early(tmp_path: Path) -> None:
    words = ("Deep", "Wide", "Nets", "Trees", "for", "Learning", "with", "Fish", "Birds", "Robust")
    chance = random.Random(1)
    text = "".join(" ".join(chance.choices(words, k=chance.randint(4, 10))) + "\n" for _ in range(200_000))
    problems: list[InputError] = []
    began = time.process_time()
    assert not list(read([page(tmp_path, text)], on_problem=problems.append))
    assert time.process_time() - began < 5
    assert "no title with an abstract found" in str(problems[-1])


TITLES = (
    "Weaving Networks from Reeds",
    "How Many Spoons Does a Drawer Need?",
    "A Theory of Small Boats.",
    "we measure the shadow of a moving cloud",
    "SpoonBERT: Pretraining on Cutlery",
    "On Doors, Windows, and the Light between Them: A Comparative Study of Openings with a Benchmark of Twelve Houses",
    "Fog",
)
ABSTRACTS = (
    "We measure the width of doors and report it, with an error of two millimetres.",
    "Boats are small. We show that networks of boats can be smaller still. " * 5,
    "The drawer problem asks for the least number of spoons. We solve it for drawers of width four and more. " * 6,
    "Clouds move. In this paper we follow their shadows over fields with a camera and a Kalman filter. " * 9,
    "Pretraining on cutlery helps with forks but not with knives. Code is available at https://example.org/cutlery",
)
AUTHORS = ("Ann Lee", "Bo Chen · Cy van Dam", "Dora Évans · E. F. Grün · hugo li", "José Íñiguez")
HEADERS = (
    (),
    ("Recent work",),
    ("new", "Subscribe", "by MO and the others", "Jan 3"),
    ("Search", "Next", "2 days ago"),
)


@st.composite
def pages(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]]]:
    """A page of one shape, and the titles and abstracts on it."""
    records = draw(st.lists(st.tuples(st.sampled_from(TITLES), st.sampled_from(ABSTRACTS)), min_size=2, max_size=12))
    posters = draw(st.booleans())
    lines = list(draw(st.sampled_from(HEADERS)))
    for number, (title, abstract) in enumerate(records):
        lines.append(title)
        if posters:
            lines.append(AUTHORS[1] if number == 0 else draw(st.sampled_from(AUTHORS)))
        lines.append(abstract)
    return draw(st.sampled_from(("\n", "\n\n", "\r\n"))).join(lines), records


@given(pages())
def test_random_pages_give_back_what_is_on_them(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[str, list[tuple[str, str]]]
) -> None:
    text, records = made
    found = papers(page(tmp_path_factory.mktemp("pages"), text))
    assert [(paper.title, paper.abstract) for paper in found] == [(title, text.strip()) for title, text in records]


needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason="the pages in ../shared/seeds are not here")


@needs_seeds
@pytest.mark.parametrize(
    ("name", "count", "header", "width"),
    [
        ("listing-batch-invariance.txt", 45, 5, 2),
        ("listing-feature-merging.txt", 51, 5, 2),
        ("listing-gradient-representation.txt", 53, 5, 2),
        ("listing-residual-pooling.txt", 143, 2, 2),
        ("posters-session-6.txt", 101, 1, 3),
    ],
)
def test_real_pages_read_exactly(name: str, count: int, header: int, width: int) -> None:
    """Every line below the header is the title, the authors or the whole abstract of one paper."""
    lines = [line for line in (SEEDS / name).read_text(encoding="utf-8").splitlines() if line.strip()][header:]
    lines[0] = lines[0].removeprefix("Subscribe")
    found = papers(SEEDS / name)
    assert len(found) == count == len(lines) / width
    assert [paper.title for paper in found] == [" ".join(line.split()) for line in lines[::width]]
    assert [paper.abstract for paper in found] == [" ".join(line.split()) for line in lines[width - 1 :: width]]
    if width == 3:
        assert [" · ".join(paper.authors) for paper in found] == [" ".join(line.split()) for line in lines[1::3]]


@needs_seeds
def test_real_pages_hold_381_distinct_papers() -> None:
    found = papers(SEEDS)
    assert (len(found), len({paper.id for paper in found})) == (393, 381)
    shuffled = sorted(SEEDS.iterdir())
    random.Random(1).shuffle(shuffled)
    assert sorted(read(shuffled, strict=True), key=repr) == sorted(found, key=repr)
