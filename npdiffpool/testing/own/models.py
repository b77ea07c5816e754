"""npdiffpool's models and their training, with the signatures that laws use.

A model takes one dense graph, A (N, N) and X (N, F). Its parameters are drawn from
`seed` and are generic: no bias is zero and no gamma is one, so that no gradient
vanishes by chance as it would for a new model.
"""

from __future__ import annotations

import warnings
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
from autograd import grad

from npdiffpool import paper
from npdiffpool._support import threads as own_threads
from npdiffpool._support.types import Array, Ints
from npdiffpool.engine.autodiff import leaves, rebuild, to_vector, value_and_grad
from npdiffpool.engine.canonical_order import in_canonical_order
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import (
    Output,
    blank_params,
    forward,
    init_model,
    total_loss,
)
from npdiffpool.estimators import explanation
from npdiffpool.estimators.diffpool import DiffPoolClassifier
from npdiffpool.estimators.fitting.targets import Classes
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.graph import Graph
from npdiffpool.training.fit import Checkpoint, Labelled, fit
from npdiffpool.training.schedule import Schedule

Params = Any  # a tree of arrays: nested dicts and lists
Arrays = list[Array]
Clusters = tuple[int, ...]
HIDDEN, N_OUTPUTS = 4, 3
ALL = slice(None)  # clusters in their own order


def paper_params(seed: int, n_features: int, clusters: Clusters) -> Params:
    """Draw parameters of `paper.forward`: width 4, three classes."""
    rng = np.random.default_rng(seed)

    def gnn(*sizes: int) -> list[Array]:
        return [rng.normal(size=pair) for pair in zip(sizes, sizes[1:])]

    levels, n_in = [], n_features
    for K in clusters:
        embed = gnn(n_in, HIDDEN, HIDDEN)
        levels.append({"embed": embed, "pool": gnn(n_in, HIDDEN, K)})
        n_in = HIDDEN
    embed, (classify,) = gnn(n_in, HIDDEN, HIDDEN), gnn(HIDDEN, N_OUTPUTS)
    return {"levels": levels, "embed": embed, "classify": classify}


def _cast(params: Params, dtype: Any) -> Params:
    return rebuild(params, (leaf.astype(dtype) for leaf in leaves(params)))


def model_of_paper(seed: int, A: Array, X: Array) -> Array:
    """Return the logits of `paper.forward` with two levels."""
    params = paper_params(seed, X.shape[1], (3, 2))
    return paper.forward(_cast(params, X.dtype), A, X)[0]


def assigner_of_paper(seed: int, A: Array, X: Array, clusters: Any = ALL) -> Array:
    """Return S of the first level, with the output columns permuted by `clusters`."""
    level = paper_params(seed, X.shape[1], (3,))["levels"][0]
    level["pool"][-1] = level["pool"][-1][:, clusters]
    return paper.diffpool(_cast(level, X.dtype), A, X).S


def _config(X: Array, options: dict[str, Any]) -> Config:
    small = dict(hidden=3, n_layers=2, clusters=(3,), classifier_hidden=4)
    sizes = dict(n_features=X.shape[1], n_outputs=N_OUTPUTS, dtype=X.dtype.name)
    return Config(**{**small, **options, **sizes})


def random_params(seed: int, config: Config) -> Params:
    """Draw parameters of the engine: those of `init_model` plus normal numbers."""
    rng = np.random.default_rng(seed)
    params = init_model(rng, config)
    draws = [W + 0.3 * rng.normal(size=W.shape) for W in leaves(params)]
    return _cast(rebuild(params, iter(draws)), config.dtype)


def random_moments(seed: int, config: Config) -> Any:
    """Draw the moments of batch norm for `forward`, with variances of 0.5 to 1.5."""
    rng = np.random.default_rng(seed)

    def moments(gnn: Params) -> Any:
        widths = [len(norm["gamma"]) for norm in gnn["norms"] if norm]
        pairs = [(rng.normal(size=n), rng.uniform(0.5, 1.5, size=n)) for n in widths]
        return [tuple(x.astype(config.dtype) for x in pair) for pair in pairs]

    params = blank_params(config)
    levels = [
        {"embed": moments(level["embed"]), "pool": moments(level["pool"]["gnn"])}
        for level in params["levels"]
    ]
    return {"levels": levels, "embed": moments(params["embed"])}


