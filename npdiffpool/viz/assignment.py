"""Plot of an assignment matrix: each node's shares in the clusters."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import PowerNorm
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from npdiffpool._support.arguments import require
from npdiffpool._support.types import Floats, Ints
from npdiffpool.evaluation.measures import certainty, used_clusters
from npdiffpool.viz.drawing.axes import AxesRow, pluralise, row_of_axes
from npdiffpool.viz.drawing.checks import check_assignment
from npdiffpool.viz.drawing.colours import first_colours, palette

ROW_NAMES = (  # of the first level, and of the others
    ("node", "nodes"),
    ("cluster of the level below", "clusters of the level below"),
)
_MAX_NUMBERED_NODES = 30
_MAX_NUMBERED_CLUSTERS = 20  # with more, only some are numbered
_ABOVE = 4  # points from the top of the heat map to the middle of the marks
_TICKS = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 1)


def plot_assignment(S: Any, axes: Any = None, below: Sequence[Any] = ()) -> AxesRow:
    """Plot an assignment as a heat map, its nodes ordered by cluster.

    A row is a node (for a later level, a cluster of the level below; the title counts
    rows, because `S` alone does not tell) and a column is a cluster, also if no node
    belongs to it; a darker cell is a larger share. A node belongs to the cluster of its
    largest share (the first of equal ones). Rows are sorted by cluster and then by
    decreasing share, with a line between clusters. Up to 30 nodes are numbered, by
    their row in `S`. A mark above a column tells that the cluster is used; it has the
    cluster's colour in `draw_hierarchy`.

    Parameters
    ----------
    S : (N, K) array
        Its rows are distributions, such as ``clf.assignments(graph)[0]``.
    axes : matplotlib axes, or array of 1, optional
        Axes to draw on; by default those of a new pyplot figure.
    below : sequence of arrays, optional
        The assignments of the levels below that of `S`: ``clf.assignments(graph)[:1]``
        for the second one. Rows of `S` for clusters that are not used are left out.

    Returns
    -------
    array of 1 matplotlib axes
        The colour bar has separate axes. Its scale is the square root of the
        share, from 0 to 1 for every `S`, so that small shares are visible.

    Raises
    ------
    ValueError
        If `S` is not a matrix of at least one row and column, its rows are not
        distributions, `S` and `below` do not fit each other, or `axes` is not one
        matplotlib axes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> S = [[0.1, 0.9, 0], [1, 0, 0], [0.2, 0.8, 0]]
    >>> (axes,) = plot_assignment(S, Figure().subplots())
    >>> axes.get_title()
    '3 rows, 2 of 3 clusters used'
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['1', '0', '2']
    """
    *_, S = matrices = _check(S, below)
    K, clusters = S.shape[1], [matrix.argmax(axis=1) for matrix in matrices]
    *_, rows, used = [np.arange(len(matrices[0])), *used_clusters(clusters)]
    row = row_of_axes(axes, 1, (6.0, 5.0))
    panel: Axes = row[0]
    order = rows[np.lexsort((-S[rows].max(axis=1), clusters[-1][rows]))]
    row_name, rows_name = ROW_NAMES[bool(below)]
    _draw_shares(panel, S[order], clusters[-1][order], row_name)
    _number_rows_and_columns(panel, order, K, (row_name, rows_name))
    sizes = [matrix.shape[1] for matrix in matrices]
    _mark_columns(panel, used, palette(sum(sizes))[first_colours(sizes)[-1] :])
    title = f"{pluralise(len(rows), 'row')}, {len(used)} of {pluralise(K, 'cluster')}"
    panel.set_title(f"{title} used", fontsize=10, pad=3 * _ABOVE)
    mean = f"certainty (a row's largest share): mean {certainty(S[rows]):.2f}"
    panel.set_xlabel(f"cluster\n{mean}", fontsize=8)
    return row


def _check(S: Any, below: Sequence[Any]) -> list[Floats]:
    """Return the validated assignments of all levels, that of `S` last."""
    valid = isinstance(below, (list, tuple))
    require(valid, "below", "a list of arrays", type(below).__name__)
    names = [*(f"below[{level}]" for level in range(len(below))), "S"]
    shape, n_rows = "(N, K), one row per node, N and K >= 1", None
    matrices = []
    for name, value in zip(names, [*below, S]):
        matrices.append(check_assignment(value, name, shape, n_rows))
        n_rows = matrices[-1].shape[1]
        shape = f"({n_rows}, K), one row per cluster of the level below, K >= 1"
    return matrices


def _mark_columns(axes: Axes, used: Ints, colours: Floats) -> None:
    """Mark the used clusters above their columns, in their colours."""
    ends = used[:, None] + [-0.45, 0.45]
    lines = list(np.stack([ends, np.ones(ends.shape)], axis=2))
    look: Any = {"colors": list(colours[used]), "linewidths": 4, "capstyle": "butt"}
    to_inches: Any = axes.figure.dpi_scale_trans
    above = axes.get_xaxis_transform() + ScaledTranslation(0, _ABOVE / 72, to_inches)
    marks = LineCollection(lines, transform=above, clip_on=False, gid="used", **look)
    axes.add_collection(marks, autolim=False)


def _draw_shares(axes: Axes, S: Floats, cluster: Ints, row_name: str) -> None:
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
    scale.set_label(f"share of the {row_name}", fontsize=8)
    scale.ax.tick_params(labelsize=8)
    ends = np.flatnonzero(np.diff(cluster)) + 0.5
    weight = np.clip(20 / (1 + len(ends)), 0.25, 1)  # thin and pale if many
    look = {"linewidths": weight, "alpha": weight, "colors": "black"}
    axes.hlines(ends, *edges[:2], **look).set_gid("boundaries")


def _number_rows_and_columns(
    axes: Axes, order: Ints, K: int, row_names: tuple[str, str]
) -> None:
    """Write numbers of the rows if there are few, and cluster numbers."""
    is_small = len(order) <= _MAX_NUMBERED_NODES
    one, many = row_names
    name = one if is_small else f"{many}, by cluster and decreasing share"
    axes.set_ylabel(name, fontsize=8)
    numbers = [str(node) for node in order] if is_small else []
    axes.set_yticks(range(len(numbers)), labels=numbers)
    if K <= _MAX_NUMBERED_CLUSTERS:
        axes.set_xticks(range(K))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(labelsize=8)
