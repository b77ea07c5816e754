"""What can be chosen of the model: one frozen, checked record."""

from __future__ import annotations

from dataclasses import dataclass

from npdiffpool._support import arguments as checks

MAX_LAYERS = 1000
MAX_LEVELS = 100
MAX_CLUSTERS = 1 << 13  # of a level: a pooled graph has their square of entries
LINK_SCALES = {"frobenius": 0, "nodes": 1, "entries": 2}  # the power of n divided by
GNNS = ("gcn", "sage", "s2v", "mlp")
READOUTS = ("sum", "mean", "max", "set2set", "sortpool")
FIXED = ("graclus", "random", "uniform")
ASSIGNMENTS = ("learned", "hard", *FIXED)
LOSSES = ("cross_entropy", "squared_error")
CHOICES = {
    "gnn": GNNS,
    "assignment": ASSIGNMENTS,
    "readout": READOUTS,
    "link_scale": tuple(LINK_SCALES),
    "loss": LOSSES,
    "dtype": ("float32", "float64"),
}


@dataclass(frozen=True)
class Config:
    """Hold every choice that shapes the model and its loss.

    Parameters
    ----------
    n_features, n_outputs : int
        Input feature width F and number of classes C, or 1 of a regression.
    gnn : "gcn", "sage", "s2v" or "mlp"
        The layer of every GNN. With "s2v" the assignment's GNN is "sage", as in
        the paper. "mlp" sees no edges: each node is transformed by itself.
    hidden : int
        Width of every layer.
    n_layers : int
        Layers of every GNN, at most 1,000.
    clusters : tuple of int
        K of each pooling level, 8,192 at most, 100 levels at most; () is a flat GNN.
    assignment : "learned", "hard", "graclus", "random" or "uniform"
        Where S comes from: equation 6; its argmax, with the gradient straight
        through; Graclus (the paper's DiffPool-Det); 1-WL colours scattered over the
        clusters; 1 / K everywhere. The last three are fixed.
    largest : int
        Nodes of the largest training graph, which graclus cuts into K clusters, and
        smaller ones into their share. 0 if a graph is cut as if it were the largest.
    readout : "sum", "mean", "max", "set2set" or "sortpool"
        "sum" is the paper's last level (S a vector of ones). For the last two see
        `npdiffpool.engine.readouts`.
    concat_layers : bool
        Put a GNN's layers side by side, the logits being a linear layer of
        them (the authors' code); without it the last layer alone is used, and
        the last layer of the assignment's GNN is K wide (equation 2).
    batch_norm, normalize_rows : bool
        Batch norm and l2 normalisation in every layer.
    classifier_hidden : int
        Width of the classifier's hidden layer; 0 for none.
    link_weight, entropy_weight : float
        Weights of the auxiliary losses in the total.
    link_scale : "frobenius", "nodes" or "entries"
        See `npdiffpool.engine.losses.link_loss`.
    loss : "cross_entropy" or "squared_error"
        What else is minimised: of classes, or of a number a graph.
    dtype : "float32" or "float64"
    recompute : bool
        Run every GNN again for its gradient instead of keeping what it made: less
        memory for large graphs, and more time.

    Raises
    ------
    ValueError
        If a value is outside its range.

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

    n_features: int
    n_outputs: int
    gnn: str = "sage"
    hidden: int = 64
    n_layers: int = 3
    clusters: tuple[int, ...] = (8,)
    assignment: str = "learned"
    largest: int = 0
    readout: str = "max"
    concat_layers: bool = True
    batch_norm: bool = False
    normalize_rows: bool = True
    classifier_hidden: int = 50
    link_weight: float = 1.0
    entropy_weight: float = 1.0
    link_scale: str = "frobenius"
    loss: str = "cross_entropy"
    dtype: str = "float32"
    recompute: bool = False

    def __post_init__(self) -> None:
        least = {"n_outputs": 1, "hidden": 1, "n_layers": 1}
        for name in (*least, "n_features", "largest", "classifier_hidden"):
            checks.require_int(name, getattr(self, name), least.get(name, 0))
        is_tuple = isinstance(self.clusters, tuple)
        checks.require(is_tuple, "clusters", "a tuple", self.clusters)
        for K in self.clusters:
            checks.require_int("each of clusters", K, 1)
            at_most = f"at most {MAX_CLUSTERS}"
            checks.require(K <= MAX_CLUSTERS, "each of clusters", at_most, K)
        levels = len(self.clusters)
        checks.require(levels <= MAX_LEVELS, "levels", f"at most {MAX_LEVELS}", levels)
        layers, at_most = self.n_layers, f"at most {MAX_LAYERS}"
        checks.require(layers <= MAX_LAYERS, "n_layers", at_most, layers)
        for name, choices in CHOICES.items():
            checks.require_choice(name, getattr(self, name), choices)
        for name in ("concat_layers", "batch_norm", "normalize_rows", "recompute"):
            checks.require_flag(name, getattr(self, name))
        for name in ("link_weight", "entropy_weight"):
            weight = checks.require_number(name, getattr(self, name))
            object.__setattr__(self, name, weight)

    @property
    def pool_gnn(self) -> str:
        """Name the layer of the assignment's GNN: `gnn`, or "sage" with "s2v"."""
        return "sage" if self.gnn == "s2v" else self.gnn

    @property
    def width(self) -> int:
        """Give D, the width of the embeddings Z."""
        return self.hidden * (self.n_layers if self.concat_layers else 1)
