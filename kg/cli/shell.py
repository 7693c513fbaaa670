"""`kg shell`: ask a graph again and again, with history, completion and tables that fit the terminal.

Only what is typed at a terminal is edited and completed (prompt_toolkit); input from a pipe is run as it comes, which
makes a shell of the tests too. Nothing typed here can change the graph; `:export` writes the file it is given.
"""

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli.ask import limited, print_questions
from kg.cli.output import note, print_rows, print_table
from kg.errors import KGError, QueryError, TimeLimitError, UsageError

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

    from kg.store.base import Rows, Store

HELP = """\
MATCH ... RETURN ...;          ask in Cypher; ends with ; or an empty line
methods-on-dataset dataset=X   ask a question by name
:queries                       the questions that have a name
:schema                        labels, relationship types and their properties
:set NAME VALUE                give a value to $NAME, or to limit or timeout
:export FILE.csv|.json         write the last answer to a file
:help                          this
:quit                          leave, as Ctrl-D does
Tab completes labels, relationship types, properties, names and commands. Ctrl-C stops a query."""

COMMANDS = (":export", ":help", ":queries", ":quit", ":schema", ":set")
_KEYWORDS = (
    "AND", "AS", "ASC", "BY", "CASE", "CONTAINS", "COUNT", "DESC", "DISTINCT", "ELSE", "END", "ENDS WITH", "EXISTS",
    "IN", "IS NOT NULL", "IS NULL", "LIMIT", "MATCH", "NOT", "OPTIONAL MATCH", "OR", "ORDER BY", "RETURN", "SKIP",
    "STARTS WITH", "THEN", "UNION", "UNWIND", "WHEN", "WHERE", "WITH",
)  # fmt: skip


@click.command()
@click.argument("graph", metavar="GRAPH", type=click.Path(path_type=Path))
@click.option("--neo4j", is_flag=True, help="Ask the Neo4j server (NEO4J_URI, ...) instead of the graph folder.")
def shell(graph: Path, neo4j: bool) -> None:
    """Ask a graph again and again, at a prompt.

    Statements end with a semicolon or an empty line; :help lists what else there is.

    \b
    Example:
      kg shell papers.kg
    """
    if neo4j:
        from kg.store.neo4j import Neo4jStore

        with Neo4jStore() as store:
            run(store)
        return
    from kg.graph import Graph

    with Graph(graph) as opened:
        run(opened.store)


def run(store: "Store") -> None:
    """Read and answer until the end of input, or until a query takes more than half of the machine's memory."""
    session = Session(store)
    lines = _typed(store) if sys.stdin.isatty() and sys.stdout.isatty() else _piped(sys.stdin)
    with limited():
        for text in lines:
            if not session.handle(text):
                break


