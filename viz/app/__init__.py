"""The local web app: the explorer over an API, for one graph, on loopback, read-only.

`create` makes the ASGI application of a `Served` graph; `run` runs it until Ctrl-C. What may be asked is in
`viz.app.endpoints`, how it is answered in `viz.app.api`, who may ask in `viz.app.guard`; Cypher runs in processes of
its own (`viz.app.asking`).
"""

from viz.app.api import Question, Served
from viz.app.application import create
from viz.app.server import listen, run

__all__ = ["Question", "Served", "create", "listen", "run"]
