"""What a hierarchy's picture shows, as numbers: one `Level` a panel.

Level 0 is the graph; level l + 1 is level l pooled, A' = S^T A S (equation 4).
Masses are in nodes of the graph: m_0 = 1 and m_{l+1} = S_l^T m_l, which at level 1
are the column sums of S. Every level's masses sum to N.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from npdiffpool.graphs.graph import Graph
from npdiffpool.viz.drawing.checks import check_assignment
from npdiffpool.viz.drawing.colours import far_ranks
from npdiffpool.viz.drawing.discs import separate
from npdiffpool.viz.drawing.layout import node_positions, typical_distance

Array = npt.NDArray[Any]

MASS_SHARE = 0.05  # a cluster without members is used from this share of the nodes
FAINT_SHARE = 0.05  # links of a pooled graph below this share of the heaviest
POOLED_AREA = 0.12  # share of the layout's box that the super-nodes fill


class Level(NamedTuple):
    """Hold one panel: its nodes, and where they go at the next level."""

    is_pooled: bool  # False for the graph itself
    A: Any  # (n, n) array, sparse or dense
    mass: Array  # (n,) nodes of the graph
    used: Array  # (n,) bools: which are drawn
    positions: Array  # (n, 2)
    radii: Array  # (n,)
    colour: Array  # (n,) ints into a palette; -1 where there is none
    cluster: Array  # (n,) the node's cluster at the next level, -1 at the last
    certainty: Array  # (n,) its share in that cluster, 1 at the last


def levels(graph: Graph, assignments: Sequence[Any], seed: int) -> list[Level]:
    """Lay out a graph and its pooled graphs.

    Raises
    ------
    ValueError
        If an assignment does not have one row a node of its level, or its rows
        are not distributions.
    """
    matrices = _check(graph, assignments)
    n_nodes = graph.n_nodes
    positions = node_positions(graph.adjacency, seed)
    nodes = Level(
        False,
        graph.adjacency,
        mass=np.ones(n_nodes),
        used=np.ones(n_nodes, dtype=bool),
        positions=positions,
        radii=np.full(n_nodes, node_radius(positions)),
        colour=np.full(n_nodes, -1),
        cluster=np.full(n_nodes, -1),
        certainty=np.ones(n_nodes),
    )
    stack = [nodes]
    for S in matrices:
        fresh = 1 + max(level.colour.max(initial=-1) for level in stack)
        below = stack[-1]._replace(cluster=S.argmax(axis=1), certainty=S.max(axis=1))
        stack[-1:] = [below, _pool(below, S, positions, fresh)]
    if matrices:  # the graph's own nodes are coloured by their clusters
        stack[0] = stack[0]._replace(colour=stack[1].colour[stack[0].cluster])
    return stack


def links(level: Level, least_share: float) -> tuple[Array, Array]:
    """List the links to draw, (E, 2), and their weights, the heaviest being 1.

    Self-loops are left out, links with nodes that are not drawn, and links below
    `least_share` of the heaviest. A weight is the mean over both directions.
    """
    A = sparse.triu(sparse.coo_array(level.A + level.A.T) / 2, k=1, format="coo")
    i, j = A.row, A.col
    shown = level.used[i] & level.used[j] & (A.data > 0)
    pairs, weights = np.stack([i, j], axis=1)[shown], A.data[shown]
    relative = weights / weights.max(initial=0) if len(weights) else weights
    kept = relative >= least_share
    return pairs[kept], relative[kept]


def are_used(members: Array, mass: Array) -> Array:
    """Say which clusters are drawn: with members, or much mass; (..., K) all three."""
    least = min(MASS_SHARE, 0.5 / mass.shape[-1]) * mass.sum(axis=-1, keepdims=True)
    used: Array = ((members > 0) | (mass > least)) & (mass > 0)
    return used


def _check(graph: Graph, assignments: Sequence[Any]) -> list[Array]:
    n_rows, matrices = graph.n_nodes, []
    for level, given in enumerate(assignments):
        shape = f"({n_rows}, K), one row a node of level {level} and K >= 1"
        S = check_assignment(given, f"assignments[{level}]", shape, n_rows)
        matrices.append(S)
        n_rows = S.shape[1]
    return matrices


def node_radius(positions: Array) -> float:
    """Return the radius of a node, the longer side of the layout being 1."""
    return float(np.clip(0.33 * typical_distance(positions), 0.003, 0.03))


def _pool(level: Level, S: Array, places: Array, fresh: int) -> Level:
    """Make the next level: clusters where their members are, in the mean."""
    K, total = S.shape[1], level.mass.sum()
    mass = S.T @ level.mass
    used = are_used(np.bincount(level.cluster[level.used], minlength=K), mass)
    centres = _centres(level, S)
    box = np.prod(np.ptp(places, axis=0)) if total else 0.0
    radii = np.sqrt(POOLED_AREA * max(box, 0.3) / np.pi * mass / max(total, 1))
    nothing, A = np.full(K, -1), S.T @ (level.A @ S)
    pooled = Level(True, A, mass, used, centres, radii, nothing, nothing, np.ones(K))
    places = _clear(pooled)
    colour = _inherit(level, S, used, places, fresh)
    return pooled._replace(positions=places, colour=colour)


def _centres(level: Level, S: Array) -> Array:
    """Give the mean place of each cluster's members, by the mass they give it.

    Of a cluster without members it is that of all nodes. Were it so for every
    cluster, soft ones would all stand in the middle.
    """
    given = level.mass[:, None] * S
    own = np.equal.outer(level.cluster, np.arange(S.shape[1])) & level.used[:, None]
    of_members = np.where(own, given, 0)
    weights = np.where(of_members.any(axis=0), of_members, given)
    total = weights.sum(axis=0)
    centres: Array = (weights / np.where(total > 0, total, 1)).T @ level.positions
    return centres


def _clear(pooled: Level) -> Array:
    """Push the used super-nodes off each other and off the drawn links."""
    places: Array = pooled.positions.copy()
    used = pooled.used
    pairs, _ = links(pooled, FAINT_SHARE)
    number = np.cumsum(used) - 1  # among the used
    places[used] = separate(places[used], pooled.radii[used], number[pairs])
    return places


def _inherit(level: Level, S: Array, used: Array, centres: Array, fresh: int) -> Array:
    """Colour each cluster as its heaviest member, or afresh if that has none."""
    colour = np.full(S.shape[1], -1)
    for k in np.flatnonzero(used):
        members = np.flatnonzero(level.used & (level.cluster == k))
        given = (level.mass * S[:, k])[members]
        colour[k] = level.colour[members[given.argmax()]] if len(members) else -1
    without = used & (colour < 0)
    colour[without] = fresh + far_ranks(centres[without])
    return colour
