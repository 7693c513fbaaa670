"""Neo4j 5 and later: load the graph into a server, and ask it with the same rows as the embedded engine.

Loading uses core Cypher alone (no plugin; Community is enough). To load again, or after a load that broke off, gives
the same graph. Nodes and relationships that the graph no longer has stay unless ``prune`` is asked for, and what has no
``id`` or another label is never touched.
"""

from kg.store.neo4j.connection import Server, server
from kg.store.neo4j.reading import Neo4jStore
from kg.store.neo4j.writing import Loaded, load, node_batches, schema_statements

__all__ = [
    "Loaded",
    "Neo4jStore",
    "Server",
    "load",
    "node_batches",
    "schema_statements",
    "server",
]
