"""npdiffpool's models, and their training, in the form that laws take them.

A model is of one dense graph, A (N, N) and X (N, F). Its parameters are drawn from
`seed` and have nothing special about them: no zero bias, no gamma of one. What
vanishes by chance with the zeros of a new model does so here with probability zero.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from autograd import grad

from npdiffpool import paper
from npdiffpool.engine.autodiff import leaves, rebuild, to_vector, value_and_grad
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import blank_params, forward, init_model, total_loss
from npdiffpool.estimators.diffpool import DiffPoolClassifier
from npdiffpool.graphs.batch import GraphBatch
from npdiffpool.graphs.graph import Graph
from npdiffpool.training.fit import Checkpoint, Labelled, Schedule, fit

Array = Any
HIDDEN, N_OUTPUTS = 4, 3


def paper_params(seed: int, n_features: int, clusters: tuple[int, ...]) -> Any:
    """Draw parameters of `paper.forward`: widths 4, three classes."""
    rng = np.random.default_rng(seed)

    def gnn(*sizes: int) -> list[Array]:
        return [rng.normal(size=pair) for pair in zip(sizes, sizes[1:])]

    drawn, n_in = [], n_features
    for K in clusters:
        drawn.append({"embed": gnn(n_in, 4, 4), "pool": gnn(n_in, 4, K)})
        n_in = 4
    return {"levels": drawn, "embed": gnn(n_in, 4, 4), "classify": gnn(4, 3)[0]}


def _cast(tree: Any, dtype: Any) -> Any:
    return rebuild(tree, (leaf.astype(dtype) for leaf in leaves(tree)))


def model_of_paper(seed: int, A: Array, X: Array) -> Array:
    """Return the logits of the classes by `paper.forward`, two levels."""
    params = paper_params(seed, X.shape[1], (3, 2))
    return paper.forward(_cast(params, X.dtype), A, X)[0]


def assigner_of_paper(
    seed: int, A: Array, X: Array, clusters: Array | None = None
) -> Array:
    """Return S of the first level, its last weights' columns in some order."""
    level = paper_params(seed, X.shape[1], (3,))["levels"][0]
    level["pool"][-1] = _in_order(level["pool"][-1], clusters)
    return paper.diffpool(_cast(level, X.dtype), A, X).S


def _in_order(W: Array, clusters: Array | None) -> Array:
    return W if clusters is None else W[..., clusters]


def _config(X: Array, **options: Any) -> Config:
    small = dict(hidden=3, n_layers=2, clusters=(3,), classifier_hidden=4)
    given: dict[str, Any] = {**small, **options, "dtype": X.dtype.name}
    return Config(n_features=X.shape[1], n_outputs=3, **given)


def random_params(seed: int, config: Config) -> Any:
    """Draw parameters of the engine, normal ones added to `init_model`'s."""
    rng = np.random.default_rng(seed)
    params = init_model(rng, config)
    draws = [W + 0.3 * rng.normal(size=W.shape) for W in leaves(params)]
    return _cast(rebuild(params, iter(draws)), config.dtype)


def random_moments(seed: int, config: Config) -> Any:
    """Draw batch-norm moments for `forward`, variances of 0.5 to 1.5."""
    rng = np.random.default_rng(seed)

    def moments(gnn: Any) -> Any:
        widths = [len(norm["gamma"]) for norm in gnn["norms"] if norm]
        pairs = [(rng.normal(size=n), rng.uniform(0.5, 1.5, size=n)) for n in widths]
        return [tuple(x.astype(config.dtype) for x in pair) for pair in pairs]

    params = blank_params(config)
    levels = [
        {"embed": moments(level["embed"]), "pool": moments(level["pool"]["gnn"])}
        for level in params["levels"]
    ]
    return {"levels": levels, "embed": moments(params["embed"])}


def _forward(options: Any, seed: int, A: Array, X: Array, params: Any = None) -> Any:
    config = _config(X, **options)
    batch = GraphBatch.from_graphs([Graph(A, X)], X.dtype)
    params = params or random_params(seed, config)
    return forward(params, batch, config, random_moments(seed, config))


def model_of_engine(options: Any, seed: int, A: Array, X: Array) -> Array:
    """Return the logits of the classes by the engine, at evaluation."""
    return _forward(options, seed, A, X).logits[0]


def assigner_of_engine(
    options: Any, seed: int, A: Array, X: Array, clusters: Array | None = None
) -> Array:
    """Return S of the first level, its output weights' columns in some order."""
    params = random_params(seed, _config(X, **options))
    head = params["levels"][0]["pool"]["head"]
    head["W"] = [_in_order(W, clusters) for W in head["W"]]
    head["b"] = _in_order(head["b"], clusters)
    return _forward(options, seed, A, X, params).steps[0].S


# The engine beside the paper


def paper_config(n_features: int, clusters: tuple[int, ...]) -> Config:
    """Choose the engine's options as the paper's equations are."""
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


