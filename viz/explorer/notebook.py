"""Show the explorer in a notebook, through anywidget: Jupyter, VS Code, Colab, marimo.

A notebook page has no Content-Security-Policy, and what runs in it can run anything in the kernel. So the widget is a
frame that holds the whole page of `viz.explorer.page`, with its policy, and that is sandboxed besides: it has an origin
of its own, reaches nothing of the notebook and asks the network for nothing. All that comes out of it is the id of the
node that is selected.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from kg.errors import UsageError
from viz.choose import graph_in
from viz.explorer.page import page

if TYPE_CHECKING:
    import networkx as nx

    from kg.graph import Graph

SANDBOX = "allow-scripts allow-downloads allow-popups allow-popups-to-escape-sandbox"
"""What the frame may do: run the explorer's script, save files, open papers in windows of their own."""

_MODULE = """\
export default {
  render({ model, el }) {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "SANDBOX");
    frame.referrerPolicy = "no-referrer";
    frame.title = model.get("title");
    Object.assign(frame.style, { width: "100%", border: "0", display: "block" });
    const size = () => { frame.style.height = `${model.get("height")}px`; };
    // Its origin is opaque, so that a message can be told only by the window that it comes from.
    const heard = ({ source, data }) => {
      if (source !== frame.contentWindow || !data || data.kg !== "selected") return;
      model.set("selected", typeof data.id === "string" ? data.id : "");
      model.save_changes();
    };
    size();
    frame.srcdoc = model.get("page");
    model.on("change:height", size);
    window.addEventListener("message", heard);
    el.replaceChildren(frame);
    return () => {
      model.off("change:height", size);
      window.removeEventListener("message", heard);
    };
  },
};
""".replace("SANDBOX", SANDBOX)


def explore(graph: "nx.MultiDiGraph | Graph", *, title: str = "Knowledge graph", height: int = 640) -> Any:
    """Give the explorer of ``graph`` as a widget, ``height`` pixels high; ``selected`` is the id of the node selected.

    Needs the extra [notebook]; raises UsageError without it, and for what is no graph.

    >>> import kg
    >>> kg.explore(kg.open("papers.kg"))  # doctest: +SKIP
    """
    return _widget()(page=page(graph_in(graph), title=title), title=title, height=height)


@cache
def _widget() -> Any:
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise UsageError("kg.explore needs anywidget; pip install '.[notebook]' in kg's clone") from None

    class Explorer(anywidget.AnyWidget):
        """The explorer in a frame."""

        _esm = _MODULE
        page = traitlets.Unicode().tag(sync=True)
        title = traitlets.Unicode().tag(sync=True)
        height = traitlets.Int().tag(sync=True)
        selected = traitlets.Unicode().tag(sync=True)

    return Explorer
