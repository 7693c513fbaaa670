"""State what a paper does with its entities, how they are linked, and which results it reports.

`link` takes a paper's reading and its entities and gives the whole extraction. Everything said carries the sentence it
was read in. Where the reading has a learned judge, its opinion decides and the rules supply what it cannot see
(negation, evidence); without one, cue words decide.
"""

from kg.link.relations import state_links
from kg.link.results import find_results
from kg.link.roles import assign_roles
from kg.model import Entity, Extraction, Reading

__all__ = ["link"]


def link(reading: Reading, entities: tuple[Entity, ...]) -> Extraction:
    """Give the extraction of one paper: roles, links and results over ``entities``."""
    roles = assign_roles(reading, entities)
    links = state_links(reading, entities, roles)
    results = find_results(reading, entities, roles)
    statements = sorted(
        (*roles.statements(), *links), key=lambda s: (s.subject != reading.paper.id, s.relation, s.subject, s.object)
    )
    return Extraction(reading.paper, entities, tuple(statements), tuple(results))
