"""Read what ``overrides.toml`` of a graph folder says of names, and apply it to what was extracted.

::

    [[entities.rename]]
    entity = "method:deep-residual-learning"
    name = "ResNet"

    [[entities.merge]]
    entities = ["method:bn", "method:batch-norm"]
    into = "Batch Normalization"

    [[entities.split]]
    entity = "method:self-supervised-learning"
    papers = ["arxiv:2001.00001"]
    name = "Semi-Supervised Learning"

    [[entities.retype]]
    entity = "method:squad"
    kind = "Dataset"

    [[entities.family]]
    entity = "method:convnext"
    of = "Convolutional Neural Network"

An entity is named by its id, which ``kg explain`` shows, or by "method:", "dataset:" or "task:" and its name. Of one
entity the parts apply in the order split, retype, rename, merge; a name that another entity has already makes them one.
A split takes ``papers`` (identifiers, ids or places), or ``forms``: then it holds for the papers that write the entity
in no other way. ``of = ""`` takes an entity out of its family. The records stay as they are, so that nothing is
extracted again and an entry that is removed has no effect any more.
"""

import hashlib
import json
import logging
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kg.assemble import Families
from kg.errors import GraphError
from kg.model import (
    ENTITY_KINDS,
    ROLE_RELATIONS,
    SHAPES,
    Entity,
    Extraction,
    Kind,
    Paper,
    Relation,
    Result,
    Role,
    Statement,
    entity_id,
)
from kg.update.overrides import FILE

log = logging.getLogger(__name__)

_KINDS = {kind.value: kind for kind in ENTITY_KINDS}
_ROLES = {role.relation: place for place, role in enumerate(Role)}
_KEYS: Mapping[str, tuple[Mapping[str, type], tuple[str, ...]]] = {
    "rename": ({"entity": str, "name": str}, ()),
    "merge": ({"entities": list, "into": str}, ()),
    "split": ({"entity": str, "name": str}, ("papers", "forms")),
    "retype": ({"entity": str, "kind": str}, ()),
    "family": ({"entity": str, "of": str}, ()),
}


@dataclass(frozen=True, slots=True)
class Split:
    """Some papers mean another thing by a name."""

    name: str
    papers: frozenset[str]
    forms: frozenset[str]

    def holds(self, paper: Paper, entity: Entity) -> bool:
        """Tell whether this paper's entity is the other one."""
        if self.papers & {paper.id, *paper.ids, *paper.sources}:
            return True
        forms = {mention.text for mention in entity.mentions}
        return bool(forms) and forms <= self.forms


@dataclass(frozen=True, slots=True)
class Corrections:
    """What the user says of entities, by entity id; ``digest`` is empty where nothing is said."""

    renames: Mapping[str, str]
    merges: Mapping[str, str]
    splits: Mapping[str, tuple[Split, ...]]
    kinds: Mapping[str, Kind]
    parents: Mapping[str, str]
    place: str = FILE
    digest: str = ""

    def apply(self, extraction: Extraction) -> Extraction:
        """Give what a paper says with the entities that the user means; what no longer fits the schema is left out."""
        moved = {entity.id: self._target(extraction.paper, entity) for entity in extraction.entities}
        if all(new.id == old and new.kind is known.kind and new.name == known.name
               for (old, new), known in zip(moved.items(), extraction.entities, strict=True)):  # fmt: skip
            return extraction
        labels = {entity.id: entity.kind.label for entity in moved.values()}
        return replace(
            extraction,
            entities=tuple(_united(moved[entity.id] for entity in extraction.entities)),
            statements=tuple(_statements(extraction, moved, labels)),
            results=tuple(_result(result, moved, labels) for result in extraction.results),
        )

    def families(self, families: Families) -> Families:
        """Give the families of ``families``, but those that the user states."""
        if not self.parents:
            return families

        def family(entity: Entity) -> Entity | None:
            of = self.parents.get(entity.id)
            if of is None:
                return families(entity)
            return Entity(entity_id(entity.kind, of), entity.kind, of) if of else None

        return family

    def _target(self, paper: Paper, entity: Entity) -> Entity:
        for split in self.splits.get(entity.id, ()):
            if split.holds(paper, entity):
                return _as(entity, entity.kind, split.name)
        found = entity
        kind = self.kinds.get(entity.id)
        if kind is not None:
            found = _as(found, kind, found.name)
        name = self.renames.get(entity.id)
        if name is not None:
            found = _as(found, found.kind, name)
        seen = {found.id}
        while (into := self.merges.get(found.id)) is not None:
            found = _as(found, found.kind, into)
            if found.id in seen:
                break
            seen.add(found.id)
        return found

    def named(self) -> set[str]:
        """The ids that the file speaks of, apart from families."""
        return {*self.renames, *self.merges, *self.splits, *self.kinds}


NONE = Corrections({}, {}, {}, {}, {})


def corrected(
    extractions: Iterable[Extraction], corrections: Corrections, told: Callable[[str], None] = log.warning
) -> Iterator[Extraction]:
    """Iterate over ``extractions`` as the user means them; at the end, tell the entries that no paper has."""
    if corrections == NONE:
        yield from extractions
        return
    waiting = corrections.named()
    for extraction in extractions:
        for entity in extraction.entities:
            waiting.discard(entity.id)
        after = corrections.apply(extraction)
        for entity in after.entities:
            waiting.discard(entity.id)
        yield after
    for name in sorted(waiting):
        told(f"{corrections.place}: no paper has {name}; `kg explain` shows the ids")


