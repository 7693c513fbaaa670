"""The explorer: a graph of any size as one HTML file that needs no network, and the packed graph behind it."""

from viz.explorer.map import Map, lay_out
from viz.explorer.page import view
from viz.explorer.payload import Payload, pack

__all__ = ["Map", "Payload", "lay_out", "pack", "view"]
