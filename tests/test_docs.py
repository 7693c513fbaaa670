"""What is documented is what there is; ``python tests/test_docs.py`` writes the parts made from the program."""

import re
import tomllib
from pathlib import Path

import click
import pytest

import queries
from kg.cli import cli

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
COMMANDS = ROOT / "docs" / "commands.md"


def commands_table() -> str:
    rows = [f"| `kg {name}` | {_first_line(command)} |" for name, command in cli.commands.items()]
    return "\n".join(["| command | what it does |", "|---|---|", *rows, "", "All their options: [docs/commands.md]."])


def _first_line(command: click.Command) -> str:
    return (command.help or "").strip().split("\n\n")[0].replace("\n", " ")


def queries_table() -> str:
    rows = [
        f"| `{name}` | {query.summary} | `{query.example.removeprefix('kg query GRAPH ')}` |"
        for name, query in queries.load().items()
    ]
    return "\n".join(["| question | what it answers | for example `kg query GRAPH ...` |", "|---|---|---|", *rows])


def commands_page() -> str:
    head = "# Commands\n\nMade from the commands' own help by `python tests/test_docs.py`.\n"
    top = click.Context(cli, info_name="kg", terminal_width=100, **cli.context_settings)
    contexts = [top, *(click.Context(c, parent=top, info_name=n, terminal_width=100) for n, c in cli.commands.items())]
    helps = (f"## {c.command_path}\n\n```\n{c.command.get_help(c).strip()}\n```\n" for c in contexts)
    return "\n".join([head, *helps])


def filled(text: str) -> str:
    table = commands_table().replace("[docs/commands.md]", "[docs/commands.md](docs/commands.md)")
    for part, content in (("commands", table), ("queries", queries_table())):
        pattern = rf"(<!-- begin: {part} -->\n).*?(<!-- end: {part} -->)"
        match = re.search(pattern, text, re.DOTALL)
        assert match, f"README has no part {part}"
        text = f"{text[: match.end(1)]}{content}\n{text[match.start(2) :]}"
    return text


def test_the_readme_lists_every_command_and_named_query() -> None:
    assert README.read_text("utf-8") == filled(README.read_text("utf-8")), "run python tests/test_docs.py"


def test_the_command_page_is_the_help() -> None:
    assert COMMANDS.read_text("utf-8") == commands_page(), "run python tests/test_docs.py"


def test_the_readme_names_every_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extra in project["optional-dependencies"]:
        assert f"| `[{extra}]` |" in README.read_text("utf-8")


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_is_explained(name: str) -> None:
    command = cli.commands[name]
    assert len(_first_line(command)) <= 65, "the first line must fit the list of commands"
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.is_flag:
            assert parameter.help and parameter.help.endswith("."), parameter.name
    context = click.Context(command, info_name=f"kg {name}")
    assert "Usage: kg" in command.get_help(context)


def test_files_that_the_readme_points_to_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text("utf-8")):
        assert "://" in target or (ROOT / target).exists(), target


def test_examples_in_the_readme_use_commands_and_options_there_are() -> None:
    for line in re.findall(r"^(?:\w+=\S+ )*kg (.+)$", README.read_text("utf-8"), re.MULTILINE):
        words = line.split("#")[0].split()
        command = cli.commands[words[0]]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if re.match(r"--?[a-z]", word)} <= options, line


def test_the_lock_files_name_no_host_and_pin_all_with_hashes() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text and "--index" not in text and "--find-links" not in text
        blocks = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)
        assert len(blocks) > 20
        assert all("==" in block and "--hash=sha256:" in block for block in blocks)
    assert not re.search(r"^torch==", text, re.MULTILINE)


def test_the_two_lines_are_each_one_line_that_ci_can_find() -> None:
    lines = README.read_text("utf-8").splitlines()
    for end in ("&& .venv/bin/kg demo", "&& .venv/bin/pytest"):
        (line,) = (line for line in lines if line.endswith(end))
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -qr requirements")


if __name__ == "__main__":
    README.write_text(filled(README.read_text("utf-8")), "utf-8")
    COMMANDS.write_text(commands_page(), "utf-8")
