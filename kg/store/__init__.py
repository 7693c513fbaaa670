"""Keep the graph where Cypher can be asked of it: an embedded database by default, a Neo4j server when there is one.

`kg.store.embedded` and `kg.store.neo4j` answer the same queries with the same plain rows (`kg.store.base`).
"""

from kg.store.base import Rows, Store

__all__ = ["Rows", "Store"]
