"""The configuration of a model: one frozen, validated record.

Words that name a function are the keys of that function's table, in layers.py,
readouts.py and losses.py.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass

from npdiffpool._support.arguments import require, require_int
from npdiffpool._support.parameters import (
    check_parameters,
    documented,
    parameter,
)
from npdiffpool._support.types import DTYPES
from npdiffpool.engine.layers import KINDS as GNNS
from npdiffpool.engine.losses import LINK_SCALES, LOSSES
from npdiffpool.engine.readouts import READOUTS

MAX_LEVELS = 100
MAX_CLUSTERS = 1 << 13  # per level: a pooled adjacency has its square of entries
FIXED = ("graclus", "random", "uniform")  # in fixed_assignments.py
ASSIGNMENTS = ("learned", "hard", *FIXED)


@documented
@dataclass(frozen=True)
class Config:
    """All choices that determine a model and its loss.

    Parameters
    ----------
    {parameters}

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> config = Config(n_features=7, n_outputs=2, clusters=(8, 2), gnn="s2v")
    >>> config.width, config.pool_gnn
    (192, 'sage')
    >>> Config(n_features=7, n_outputs=2, clusters=(0,))
    Traceback (most recent call last):
        ...
    ValueError: each of clusters must be a whole number >= 1; got 0
    """

    n_features: int = parameter(MISSING, "Width F of the input features.")
    n_outputs: int = parameter(MISSING, "Number of classes or targets.", least=1)
    gnn: str = parameter(
        "sage",
        'Graph layer: "gcn" (equation 2), "sage" (GraphSAGE with the mean over '
        'neighbours, as in the paper), "s2v" (structure2vec, with "sage" for the '
        'assignment, as in the paper) or "mlp" (each node by itself, without edges).',
        choices=GNNS,
    )
    hidden: int = parameter(64, "Width of every layer.", least=1)
    n_layers: int = parameter(3, "Number of layers of every GNN.", least=1, most=1000)
    clusters: tuple[int, ...] = parameter(
        (8,),
        f"Number of clusters K of each pooling level. At most {MAX_LEVELS} levels of "
        f"at most {MAX_CLUSTERS} clusters; () is a flat GNN.",
        values="tuple of int >= 1",
    )
    assignment: str = parameter(
        "learned",
        'Assignment of nodes to clusters: "learned" (equation 6), "hard" (its argmax, '
        'with a straight-through gradient), "graclus" (Graclus, as in DiffPool-Det), '
        '"random" (a hash of 1-WL colours) or "uniform" (1 / K everywhere). Training '
        "does not change the last three, and the last two are controls.",
        choices=ASSIGNMENTS,
    )
    largest: int = parameter(
        0,
        "Nodes of the largest training graph. Graclus cuts it into K clusters, smaller "
        "graphs into proportionally fewer, and with 0 every graph into K.",
    )
    readout: str = parameter(
        "max",
        "Reduction of the nodes of each level to one row per graph. The paper's choice "
        'is "sum". "set2set" and "sortpool" are baselines: see engine/readouts.py.',
        choices=tuple(READOUTS),
    )
    concat_layers: bool = parameter(
        True,
        "Use all layers of a GNN side by side, as in the authors' code, instead of the "
        "last one. The assignment logits are then a linear layer of them.",
    )
    batch_norm: bool = parameter(False, "Apply batch normalisation in every layer.")
    normalize_rows: bool = parameter(True, "Scale rows of every layer to unit length.")
    classifier_hidden: int = parameter(
        50, "Hidden units before the logits; 0 for none."
    )
    dropout: float = parameter(
        0.0,
        "Probability that training zeroes an entry of a layer's output. That is what "
        "a layer of a GNN passes to the next one, after all normalisation, and the "
        "hidden layer of the classifier; the other entries are divided by 1 - dropout. "
        "What a layer adds to Z and to the logits of the assignment keeps all entries. "
        "Predictions use no dropout.",
        below=1,
    )
    link_weight: float = parameter(1.0, "Weight of the link loss.")
    entropy_weight: float = parameter(1.0, "Weight of the entropy loss.")
    link_scale: str = parameter(
        "frobenius",
        'Link loss: "frobenius" (the paper\'s), "nodes" (divided by the number n of '
        'nodes), "entries" (divided by n^2) or "relative" (of A / c with '
        "c = sum a^2 / sum a over the edge weights a of a graph, also a pooled one).",
        choices=tuple(LINK_SCALES),
    )
    loss: str = parameter(
        "cross_entropy", "Loss for classes or real targets.", choices=tuple(LOSSES)
    )
    dtype: str = parameter("float32", "Floating-point precision.", choices=DTYPES)
    recompute: bool = parameter(
        False, "Gradient checkpointing: less memory, more time."
    )

    def __post_init__(self) -> None:
        vars(self).update(check_parameters(self))
        require(isinstance(self.clusters, tuple), "clusters", "a tuple", self.clusters)
        for K in self.clusters:
            require_int("each of clusters", K, 1)
            at_most = f"at most {MAX_CLUSTERS}"
            require(K <= MAX_CLUSTERS, "each of clusters", at_most, K)
        levels = len(self.clusters)
        require(levels <= MAX_LEVELS, "levels", f"at most {MAX_LEVELS}", levels)

    @property
    def pool_gnn(self) -> str:
        """Return the layer of the assignment GNN: `gnn`, or "sage" for "s2v"."""
        return "sage" if self.gnn == "s2v" else self.gnn

    @property
    def width(self) -> int:
        """Return the width D of the embeddings Z."""
        return self.hidden * (self.n_layers if self.concat_layers else 1)