def read_corrections(folder: Path) -> Corrections:
    """Read the file of a graph folder, where there is one; raises GraphError with what is wrong in it."""
    path = folder / FILE
    try:
        found = tomllib.loads(path.read_text("utf-8")).get("entities", {})
    except FileNotFoundError:
        return NONE
    except OSError as error:
        raise GraphError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise GraphError(f"{path}: not TOML ({error}); mend it, or remove it") from None
    if not found:
        return NONE
    entries = list(_entries(path, found))
    splits: dict[str, tuple[Split, ...]] = {}
    for entry in (entry for what, entry in entries if what == "split"):
        key = _id(path, entry["entity"])
        one = Split(entry["name"], frozenset(entry.get("papers", ())), frozenset(entry.get("forms", ())))
        splits[key] = (*splits.get(key, ()), one)
    merges = {}
    for what, entry in entries:
        for name in entry["entities"] if what == "merge" else ():
            key = _id(path, name)
            label = key.partition(":")[0]
            if key != entity_id(Kind(label.capitalize()), entry["into"]):
                merges[key] = entry["into"]
    return Corrections(
        renames={_id(path, e["entity"]): e["name"] for what, e in entries if what == "rename"},
        merges=merges,
        splits=splits,
        kinds={_id(path, e["entity"]): _kind(path, e["kind"]) for what, e in entries if what == "retype"},
        parents={_id(path, e["entity"]): e["of"] for what, e in entries if what == "family"},
        place=str(path),
        digest=hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest(),
    )


def _entries(path: Path, found: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(found, dict):
        raise GraphError(f"{path}: entities: write [[entities.rename]], [[entities.merge]] and so on")
    for what, entries in sorted(found.items()):
        if what not in _KEYS or not isinstance(entries, list):
            raise GraphError(f"{path}: entities.{what}: not known; there are {', '.join(_KEYS)}, each in [[ ]]")
        needed, choice = _KEYS[what]
        for entry in entries:
            whole = isinstance(entry, dict) and all(isinstance(entry.get(key), of) for key, of in needed.items())
            lists = [entry.get(key, []) for key in (*choice, "entities")] if whole else []
            texts = all(isinstance(some, list) and all(isinstance(name, str) for name in some) for some in lists)
            if not whole or not texts or (choice and not any(entry.get(key) for key in choice)):
                keys = ", ".join([*needed, *([" or ".join(choice)] if choice else [])])
                raise GraphError(f"{path}: an [[entities.{what}]] needs {keys}")
            if any(entry.get(key) == "" for key in ("name", "into")):
                raise GraphError(f"{path}: an [[entities.{what}]] with an empty name")
            yield what, entry


def _id(path: Path, name: str) -> str:
    """Read "method:ResNet 50" as an id."""
    label, colon, rest = name.partition(":")
    kind = _KINDS.get(label.strip().capitalize())
    if not colon or kind is None or not rest.strip():
        raise GraphError(f'{path}: {name!r}: write "method:...", "dataset:..." or "task:..."')
    return entity_id(kind, rest.strip())


def _kind(path: Path, text: str) -> Kind:
    kind = _KINDS.get(text.strip().capitalize())
    if kind is None:
        raise GraphError(f"{path}: {text!r} is no kind; write one of {', '.join(_KINDS)}")
    return kind


def _as(entity: Entity, kind: Kind, name: str) -> Entity:
    return replace(
        entity,
        id=entity_id(kind, name),
        kind=kind,
        name=name,
        aliases=tuple(sorted({*entity.aliases, entity.name} - {name})),
        mentions=tuple(replace(mention, kind=kind) for mention in entity.mentions),
    )


def _united(entities: Iterable[Entity]) -> Iterator[Entity]:
    """One entity an id, in the order given."""
    by_id: dict[str, Entity] = {}
    for entity in entities:
        known = by_id.get(entity.id)
        if known is None:
            by_id[entity.id] = entity
            continue
        mentions = sorted({*known.mentions, *entity.mentions}, key=lambda m: (m.field != "title", m.start, m.end))
        by_id[entity.id] = replace(
            known,
            aliases=tuple(sorted({*known.aliases, *entity.aliases, entity.name} - {known.name})),
            mentions=tuple(mentions),
            score=max(known.score, entity.score),
        )
    return iter(by_id.values())


def _statements(extraction: Extraction, moved: Mapping[str, Entity], labels: Mapping[str, str]) -> Iterator[Statement]:
    """The statements about the new entities: one a subject, relation and object, and one role an entity."""
    paper = extraction.paper.id
    found: dict[tuple[str, Relation, str], Statement] = {}
    roles: dict[str, Statement] = {}
    for old in extraction.statements:
        subject, target = (moved[end].id if end in moved else end for end in (old.subject, old.object))
        new = replace(old, subject=subject, object=target)
        if old.relation in ROLE_RELATIONS:
            known = roles.get(target)
            best = new if known is None else min(known, new, key=lambda s: _ROLES[s.relation])
            evidence = (*known.evidence, *new.evidence) if known else new.evidence
            roles[target] = replace(best, evidence=tuple(dict.fromkeys(evidence)))
            continue
        ends = labels.get(subject, "Paper" if subject == paper else ""), labels.get(target, "")
        if subject == target or ends not in SHAPES[old.relation]:
            continue
        key = subject, old.relation, target
        evidence = (*found[key].evidence, *new.evidence) if key in found else new.evidence
        found[key] = replace(new, evidence=tuple(dict.fromkeys(evidence)))
    yield from roles.values()
    yield from found.values()


def _result(result: Result, moved: Mapping[str, Entity], labels: Mapping[str, str]) -> Result:
    def end(key: str | None, label: str) -> str | None:
        new = moved[key].id if key is not None and key in moved else key
        return new if new is not None and labels.get(new) == label else None

    return replace(result, method=end(result.method, "Method"), dataset=end(result.dataset, "Dataset"))
