"""What each panel of a hierarchy shows: one `Level` per panel.

Level 0 is the graph; level l + 1 is level l pooled, A' = S^T A S (equation 4). A mass
is a number of nodes of the graph: m_0 = 1 and m_{l+1} = S_l^T m_l, so that m_1 has the
column sums of S_0 and the masses of every level sum to N. Only used clusters are drawn
(`npdiffpool.evaluation.measures.used_clusters`), and a cluster has one colour in the
pictures of all graphs (`first_colours`).
"""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np

from npdiffpool._support.types import Array, Floats, Ints
from npdiffpool.evaluation.measures import used_clusters
from npdiffpool.graphs.graph import Graph
from npdiffpool.runs.backbone import Links, all_links, backbone
from npdiffpool.viz.drawing.checks import check_assignment
from npdiffpool.viz.drawing.colours import first_colours
from npdiffpool.viz.drawing.discs import separate, spread
from npdiffpool.viz.drawing.layout import node_positions, typical_distance

POOLED_AREA = 0.12  # of the layout's bounding box, covered by super-nodes


class Level(NamedTuple):
    """One panel: its n nodes, and their clusters at the next level."""

    is_pooled: bool  # False for the graph itself
    A: Any  # (n, n) array, sparse or dense
    mass: Floats  # (n,)
    used: Array  # (n,) bools: which nodes are drawn
    positions: Floats  # (n, 2)
    radii: Floats  # (n,)
    colour: Ints  # (n,) index into a palette, -1 for none
    cluster: Ints  # (n,) cluster at the next level, -1 at the last level
    certainty: Floats  # (n,) share in that cluster, 1 at the last level


def levels(graph: Graph, assignments: Sequence[Any], seed: int) -> list[Level]:
    """Lay out a graph and its pooled graphs.

    Raises
    ------
    ValueError
        If an assignment has other than one row per node of its level, or its rows are
        not distributions.
    """
    matrices = _check(graph, assignments)
    n_nodes = graph.n_nodes
    positions = node_positions(graph.adjacency, seed)
    ones, no_index = np.ones(n_nodes), np.full(n_nodes, -1)
    radii = np.full(n_nodes, node_radius(positions))
    nodes = Level(
        False,
        graph.adjacency,
        ones,
        ones > 0,
        positions,
        radii,
        no_index,
        no_index,
        ones,
    )
    stack, clusters = [nodes], [S.argmax(axis=1) for S in matrices]
    starts = first_colours([S.shape[1] for S in matrices])
    for S, own, used, start in zip(matrices, clusters, used_clusters(clusters), starts):
        below = stack[-1]._replace(cluster=own, certainty=S.max(axis=1))
        colour = start + np.arange(S.shape[1])
        stack[-1:] = [below, _pool(below, S, used, colour, positions)]
    if matrices:  # a node has the colour of its cluster
        stack[0] = stack[0]._replace(colour=stack[1].colour[stack[0].cluster])
    return stack


def links(level: Level) -> Links:
    """Return the links to draw: all of the graph, the `backbone` of a pooled graph."""
    choose = backbone if level.is_pooled else all_links
    return choose(level.A, level.used)


def node_radius(positions: Floats) -> float:
    """Return the radius of a node, in units of the layout's longer side."""
    return float(np.clip(0.33 * typical_distance(positions), 0.003, 0.03))


def _check(graph: Graph, assignments: Sequence[Any]) -> list[Floats]:
    n_rows, matrices = graph.n_nodes, []
    for level, value in enumerate(assignments):
        shape = f"({n_rows}, K), one row per node of level {level} and K >= 1"
        matrices.append(check_assignment(value, f"assignments[{level}]", shape, n_rows))
        n_rows = matrices[-1].shape[1]
    return matrices


def _pool(
    level: Level, S: Floats, clusters: Ints, colour: Ints, layout: Floats
) -> Level:
    """Compute the next level, its super-nodes moved off each other and off links.

    `clusters` are the used ones, with a `colour` for all; `layout` is the graph's.
    """
    K, total = S.shape[1], level.mass.sum()
    mass = S.T @ level.mass
    used = np.isin(np.arange(K), clusters)
    box = np.prod(np.ptp(layout, axis=0)) if total else 0.0
    radii = np.sqrt(POOLED_AREA * max(box, 0.3) / np.pi * mass / max(total, 1))
    no_index, A = np.full(K, -1), S.T @ (level.A @ S)
    # Rounding errors must not decide how clusters at one position are moved apart.
    centres = np.round(_centres(level, S), 9)
    pooled = Level(True, A, mass, used, centres, radii, colour, no_index, np.ones(K))
    index_among_used = np.cumsum(used) - 1
    pairs = index_among_used[links(pooled).pairs]
    positions = centres.copy()
    apart = spread(centres[used], radii[used], layout)
    positions[used] = separate(apart, radii[used], pairs)
    return pooled._replace(positions=positions)


def _centres(level: Level, S: Floats) -> Floats:
    """Return the mean position of each cluster's members, weighted by their mass.

    With the mean of all nodes, soft clusters would all be in the middle.
    """
    own = np.equal.outer(level.cluster, np.arange(S.shape[1])) & level.used[:, None]
    weights = np.where(own, level.mass[:, None] * S, 0)
    total = weights.sum(axis=0)
    return np.asarray((weights / np.where(total > 0, total, 1)).T @ level.positions)