def _forward(
    options: Any, seed: int, As: Arrays, Xs: Arrays, params: Params = None
) -> Output:
    config, graphs = _config(Xs[0], options), map(Graph, As, Xs)
    batch = GraphBatch.from_graphs(list(graphs), Xs[0].dtype)
    params = params or random_params(seed, config)
    return forward(params, batch, config, random_moments(seed, config))


def model_of_engine(options: Any, seed: int, A: Array, X: Array) -> Array:
    """Return the logits of the engine at evaluation."""
    return _forward(options, seed, [A], [X]).logits[0]


def batch_of_engine(options: Any, seed: int, As: Arrays, Xs: Arrays) -> Array:
    """Return the logits of several graphs, one row for each."""
    return _forward(options, seed, As, Xs).logits


def training_pass_of_engine(
    options: Any, seed: int, A: Array, X: Array, hidden: int
) -> Array:
    """Return the logits of a new model in training mode, with moments of its input."""
    config = _config(X, {**options, "hidden": hidden})
    params = init_model(np.random.default_rng(seed), config)
    batch = GraphBatch.from_graphs([Graph(A, X)], X.dtype)
    return forward(params, batch, config).logits


def assigner_of_engine(
    options: Any, seed: int, A: Array, X: Array, clusters: Any = ALL
) -> Array:
    """Return S of the first level, with the output columns permuted by `clusters`."""
    params = random_params(seed, _config(X, options))
    head = params["levels"][0]["pool"]["head"]
    head["W"] = [W[:, clusters] for W in head["W"]]
    head["b"] = head["b"][clusters]
    return _forward(options, seed, [A], [X], params).steps[0].S


# The engine compared with the paper


def paper_config(n_features: int, clusters: Clusters) -> Config:
    """Return the engine's options for which it equals the paper's equations."""
    return Config(
        n_features=n_features,
        n_outputs=N_OUTPUTS,
        gnn="gcn",
        hidden=HIDDEN,
        n_layers=2,
        clusters=clusters,
        readout="sum",
        concat_layers=False,
        batch_norm=False,
        normalize_rows=False,
        classifier_hidden=0,
        link_weight=0.8,
        entropy_weight=1.2,
        link_scale="frobenius",
        dtype="float64",
    )


def engine_params(params: Params, config: Config) -> Params:
    """Convert the paper's parameters to the engine's.

    Biases are zero, and so are the classifier's weights of all readouts but the last.
    """
    form, weights = blank_params(config), iter(leaves(params))

    def convert(leaf: Array) -> Array:
        if leaf.ndim == 1:
            return np.zeros_like(leaf)
        W = next(weights)
        return np.pad(W, [(len(leaf) - len(W), 0), (0, 0)])

    return rebuild(form, map(convert, leaves(form)))


def paper_gradient(gradient: Params) -> list[Array]:
    """Return the engine's gradient by the paper's parameters, in the paper's order."""
    *weights, classify = [leaf for leaf in leaves(gradient) if leaf.ndim == 2]
    return [*weights, classify[-HIDDEN:]]


def _by_name(loss: Array, outputs: Any, gradient: Params) -> dict[str, Array]:
    named = dict(zip(("logits", "link", "entropy"), outputs))
    slopes = {f"gradient {i}": leaf for i, leaf in enumerate(leaves(gradient))}
    values = {"loss": loss, **named, **slopes}
    return {name: np.asarray(value) for name, value in values.items()}


