"""npdiffpool as subjects of its laws: paper, engine, layers, models, primitives."""

from __future__ import annotations

from functools import partial
from typing import Any

from npdiffpool import paper
from npdiffpool.testing.gnns import derive_layer_vjp
from npdiffpool.testing.own import models as own_models
from npdiffpool.testing.own import parts as own_parts
from npdiffpool.testing.own.definitions import PRIMITIVES
from npdiffpool.testing.own.forms import forms
from npdiffpool.testing.own.functions import functions_of_engine, functions_of_paper
from npdiffpool.testing.own.problems import problem
from npdiffpool.testing.own.wrong_gradients import WRONG_GRADIENTS
from npdiffpool.testing.subjects import Subject, derive_vjp

Options = dict[str, Any]
MODELS: list[Options] = [
    dict(gnn="sage"),
    dict(gnn="gcn", batch_norm=True),
    dict(gnn="gcn", clusters=(3, 2)),
    dict(gnn="sage", clusters=(3, 2), readout="mean", batch_norm=True),
    dict(gnn="s2v", readout="sum", batch_norm=True),
    dict(gnn="s2v", clusters=(3, 2)),
]
VARIANTS: list[Options] = [
    dict(assignment="uniform", clusters=(3, 2)),
    dict(gnn="mlp", clusters=()),
    dict(readout="set2set", clusters=()),
]
DISCONTINUOUS: list[Options] = [  # a rounding error can change the logits: not M4
    dict(assignment="hard", clusters=(3, 2)),
    dict(assignment="graclus", clusters=(3, 2)),
    dict(assignment="random", clusters=(3, 2)),
    dict(readout="sortpool", clusters=()),
]


def part_of(subject: str, part: str) -> Any:
    """Return a part of one of `OWN`; the scripts of counterexamples import it so."""
    return next(s.parts[part] for s in OWN if s.name == subject)


def own_subject(name: str, **parts: Any) -> Subject:
    """Return a subject whose scripts import its parts from this module."""
    sources = {
        part: "from npdiffpool.testing.own.subjects import part_of\n\n"
        f"{part} = part_of({name!r}, {part!r})"
        for part in parts
    }
    return Subject(name, parts, sources=sources)


def _pooling(name: str, pool: Any, **parts: Any) -> Subject:
    """Return a pooling layer; the flag "symmetric" is that law C3 holds exactly."""
    flags = dict.fromkeys(("link", "entropy", "softmax"), True)
    return own_subject(name, pool=pool, vjp=derive_vjp(pool), **flags, **parts)


def models_of(name: str, models: list[Options], parts: str) -> Subject:
    """Return one subject for several models: the seed selects one of them."""

    def part(function: Any) -> Any:
        def of_selected(seed: int, *args: Any, **options: Any) -> Any:
            return function(models[seed % len(models)], seed, *args, **options)

        return of_selected

    known = {
        "model": own_models.model_of_engine,
        "explain": own_models.explain,
        "assigner": own_models.assigner_of_engine,
        "training_pass": own_models.training_pass_of_engine,
        "train": own_models.train,
        "predict": own_models.predict,
    }
    return own_subject(name, **{key: part(known[key]) for key in parts.split()})


PAPER = _pooling(
    "paper",
    own_parts.pool_by_paper,
    propagation=paper.normalize_adjacency,
    layer=own_parts.layer_of_paper,
    equivariant=own_parts.layer_of_paper,
    model=own_models.model_of_paper,
    assigner=own_models.assigner_of_paper,
    functions=functions_of_paper,
)
ENGINE = _pooling(
    "engine",
    own_parts.pool_by_engine,
    batched=own_parts.pool_batch,
    symmetric=True,
    propagation=own_parts.gcn_propagation,
    neighbour_mean=own_parts.neighbour_mean,
    scaled_link=own_parts.scaled_link,
    engine_loss=own_models.engine_loss,
    paper_loss=own_models.paper_loss,
    standardize=own_parts.standardize,
    evaluate_norm=own_parts.evaluate_norm,
    functions=partial(functions_of_engine, [*MODELS, *VARIANTS, *DISCONTINUOUS]),
    forms=forms,
)
OWN = [
    PAPER,
    ENGINE,
    _pooling("engine, upper levels", own_parts.pool_stack, symmetric=True),
    own_subject("engine, batch norm", equivariant=own_parts.norm),
    own_subject("engine, l2 normalisation", equivariant=own_parts.unit_rows),
    models_of(
        "engine, models", MODELS, "model assigner training_pass train predict explain"
    ),
    models_of("engine, variants", VARIANTS, "model train explain"),
    models_of("engine, discontinuous variants", DISCONTINUOUS, "train explain"),
]
for kind in ("gcn", "sage", "s2v"):
    layer = partial(own_parts.layer_of_engine, kind)
    OWN.append(
        own_subject(f"engine, a layer of {kind}", layer=layer, equivariant=layer)
    )
sage = partial(own_parts.layer_of_engine, "sage")
of_seeds: dict[str, Any] = {"paper": own_parts.layer_of_paper, "sage": sage}
for name, of_seed in of_seeds.items():
    given = partial(of_seed, 0)
    known: Options = dict(gnn_layer=given, hops=1, layer_vjp=derive_layer_vjp(given))
    OWN.append(own_subject(f"a given layer of {name}", **known))
models = own_models.model_of_engine, own_models.batch_of_engine
one, many = (partial(model, MODELS[3], 0) for model in models)
OWN.append(own_subject("a given model of sage", classifier=one, classify_batch=many))
for name in PRIMITIVES:
    gradients = {"wrong_gradients": WRONG_GRADIENTS[name]}
    primitive = partial(problem, name)
    OWN.append(own_subject(f"primitive {name}", primitive=primitive, **gradients))
