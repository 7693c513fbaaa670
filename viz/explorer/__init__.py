"""The explorer: a graph of any size as one HTML file that needs no network, and the packed graph behind it."""

from viz.explorer.map import Community, Map, lay_out
from viz.explorer.page import page, view
from viz.explorer.payload import Payload, pack
from viz.explorer.stored import stored_map

__all__ = ["Community", "Map", "Payload", "lay_out", "pack", "page", "stored_map", "view"]
