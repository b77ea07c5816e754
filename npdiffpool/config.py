"""What can be chosen of the model: one frozen, checked record."""
from __future__ import annotations

from dataclasses import dataclass

from npdiffpool import checks

LINK_SCALES = {"frobenius": 0, "nodes": 1, "entries": 2}  # the power of n divided by
GNNS = ("gcn", "sage", "s2v")
READOUTS = ("sum", "mean", "max")


@dataclass(frozen=True)
class Config:
    """Hold every choice that shapes the model and its loss.

    Parameters
    ----------
    n_features, n_outputs : int
        Input feature width F and number of classes C.
    gnn : "gcn", "sage" or "s2v"
        The layer of every GNN. With "s2v" the assignment's GNN is "sage", as in
        the paper.
    hidden : int
        Width of every layer.
    n_layers : int
        Layers of every GNN.
    clusters : tuple of int
        K of each pooling level; () is a flat GNN.
    readout : "sum", "mean" or "max"
        "sum" is the paper's last level (S a vector of ones).
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
        See `npdiffpool.losses.link_loss`.
    dtype : "float32" or "float64"
    recompute : bool
        Run every GNN again for its gradient instead of keeping what it made: less
        memory for large graphs, and more time.

    Raises
    ------
    ValueError
        If a value is outside its range.
    """

    n_features: int
    n_outputs: int
    gnn: str = "sage"
    hidden: int = 64
    n_layers: int = 3
    clusters: tuple[int, ...] = (8,)
    readout: str = "max"
    concat_layers: bool = True
    batch_norm: bool = False
    normalize_rows: bool = True
    classifier_hidden: int = 50
    link_weight: float = 1.0
    entropy_weight: float = 1.0
    link_scale: str = "frobenius"
    dtype: str = "float32"
    recompute: bool = False

    def __post_init__(self) -> None:
        for name, least in (("n_features", 0), ("n_outputs", 1), ("hidden", 1)):
            checks.require_int(name, getattr(self, name), least)
        checks.require_int("n_layers", self.n_layers, 1)
        checks.require_int("classifier_hidden", self.classifier_hidden, 0)
        is_tuple = isinstance(self.clusters, tuple)
        checks.require(is_tuple, "clusters", "a tuple", self.clusters)
        for K in self.clusters:
            checks.require_int("each of clusters", K, 1)
        checks.require_choice("gnn", self.gnn, GNNS)
        checks.require_choice("readout", self.readout, READOUTS)
        checks.require_choice("link_scale", self.link_scale, tuple(LINK_SCALES))
        checks.require_choice("dtype", self.dtype, ("float32", "float64"))
        for name in ("concat_layers", "batch_norm", "normalize_rows", "recompute"):
            checks.require_flag(name, getattr(self, name))
        for name in ("link_weight", "entropy_weight"):
            weight = checks.require_number(name, getattr(self, name))
            object.__setattr__(self, name, weight)

    @property
    def pool_gnn(self) -> str:
        """Name the layer of the assignment's GNN."""
        return "sage" if self.gnn == "s2v" else self.gnn

    @property
    def width(self) -> int:
        """Give D, the width of the embeddings Z."""
        return self.hidden * (self.n_layers if self.concat_layers else 1)