def engine_loss(
    seed: int, As: list[Array], Xs: list[Array], clusters: Clusters
) -> dict[str, Array]:
    """Return the loss of a batch, the outputs of each graph, and the gradient."""
    config = paper_config(Xs[0].shape[1], clusters)
    params = engine_params(paper_params(seed, config.n_features, clusters), config)
    batch = GraphBatch.from_graphs([Graph(A, X) for A, X in zip(As, Xs)])
    labels, zeros = np.arange(len(As)) % N_OUTPUTS, np.zeros(len(As))
    value, _, gradient = value_and_grad(total_loss)(params, batch, labels, config)
    output = forward(params, batch, config)
    L_link = sum((step.L_link for step in output.steps), zeros)
    L_ent = sum((step.L_ent for step in output.steps), zeros)
    outputs = output.logits, L_link, L_ent
    return _by_name(value, outputs, paper_gradient(gradient))


def paper_loss(
    seed: int, As: list[Array], Xs: list[Array], clusters: Clusters
) -> dict[str, Array]:
    """Return the same by `npdiffpool.paper`, graph by graph."""
    config = paper_config(Xs[0].shape[1], clusters)
    params = paper_params(seed, config.n_features, clusters)

    def loss(params: Params) -> Array:
        total = 0.0
        for index, (A, X) in enumerate(zip(As, Xs)):
            logits, L_link, L_ent = paper.forward(params, A, X)
            total = total + paper.cross_entropy(logits, index % N_OUTPUTS)
            total = total + config.link_weight * L_link + config.entropy_weight * L_ent
        return total / len(As)

    outputs = zip(*[paper.forward(params, A, X) for A, X in zip(As, Xs)])
    return _by_name(loss(params), outputs, grad(loss)(params))


def explain(
    options: Any, seed: int, A: Array, X: Array, groups: list[Ints]
) -> explanation.Explanation:
    """Explain an output of the engine's model by occlusion; the seed selects which."""
    config = _config(X, options)
    model = SimpleNamespace(
        config_=config,
        params_=random_params(seed, config),
        running_=random_moments(seed, config),
        scaling_=SimpleNamespace(apply=lambda X: X),
        targets_=Classes(np.arange(N_OUTPUTS)),
    )
    label = np.random.default_rng(seed).integers(N_OUTPUTS)
    return explanation.explain(model, Graph(A, X), label, "occlusion", groups)


# Training


def train(
    options: Any,
    seed: int,
    As: list[Array],
    Xs: list[Array],
    labels: Array,
    stop: int | None = None,
    threads: int | None = None,
) -> tuple[Array, Array]:
    """Train for two epochs; return the history and the parameters.

    As by an estimator, the nodes are put in canonical order first.

    With `stop`, training ends at that epoch and is resumed from its checkpoint. With
    `threads`, that many threads share the work, however small it is.
    """
    schedule: Any = {"epochs": 2, "learning_rate": 1e-2, "batch_size": 2}
    config = _config(Xs[0], options)
    batch, _ = in_canonical_order([Graph(A, X) for A, X in zip(As, Xs)])
    run = partial(fit, config, train=Labelled(batch, labels), validation=None)
    kept: list[Checkpoint] = []
    if stop is not None:
        first = Schedule(**{**schedule, "epochs": stop})
        run(first, rng=np.random.default_rng(seed), on_checkpoint=kept.append)
    rng = np.random.default_rng(seed if stop is None else seed + 1)
    resume = kept[-1] if kept else None
    least_cost = own_threads.MIN_COST if threads is None else 0
    with patch.object(own_threads, "MIN_COST", least_cost):
        fitted = run(Schedule(**schedule), rng=rng, resume=resume, threads=threads)
    history = np.array([list(row.values()) for row in fitted.history])
    return history, to_vector(fitted.params)


def predict(
    options: Any,
    seed: int,
    As: list[Array],
    Xs: list[Array],
    labels: Array,
    weights: Array | None = None,
    **changes: Any,
) -> tuple[Array, Array]:
    """Train a classifier; return predictions and probabilities of its graphs."""
    small = dict(hidden=4, n_layers=1, clusters=(2,), classifier_hidden=0)
    graphs = [Graph(A, X) for A, X in zip(As, Xs)]
    clf = DiffPoolClassifier(seed=seed, **{**small, **options, **changes})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that graphs may be alike
        clf.fit(graphs, labels, sample_weight=weights)
    return clf.predict(graphs), clf.predict_proba(graphs)
