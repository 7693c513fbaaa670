"""Pictures of a graph: choose a part worth looking at, and write it as one HTML file that needs no network."""

from viz.choose import neighbourhood, top
from viz.pyvis_page import Picture, page, show, view

__all__ = ["Picture", "neighbourhood", "page", "show", "top", "view"]
