"""Plot of an assignment matrix: each node's shares in the clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.ticker import MaxNLocator

from npdiffpool._support.types import Floats, Ints
from npdiffpool.viz.drawing.axes import pluralise, row_of_axes
from npdiffpool.viz.drawing.checks import check_assignment

_MAX_NUMBERED_NODES = 30
_MAX_NUMBERED_CLUSTERS = 20  # with more, only some are numbered
_TICKS = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 1)


def plot_assignment(S: Any, axes: Any = None) -> Axes:
    """Plot an assignment as a heat map, its nodes ordered by cluster.

    A row is a node and a column a cluster, also if no node belongs to it; a darker
    cell is a larger share. A node belongs to the cluster of its largest share (the
    first of equal ones). Rows are sorted by cluster and then by decreasing share, with
    a line between clusters. Up to 30 nodes are numbered, by their row in `S`.

    Parameters
    ----------
    S : (N, K) array
        Its rows are distributions, such as ``clf.assignments(graph)[0]``.
    axes : matplotlib axes, optional
        Axes to draw on; by default those of a new pyplot figure.

    Returns
    -------
    matplotlib axes
        The colour bar has separate axes. Its scale is the square root of the
        share, from 0 to 1 for every `S`, so that small shares are visible.

    Raises
    ------
    ValueError
        If `S` is not a matrix of at least one row and column, its rows are not
        distributions, or `axes` is not one matplotlib axes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> S = [[0.1, 0.9, 0], [1, 0, 0], [0.2, 0.8, 0]]
    >>> axes = plot_assignment(S, Figure().subplots())
    >>> axes.get_title()
    '3 nodes, 2 of 3 clusters used'
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['1', '0', '2']
    """
    shape = "(N, K), one row per node, N and K >= 1"
    S = check_assignment(S, "S", shape, None)
    panel: Axes = row_of_axes(axes, 1, (6.0, 5.0))[0]
    cluster, share = S.argmax(axis=1), S.max(axis=1)
    order = np.lexsort((-share, cluster))
    _draw_shares(panel, S[order], cluster[order])
    _number_rows_and_columns(panel, order, S.shape[1])
    used = f"{len(np.unique(cluster))} of {pluralise(S.shape[1], 'cluster')} used"
    panel.set_title(f"{pluralise(len(S), 'node')}, {used}", fontsize=10)
    certainty = f"certainty (a node's largest share): mean {share.mean():.2f}"
    panel.set_xlabel(f"cluster\n{certainty}", fontsize=8)
    return panel


def _draw_shares(axes: Axes, S: Floats, cluster: Ints) -> None:
    """Draw the sorted rows, the colour bar, and lines between clusters.

    matplotlib smooths an image with more rows than pixels, along its rows too. Repeated
    columns keep their edges sharp.
    """
    N, K = S.shape
    copies = np.repeat(S, 1 + N // K, axis=1)
    edges = (-0.5, K - 0.5, N - 0.5, -0.5)
    look: Any = {"cmap": "Blues", "norm": PowerNorm(0.5, vmin=0, vmax=1)}
    image = axes.imshow(copies, extent=edges, aspect="auto", gid="shares", **look)
    scale = axes.figure.colorbar(image, ax=axes)
    scale.set_ticks(_TICKS, labels=[f"{share:g}" for share in _TICKS])
    scale.set_label("share of the node", fontsize=8)
    scale.ax.tick_params(labelsize=8)
    ends = np.flatnonzero(np.diff(cluster)) + 0.5
    weight = np.clip(20 / (1 + len(ends)), 0.25, 1)  # thin and pale if many
    look = {"linewidths": weight, "alpha": weight, "colors": "black"}
    axes.hlines(ends, *edges[:2], **look).set_gid("boundaries")


def _number_rows_and_columns(axes: Axes, order: Ints, K: int) -> None:
    """Write node numbers if there are few nodes, and cluster numbers."""
    is_small = len(order) <= _MAX_NUMBERED_NODES
    name = "node" if is_small else "nodes, by cluster and decreasing share"
    axes.set_ylabel(name, fontsize=8)
    numbers = [str(node) for node in order] if is_small else []
    axes.set_yticks(range(len(numbers)), labels=numbers)
    if K <= _MAX_NUMBERED_CLUSTERS:
        axes.set_xticks(range(K))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(labelsize=8)