def engine_params(params: Any) -> Any:
    """Write the paper's parameters as the engine's: no bias, last readout only."""

    def gnn(weights: list[Array]) -> Any:
        layers = [{"W": [W], "b": np.zeros(W.shape[1])} for W in weights]
        return {"layers": layers, "norms": [{} for _ in layers]}

    levels = [
        {"embed": gnn(level["embed"]), "pool": {"gnn": gnn(level["pool"]), "head": {}}}
        for level in params["levels"]
    ]
    unread = np.zeros((len(levels) * HIDDEN, N_OUTPUTS))
    classify = [
        {"W": [np.vstack([unread, params["classify"]])], "b": np.zeros(N_OUTPUTS)}
    ]
    embed = gnn(params["embed"])
    read: list[Any] = [{}] * (len(levels) + 1)
    return {"levels": levels, "embed": embed, "read": read, "classify": classify}


def as_the_papers(gradient: Any) -> Any:
    """Pick the derivatives by the paper's parameters from the engine's."""

    def gnn(part: Any) -> list[Array]:
        return [layer["W"][0] for layer in part["layers"]]

    levels = [
        {"embed": gnn(level["embed"]), "pool": gnn(level["pool"]["gnn"])}
        for level in gradient["levels"]
    ]
    classify = gradient["classify"][0]["W"][0][-HIDDEN:]
    return {"levels": levels, "embed": gnn(gradient["embed"]), "classify": classify}


def _by_name(loss: Array, parts: Any, gradient: Any) -> dict[str, Array]:
    named = dict(zip(("logits", "link", "entropy"), parts))
    slopes = {f"gradient {i}": leaf for i, leaf in enumerate(leaves(gradient))}
    values = {"loss": loss, **named, **slopes}
    return {name: np.asarray(value) for name, value in values.items()}


def engine_loss(
    seed: int, As: list[Array], Xs: list[Array], clusters: tuple[int, ...]
) -> dict[str, Array]:
    """Give the loss of a batch, its parts a graph, and its gradient, leaf by leaf."""
    config = paper_config(Xs[0].shape[1], clusters)
    params = engine_params(paper_params(seed, config.n_features, clusters))
    batch = GraphBatch.from_graphs([Graph(A, X) for A, X in zip(As, Xs)])
    labels, none = np.arange(len(As)) % N_OUTPUTS, np.zeros(len(As))
    value, _, gradient = value_and_grad(total_loss)(params, batch, labels, config)
    output = forward(params, batch, config)
    L_link = sum((step.L_link for step in output.steps), none)
    L_ent = sum((step.L_ent for step in output.steps), none)
    parts = output.logits, L_link, L_ent
    return _by_name(value, parts, as_the_papers(gradient))


def paper_loss(
    seed: int, As: list[Array], Xs: list[Array], clusters: tuple[int, ...]
) -> dict[str, Array]:
    """Give the same by `npdiffpool.paper`, a graph at a time."""
    config = paper_config(Xs[0].shape[1], clusters)
    params = paper_params(seed, config.n_features, clusters)

    def loss(params: Any) -> Array:
        total = 0.0
        for index, (A, X) in enumerate(zip(As, Xs)):
            logits, L_link, L_ent = paper.forward(params, A, X)
            total = total + paper.cross_entropy(logits, index % N_OUTPUTS)
            total = total + config.link_weight * L_link + config.entropy_weight * L_ent
        return total / len(As)

    parts = zip(*[paper.forward(params, A, X) for A, X in zip(As, Xs)])
    return _by_name(loss(params), parts, grad(loss)(params))


# Training


def train(
    options: Any,
    seed: int,
    As: list[Array],
    Xs: list[Array],
    labels: Array,
    stop: int | None = None,
) -> tuple[Array, Array]:
    """Train for two epochs; give the history and the parameters.

    With `stop`, from a new start as far as that epoch, and then on from there.
    """
    given: Any = {"epochs": 2, "learning_rate": 1e-2, "batch_size": 2}
    config = _config(Xs[0], **options)
    batch = GraphBatch.from_graphs([Graph(A, X) for A, X in zip(As, Xs)])
    run = partial(fit, config, train=Labelled(batch, labels), validation=None)
    kept: list[Checkpoint] = []
    if stop is not None:
        first = Schedule(**{**given, "epochs": stop})
        run(first, rng=np.random.default_rng(seed), on_checkpoint=kept.append)
    rng = np.random.default_rng(seed if stop is None else seed + 1)
    resume = kept[-1] if kept else None
    fitted = run(Schedule(**given), rng=rng, resume=resume)
    history = np.array([list(row.values()) for row in fitted.history])
    return history, to_vector(fitted.params)


def predict(
    options: Any,
    seed: int,
    As: list[Array],
    Xs: list[Array],
    labels: Array,
    **changes: Any,
) -> tuple[Array, Array]:
    """Train a classifier; give its predictions and probabilities of its graphs."""
    small = dict(hidden=4, n_layers=1, clusters=(2,), classifier_hidden=0)
    graphs = [Graph(A, X) for A, X in zip(As, Xs)]
    clf = DiffPoolClassifier(seed=seed, **{**small, **options, **changes})
    clf.fit(graphs, labels)
    return clf.predict(graphs), clf.predict_proba(graphs)