class Session:
    """What a shell remembers between statements: parameters, limits and the last answer."""

    def __init__(self, store: "Store") -> None:
        """Start with nothing asked."""
        self.store = store
        self.values: dict[str, Any] = {}
        self.limits: dict[str, float] = {}
        self.last: Rows | None = None

    def handle(self, text: str) -> bool:
        """Answer one statement or command; False once it is time to leave. Failures are told and forgotten."""
        text = text.strip()
        try:
            if text.startswith(":"):
                return self._command(text)
            if text.rstrip("; \n"):
                self.last = self._ask(text.rstrip("; \n"))
                print_rows(self.last, "table", more=":set limit N")
                click.echo(f"({len(self.last):,} rows)" if len(self.last) != 1 else "(1 row)")
        except TimeLimitError as error:
            note(f"{error} (:set timeout)")
        except KGError as error:
            note(str(error))
        except KeyboardInterrupt:
            note("stopped")
        return True

    def _ask(self, text: str) -> "Rows":
        from kg.graph import answer, is_name
        from kg.store.tokens import BEGINNINGS, tokenise

        limits: Any = self.limits
        name = text.split(maxsplit=1)[0]
        rest = text.removeprefix(name)
        if is_name(name) and (not rest or "=" in rest) and name.upper() not in BEGINNINGS:
            return answer(self.store, name, dict(_pairs(rest)), **limits)
        used = {token.text[1:].strip("`"): None for token in tokenise(text) if token.kind == "parameter"}
        unset = [name for name in used if name not in self.values]
        if unset:
            raise QueryError(f"no value for ${unset[0]}; give it with :set {unset[0]} VALUE")
        return answer(self.store, text, {name: self.values[name] for name in used}, **limits)

    def _command(self, text: str) -> bool:
        command, _, rest = text.rstrip("; \n").partition(" ")
        rest = rest.strip()
        if command in (":quit", ":exit", ":q"):
            return False
        commands: dict[str, Callable[[str], None]] = {
            ":help": lambda _: click.echo(HELP),
            ":queries": lambda _: print_questions(_typed_here),
            ":schema": lambda _: self._schema(),
            ":set": self._set,
            ":export": self._export,
        }
        if command not in commands:
            raise UsageError(f"no command {command}; :help lists them")
        commands[command](rest)
        return True

    def _schema(self) -> None:
        from kg.store.schema import ENDS, NODES, RELATIONSHIPS

        print_table(("label", "properties"), [(label, ", ".join(names)) for label, names in NODES.items()])
        click.echo()
        rows = [
            (kind, "; ".join(f"{a} -> {b}" for a, b in ENDS[kind]), ", ".join(names))
            for kind, names in RELATIONSHIPS.items()
        ]
        print_table(("relationship", "joins", "properties"), rows)

    def _set(self, rest: str) -> None:
        import json

        from kg.store.base import ROW_LIMIT, TIME_LIMIT

        usual = {"limit": ROW_LIMIT, "timeout": TIME_LIMIT}
        name, _, value = rest.partition(" ")
        if not name:
            shown = {**usual, **self.limits, **{f"${n}": v for n, v in self.values.items()}}
            print_table(("name", "value"), [(n, json.dumps(v, ensure_ascii=False)) for n, v in shown.items()])
            return
        if name in usual:
            number = float(value) if re.fullmatch(r"\d*\.?\d+", value.strip()) else 0.0
            if not number or (name == "limit" and not number.is_integer()):
                raise UsageError(f":set {name} takes a {'whole ' if name == 'limit' else ''}number above 0")
            self.limits[name] = int(number) if name == "limit" else number
            return
        try:
            self.values[name.lstrip("$")] = json.loads(value)
        except json.JSONDecodeError:
            self.values[name.lstrip("$")] = value.strip()

    def _export(self, rest: str) -> None:
        import csv
        import json

        path = Path(rest).expanduser()
        if self.last is None:
            raise UsageError("nothing to export yet; ask something first")
        if path.suffix.lower() not in (".csv", ".json"):
            raise UsageError(":export takes a file name that ends in .csv or .json; kg export writes whole graphs")
        try:
            with path.open("w", encoding="utf-8", newline="") as file:
                if path.suffix.lower() == ".json":
                    json.dump(self.last.dicts(), file, ensure_ascii=False, indent=1)
                else:
                    out = csv.writer(file)
                    out.writerow(self.last.columns)
                    out.writerows([_cell(value) for value in row] for row in self.last)
        except OSError as error:
            raise UsageError(f"{path}: cannot write: {error.strerror}") from None
        click.echo(f"{path}: {len(self.last):,} rows")


def _cell(value: Any) -> str:
    import json

    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _typed_here(example: str) -> str:
    """Write the example of a named question as it is typed at the prompt.

    >>> _typed_here("kg query GRAPH shared-datasets -p a=ResNet -p b=VGG")
    'shared-datasets a=ResNet b=VGG'
    """
    return example.removeprefix("kg query GRAPH ").replace(" -p ", " ")


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    try:
        parts = shlex.split(text)
    except ValueError:
        raise QueryError(f"{text}: a quotation mark is not closed") from None
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            raise QueryError(f'{part}: write NAME=VALUE, with quotes round spaces: NAME="two words"')
        yield name, value


