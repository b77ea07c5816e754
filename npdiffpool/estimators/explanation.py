"""What each node and each cluster adds to a prediction.

`explain` does the work of the estimators' method. It rests on one fact: the model from
a pooling level on is itself a model of the coarsened graph. The readouts of the levels
below are constants, which go into the bias of its classifier (`_models_above`). So one
function for each method, `_occlude` or `_differentiate`, explains nodes and clusters.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from numbers import Integral
from typing import Any, Callable, Iterator, NamedTuple, Sequence

import autograd.numpy as np
import numpy
import scipy
from scipy.special import logsumexp, softmax

from npdiffpool._support.arguments import require, require_choice, type_name
from npdiffpool._support.types import Array, Floats, Ints
from npdiffpool.engine.autodiff import value_and_grad
from npdiffpool.engine.canonical_order import in_canonical_order
from npdiffpool.engine.config import Config
from npdiffpool.engine.layers import Params
from npdiffpool.engine.model import Output, forward
from npdiffpool.engine.preparation import prepare
from npdiffpool.engine.readouts import readout_width
from npdiffpool.estimators.fitting.targets import Classes, Targets
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.block_diagonal import take_rows
from npdiffpool.graphs.graph import Graph
from npdiffpool.graphs.ragged import offsets_of
from npdiffpool.training.fit import evaluate

METHODS = ("occlusion", "gradient")
_CHUNK = 300_000  # nodes and edges of the smaller graphs that are prepared at a time


class Explanation(NamedTuple):
    """What each node and each cluster adds to a prediction.

    Attributes
    ----------
    label : object
        The class that is explained; for a regressor the index of the target, None if
        there is only one.
    output : float
        For a classifier the logit log(p / (1 - p)) of the label's probability p, for a
        regressor the prediction. All contributions have its unit.
    nodes : (N,) float64 array
        Contribution of each node.
    clusters : list of (K_l,) float64 arrays
        Contribution of each cluster of each pooling level.
    groups : (M,) float64 array
        Contribution of each group of nodes that was asked for.
    method : str
        "occlusion" or "gradient".
    """

    label: Any
    output: float
    nodes: Floats
    clusters: list[Floats]
    groups: Floats
    method: str


class Submodel(NamedTuple):
    """A model of one graph: a whole model, or the part of one from a level on.

    Attributes
    ----------
    params, running : nested dicts and lists of arrays
        Parameters, and running moments of batch norm.
    config : Config
    batch : GraphBatch
        The graph, alone.
    scale : callable, optional
        Applied to its features.
    """

    params: Params
    running: Params
    config: Config
    batch: GraphBatch
    scale: Callable[[Array], Array] = lambda X: X


def explain(
    model: Any, graph: Graph, label: Any, method: str, groups: Any
) -> Explanation:
    """Return what each node and each cluster adds; see `FittedModel.explain`.

    Raises
    ------
    ValueError
        If `label`, `method` or `groups` is invalid.
    """
    config, targets, N = model.config_, model.targets_, graph.n_nodes
    require_choice("method", method, METHODS)
    if config.assignment == "hard":  # its gradient is another function's
        allowed = '"occlusion" for assignment="hard"'
        require(method == "occlusion", "method", allowed, method)
    index = _check_label(targets, label)
    sets = _each(N) + _check_groups(groups, N)
    batch, order = in_canonical_order([graph])
    row_of = numpy.argsort(order)
    sets = [row_of[nodes] for nodes in sets]
    whole = Submodel(model.params_, model.running_, config, batch, model.scaling_.apply)
    (output,) = _run(whole, batch)
    if index is None and isinstance(targets, Classes):
        index = int(numpy.argmax(output.logits))
    read = partial(_read, targets, index)
    (value,), slope = read(output.logits)

    def contributions(submodel: Submodel, sets: Sequence[Ints]) -> Floats:
        if method == "gradient":
            return _differentiate(submodel, slope, sets)
        left: Any = _occlude(submodel, lambda logits: read(logits)[0], sets)
        return numpy.asarray(value - left)

    found = contributions(whole, sets)  # of each node, then of each group
    uppers = _models_above(whole, output)
    clusters = [contributions(upper, _each(upper.batch.n_nodes)) for upper in uppers]
    chosen = index
    if isinstance(targets, Classes) and index is not None:
        chosen = targets.decode(numpy.array(index)).item()
    return Explanation(chosen, float(value), found[:N], clusters, found[N:], method)


def _each(n_nodes: int) -> list[Ints]:
    """Return a set of one node for each node."""
    return list(numpy.arange(n_nodes)[:, None])


def _check_label(targets: Targets, label: Any) -> int | None:
    """Return the index of the label's class, or of the target, None without one."""
    if not isinstance(targets, Classes):
        if targets.n_outputs == 1:
            require(label is None, "label", "None for a regressor of one target", label)
            return None
        known = [*range(targets.n_outputs)]
        label = 0 if label is None else label
    else:
        known = targets.classes.tolist()
    if label is None:
        return None
    given = label.item() if isinstance(label, numpy.generic) else label
    is_known = numpy.ndim(given) == 0 and type(given) in map(type, known)
    listed = ", ".join(map(repr, known[:10])) + ", ..." * (len(known) > 10)
    require(is_known and given in known, "label", f"one of {listed}", given)
    return known.index(given)


def _check_groups(groups: Any, n_nodes: int) -> list[Ints]:
    """Return groups of nodes as arrays of indices."""
    kind, requirement = type_name(groups), f"a list of nodes in 0 ... {n_nodes - 1}"
    require(isinstance(groups, (list, tuple)), "groups", "a list of lists", kind)
    checked: list[Ints] = []
    for position, group in enumerate(groups):
        nodes = group.tolist() if isinstance(group, numpy.ndarray) else group
        is_list = isinstance(nodes, (list, tuple))
        inside = is_list and all(_is_node(node, n_nodes) for node in nodes)
        require(inside, f"groups[{position}]", requirement, nodes)
        checked.append(numpy.unique(numpy.array(nodes, dtype=numpy.intp)))
    return checked


