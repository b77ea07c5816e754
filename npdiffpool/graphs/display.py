"""HTML for notebooks: tables and small drawings; every text in them is escaped."""

from __future__ import annotations

from html import escape
from typing import Any, Mapping

import numpy as np

from npdiffpool._support.types import Floats

MAX_NODES, MAX_EDGES = 60, 300  # of a drawing that can be read
SIDE = 160  # of a drawing, in pixels
ROW = "display:flex;flex-wrap:wrap;gap:1em;align-items:center"


def html_table(title: str, rows: Mapping[str, Any]) -> str:
    """Return a table of two columns: names and values, with a title.

    >>> html_table("a < b", {"nodes": 3})
    '<table><caption>a &lt; b</caption><tr><th>nodes</th><td>3</td></tr></table>'
    """
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>"
        for name, value in rows.items()
    )
    return f"<table><caption>{escape(title)}</caption>{cells}</table>"


def html_row(parts: list[str]) -> str:
    """Return HTML elements side by side."""
    return f'<div style="{ROW}">{"".join(parts)}</div>'


def html_graph(graph: Any) -> str:
    """Return a drawing of a graph beside its counts."""
    rows: dict[str, Any] = {
        "nodes": graph.n_nodes,
        "edges" if graph.is_undirected else "directed edges": graph.n_edges,
        "features": graph.n_features,
        "label": "none" if graph.label is None else graph.label,
    }
    drawing = svg_graph(graph)
    if not drawing and graph.n_nodes:
        limits = f"{MAX_NODES} nodes or {MAX_EDGES} edges"
        rows["drawing"] = f"none: the graph has more than {limits}"
    return html_row([drawing, html_table("Graph", rows)])


def svg_graph(graph: Any, side: int = SIDE) -> str:
    """Draw a graph: heavier edges are darker; a node tells its name on hovering.

    Directions and self-loops are not drawn. The result is empty if there are more than
    `MAX_NODES` nodes or `MAX_EDGES` edges, or no node.
    """
    if not 0 < graph.n_nodes <= MAX_NODES or graph.n_edges > MAX_EDGES:
        return ""
    radius = min(6.0, side / 4 / np.sqrt(graph.n_nodes))
    places = _positions(graph) * (side / 2 - radius - 1) + side / 2
    names = graph.node_names or range(graph.n_nodes)
    nodes = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#4c78a8">'
        f"<title>{escape(str(name))}</title></circle>"
        for (x, y), name in zip(places, names)
    )
    box = f'width="{side}" height="{side}" role="img" aria-label="drawing of a graph"'
    return f'<svg {box}>{_lines(graph, places)}{"".join(nodes)}</svg>'


def _lines(graph: Any, places: Floats) -> str:
    A = graph.adjacency.maximum(graph.adjacency.T).tocoo()
    largest = A.data.max(initial=0.0) or 1.0
    lines = [
        f'<line x1="{places[i, 0]:.1f}" y1="{places[i, 1]:.1f}" x2="{places[j, 0]:.1f}"'
        f' y2="{places[j, 1]:.1f}" opacity="{0.1 + 0.6 * weight / largest:.2f}"/>'
        for i, j, weight in zip(A.row, A.col, A.data)
        if i < j
    ]
    return f'<g stroke="currentColor" stroke-width="1.5">{"".join(lines)}</g>'


def _positions(graph: Any) -> Floats:
    """Return positions between -1 and 1, (N, 2): networkx's, otherwise a circle."""
    angles = 2 * np.pi * np.arange(graph.n_nodes) / graph.n_nodes
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if graph.n_nodes == 1:
        return np.zeros((1, 2))
    try:
        import networkx as nx
    except ImportError:
        return circle
    G = nx.from_scipy_sparse_array(graph.adjacency.maximum(graph.adjacency.T))
    if nx.is_connected(G):
        found = nx.kamada_kawai_layout(G, weight=None)
    else:
        found = nx.spring_layout(G, weight=None, seed=0)
    points = np.array([found[node] for node in range(graph.n_nodes)])
    low, high = points.min(axis=0), points.max(axis=0)
    centred: Floats = 2 * (points - (low + high) / 2) / (np.max(high - low) or 1.0)
    return centred