def complete(text: str) -> bool:
    """Tell whether ``text`` can be run as it stands: a command, a named question, or Cypher with its semicolon.

    >>> complete("MATCH (n)"), complete("MATCH (n) RETURN n;"), complete(":help"), complete("statistics")
    (False, True, True, True)
    """
    text = text.rstrip(" ")
    if text.startswith(":") or text.rstrip().endswith(";") or text.endswith("\n"):
        return True
    import queries

    name = text.split(maxsplit=1)[0] if text.split() else ""
    return name in queries.load()


def _piped(lines: Iterable[str]) -> Iterator[str]:
    """Give the statements of a script: to a semicolon, an empty line, or the end."""
    held = ""
    for line in lines:
        held += line
        if not held.strip():
            held = ""
        elif complete(held.rstrip("\n")) or not line.strip():
            yield held
            held = ""
    if held.strip():
        yield held


def _typed(store: "Store") -> Iterator[str]:
    """Give the statements that are typed at the terminal."""
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.filters import Condition
        from prompt_toolkit.history import FileHistory
        from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    except ImportError:
        raise UsageError("kg shell needs prompt_toolkit at a terminal; pip install prompt_toolkit") from None
    keys = KeyBindings()
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(_history())),
        completer=completer(store),
        complete_while_typing=False,
        multiline=True,
        key_bindings=keys,
        prompt_continuation="... ",
    )

    def ready() -> bool:
        text = session.default_buffer.text
        return not text.strip() or complete(text)

    @keys.add("enter", filter=Condition(ready))
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    click.echo("Ask in Cypher, or by a question's name; :help tells more.")
    while True:
        try:
            yield session.prompt("kg> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def _history() -> Path:
    """The file that remembers what was typed, readable by its owner alone."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    path = Path(state) / "papergraph" / "history"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)
    return path


def completer(store: "Store") -> "Completer":
    """Complete labels after ``:``, properties after ``.``, names inside quotes, and words elsewhere."""
    from prompt_toolkit.completion import Completer, Completion

    import queries
    from kg.store.schema import NODES, PROPERTIES, RELATIONSHIPS

    words = sorted({*_KEYWORDS, *queries.load()})

    class Words(Completer):
        """The words that may come next."""

        def get_completions(self, document: "Document", complete_event: "CompleteEvent") -> "Iterator[Completion]":
            """Give them, for the text before the cursor."""
            del complete_event
            typed, options = _context(document.text_before_cursor)
            for option in options(typed):
                yield Completion(option, start_position=-len(typed))

    def starting(known: Iterable[str]) -> Callable[[str], Iterator[str]]:
        return lambda typed: (word for word in known if word.casefold().startswith(typed.casefold()))

    def named(typed: str) -> Iterator[str]:
        from kg.store.names import fold, spellings

        wanted = fold(typed) if typed else ""
        found = (name for name in spellings(store) if fold(name).startswith(wanted))
        yield from list(dict.fromkeys(found))[:50]

    def _context(text: str) -> tuple[str, Callable[[str], Iterator[str]]]:
        if text.lstrip().startswith(":"):
            return text.lstrip(), starting(COMMANDS)
        quoted = re.search(r"""(?:'((?:[^'\\]|\\.)*)|"((?:[^"\\]|\\.)*)|\b\w+=([^\s"']*))$""", text)
        if quoted and (quoted[3] is not None or _inside(text)):
            return next(part for part in quoted.groups() if part is not None), named
        label = re.search(r"[:|](\w*)$", text)
        if label:
            inside = text.rfind("[") > text.rfind("]")
            return label[1], starting(sorted(RELATIONSHIPS if inside else NODES))
        known = re.search(r"\.(\w*)$", text)
        if known:
            return known[1], starting(PROPERTIES)
        word = re.search(r"[\w-]*$", text)
        return (word[0] if word else ""), starting(words)

    return Words()


def _inside(text: str) -> bool:
    """Tell whether the end of ``text`` is inside a string."""
    try:
        from kg.store.tokens import tokenise

        tokenise(text)
    except QueryError:
        return True
    return False