def _is_node(value: Any, n_nodes: int) -> bool:
    """Return whether a value is the number of a node; True and False are not."""
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    return is_whole and 0 <= int(value) < n_nodes


def _read(targets: Targets, index: int | None, logits: Array) -> tuple[Floats, Floats]:
    """Return what is explained, (B,), and its gradient with respect to the logits.

    For class c it is log(p_c / (1 - p_c)) = y_c - log sum_{j != c} exp(y_j), with the
    model's outputs y, (B, C). A constant added to all outputs of a graph, which changes
    no probability, does not change it.
    """
    Y = logits.astype(numpy.float64)
    slope = numpy.ones_like(Y)
    if not isinstance(targets, Classes):
        column = index or 0
        decoded = targets.decode(Y).reshape(Y.shape)[:, column]
        chosen = numpy.arange(Y.shape[1]) == column
        return decoded, slope * targets.scale * chosen
    others = numpy.arange(Y.shape[1]) != index
    slope[:, others] = -softmax(Y[:, others], axis=1)
    return Y[:, index] - logsumexp(Y[:, others], axis=1), slope


def _run(submodel: Submodel, batch: GraphBatch) -> Iterator[Output]:
    """Run a model on graphs that are not prepared."""
    batch = prepare(batch, submodel.config, submodel.scale)
    return evaluate(submodel.params, submodel.running, batch, submodel.config)


def _occlude(
    submodel: Submodel, read: Callable[[Array], Floats], sets: Sequence[Ints]
) -> Floats:
    """Return what is read from the graph without each set of nodes."""
    nodes = numpy.arange(submodel.batch.n_nodes)
    step = 1 + _CHUNK // (1 + len(nodes) + submodel.batch.adjacency.nnz)
    found: list[Floats] = [numpy.zeros(0)]
    for start in range(0, len(sets), step):
        chosen = sets[start : start + step]
        smaller = _cut(submodel, [numpy.delete(nodes, taken) for taken in chosen])
        found += [read(output.logits) for output in _run(submodel, smaller)]
    return numpy.concatenate(found)


def _differentiate(submodel: Submodel, slope: Floats, sets: Sequence[Ints]) -> Floats:
    """Return the sum over each set of nodes of X * d(what is read) / dX."""
    batch = prepare(submodel.batch, submodel.config, submodel.scale)
    X, slope = batch.features, slope.astype(submodel.config.dtype)
    X = X.toarray() if scipy.sparse.issparse(X) else X

    def read(X: Array) -> tuple[Array, None]:
        changed = replace(batch, features=X, propagated={})
        output = forward(submodel.params, changed, submodel.config, submodel.running)
        return np.sum(output.logits * slope), None

    _, _, gradient = value_and_grad(read)(X)
    nodes = numpy.sum(X.astype(numpy.float64) * gradient, axis=1)
    return numpy.array([nodes[rows].sum() for rows in sets])


def _models_above(submodel: Submodel, output: Output) -> Iterator[Submodel]:
    """Yield the model from each pooled level on, for the coarsened graph.

    Its classifier reads these levels only: the readouts of the levels below, which do
    not change, are in its bias.
    """
    config, params = submodel.config, submodel.params
    for level, step in enumerate(output.steps, start=1):
        width = level * readout_width(config.readout, config.width)
        first, *others = params["classify"]
        (W,), below = first["W"], output.embeddings[0, :width]
        bias = first["b"] + below @ W[:width]
        params_above = {
            "levels": params["levels"][level:],
            "embed": params["embed"],
            "read": params["read"][level:],
            "classify": [{"W": [W[width:]], "b": bias}, *others],
        }
        running = {**submodel.running, "levels": submodel.running["levels"][level:]}
        clusters_above = config.clusters[level:]
        smaller = replace(config, n_features=config.width, clusters=clusters_above)
        graph = Graph(step.pooled.A[0], step.pooled.X)
        batch = GraphBatch.from_graphs([graph], config.dtype)
        fixed = tuple(
            c if i else c[0] for i, c in enumerate(step.pooled.fixed_clusters)
        )
        batch = replace(batch, fixed_clusters=fixed)
        yield Submodel(params_above, running, smaller, batch)


def _cut(submodel: Submodel, kept: Sequence[Ints]) -> GraphBatch:
    """Return the graphs with these nodes only, for `prepare`.

    The nodes stay in the order of the whole graph, which saves most of the time, and
    those with fixed clusters stay in them. Squared norms and symmetry are still those
    of the whole graph: `prepare` computes them again.
    """
    batch = submodel.batch
    A, X, fixed = batch.adjacency, batch.features, batch.fixed_clusters
    is_graclus = submodel.config.assignment == "graclus"
    if is_graclus and not fixed:  # the order decides ties
        graphs = [Graph(A[rows][:, rows], X[rows]) for rows in kept]
        return in_canonical_order(graphs)[0]
    copies = batch.take(numpy.zeros(len(kept), int))
    rows = numpy.concatenate([n + nodes for n, nodes in zip(copies.offsets, kept)])
    A, X = copies.adjacency[rows][:, rows], take_rows(copies.features, rows)
    fixed = tuple(c if i else c[rows] for i, c in enumerate(copies.fixed_clusters))
    offsets = offsets_of([len(nodes) for nodes in kept])
    smaller: Any = {"adjacency": A, "features": X, "offsets": offsets}
    return replace(copies, **smaller, fixed_clusters=fixed)
