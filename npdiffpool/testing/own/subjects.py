"""npdiffpool itself as subjects of its laws: both tellings, layers, models."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from npdiffpool import paper
from npdiffpool.testing.own import models as own_models
from npdiffpool.testing.own import parts as own_parts
from npdiffpool.testing.own.definitions import PRIMITIVES, problem
from npdiffpool.testing.own.wrong_gradients import WRONG_GRADIENTS
from npdiffpool.testing.subjects import Subject, derive_vjp

MODELS: list[dict[str, Any]] = [
    dict(gnn="sage"),
    dict(gnn="gcn", batch_norm=True),
    dict(gnn="gcn", clusters=(3, 2)),
    dict(gnn="sage", clusters=(3, 2), readout="mean", batch_norm=True),
    dict(gnn="s2v", readout="sum", batch_norm=True),
    dict(gnn="s2v", clusters=(3, 2)),
]
VARIANTS: list[dict[str, Any]] = [
    dict(assignment="uniform", clusters=(3, 2)),
    dict(gnn="mlp", clusters=()),
    dict(readout="set2set", clusters=()),
]
JUMPING: list[dict[str, Any]] = [  # by a rounding, so that M4 is not theirs
    dict(assignment="hard", clusters=(3, 2)),
    dict(assignment="graclus", clusters=(3, 2)),
    dict(assignment="random", clusters=(3, 2)),
    dict(readout="sortpool", clusters=()),
]


def _pooling(pool: Any, **more: Any) -> dict[str, Any]:
    flags = dict.fromkeys(("link", "entropy", "steered"), True)
    return {"pool": pool, "vjp": derive_vjp(pool), **flags, **more}


def _layer(kind: str) -> Subject:
    layer = partial(own_parts.layer_of_engine, kind)
    return Subject(f"engine, a layer of {kind}", {"layer": layer, "equivariant": layer})


def models_of(name: str, models: list[dict[str, Any]], parts: str) -> Subject:
    """Make one subject of some models: the seed chooses among them."""

    def part(function: Any) -> Any:
        def chosen(seed: int, *args: Any, **options: Any) -> Any:
            return function(models[seed % len(models)], seed, *args, **options)

        return chosen

    made = {
        "model": own_models.model_of_engine,
        "assigner": own_models.assigner_of_engine,
        "train": own_models.train,
        "predict": own_models.predict,
    }
    return Subject(name, {known: part(made[known]) for known in parts.split()})


def _primitive(name: str) -> Subject:
    parts = {"primitive": partial(problem, name)}
    return Subject(
        f"primitive {name}", {**parts, "wrong_gradients": WRONG_GRADIENTS[name]}
    )


PAPER = Subject(
    "paper",
    _pooling(
        own_parts.pool_by_paper,
        propagation=paper.normalize_adjacency,
        layer=own_parts.layer_of_paper,
        equivariant=own_parts.layer_of_paper,
        model=own_models.model_of_paper,
        assigner=own_models.assigner_of_paper,
    ),
)
ENGINE = Subject(
    "engine",
    _pooling(
        own_parts.pool_by_engine,
        batched=own_parts.pool_batch,
        propagation=own_parts.gcn_propagation,
        neighbour_mean=own_parts.neighbour_mean,
        scaled_link=own_parts.scaled_link,
        engine_loss=own_models.engine_loss,
        paper_loss=own_models.paper_loss,
        standardize=own_parts.standardize,
        evaluate_norm=own_parts.evaluate_norm,
    ),
)
STACK = Subject("engine, upper levels", _pooling(own_parts.pool_stack))
SUBJECTS = [
    PAPER,
    ENGINE,
    STACK,
    *(_layer(kind) for kind in ("gcn", "sage", "s2v")),
    Subject("engine, batch norm", {"equivariant": own_parts.norm}),
    Subject("engine, l2 normalisation", {"equivariant": own_parts.unit_rows}),
    models_of("engine, models", MODELS, "model assigner train predict"),
    models_of("engine, variants", VARIANTS, "model train"),
    models_of("engine, variants that jump", JUMPING, "train"),
    *(_primitive(name) for name in PRIMITIVES),
]


def part_of(subject: str, part: str) -> Any:
    """Return a part of one of npdiffpool's own subjects; scripts import it so."""
    return next(s.parts[part] for s in SUBJECTS if s.name == subject)


def _with_sources(subject: Subject) -> Subject:
    lines = {
        name: f"from npdiffpool.testing.own.subjects import part_of\n\n"
        f"{name} = part_of({subject.name!r}, {name!r})"
        for name in subject.parts
    }
    return replace(subject, sources=lines)


PAPER, ENGINE, *_ = OWN = [_with_sources(subject) for subject in SUBJECTS]
