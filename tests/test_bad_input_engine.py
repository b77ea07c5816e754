"""Bad input to functions of the paper, the engine and training raises before work."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
from bad_input import EDGE, GRAPHS, INF, NAN, PAIR, WIDE, check, rows, table
from scipy import sparse

from npdiffpool import GraphBatch, paper
from npdiffpool._support.contracts import OverflowedError
from npdiffpool.engine import autodiff, graclus, layers, losses, model, pooling
from npdiffpool.engine.config import Config
from npdiffpool.estimators.baselines import count_colours, count_parameters, flat_twin
from npdiffpool.evaluation import measures
from npdiffpool.graphs.checks import GraphError
from npdiffpool.training import adam
from npdiffpool.training.fit import Checkpoint, Labelled, fit
from npdiffpool.training.schedule import Schedule

A, TWO, LONG = np.array(EDGE), np.ones((2, 2)), np.ones((2, 3))
STACK = np.ones((2, 2, 2))
ONES, WORDS, COMPLEX = np.ones(2), np.full((2, 2), "a"), np.full((2, 2), 1j)
WITH_NAN = np.array([[1.0, NAN], [0.0, 1.0]])
WITH_INF, HUGE = np.array([[1.0, INF], [INF, 1.0]]), np.array([[0, 1e300], [1e300, 0]])
NEGATIVE = np.array([[0.0, -2.0], [-2.0, 0.0]])
DIRECTED = np.array([[0.0, 1.0], [0.0, 0.0]])


def paper_rows(name, *cases):
    return rows(f"npdiffpool.paper.{name}", getattr(paper, name), *cases)


PAPER = [
    *paper_rows(
        "normalize_adjacency",
        ("a rectangle", "A must be (N, N); got (2, 3)", (LONG,)),
        ("a tall matrix", "A must be (N, N); got (3, 2)", (LONG.T,)),
        ("negative", "A must be >= 0 | -2.0", (NEGATIVE,)),
        ("NaN", "A must be >= 0 | nan", (WITH_NAN,)),
        ("infinite", "A must be >= 0 and <= 1e+16; got inf", (WITH_INF,)),
        ("a number", "A must be (N, N); got ()", (np.array(1.0),)),
        ("a list", "A must be (N, N); got list", (EDGE,)),
        ("a sparse array", "A must be (N, N); got csr_array", (sparse.csr_array(A),)),
        ("no array", "A must be (N, N); got NoneType", (None,)),
        *(
            (dtype, f"A must be float32 or float64; got {dtype}", (TWO.astype(dtype),))
            for dtype in ("bool", "uint8", "int32", "uint64", "complex128", "<U3")
        ),
        (
            "large whole numbers",
            "A must be >= 0 and <= 1e+06; got 1000001",
            (np.full((2, 2), 1_000_001),),
        ),
    ),
    *paper_rows(
        "gcn_layer",
        ("too few rows", "W must be (3, width); got (2, 2)", (TWO, TWO, LONG)),
        (
            "too many rows",
            "W must be (3, width); got (4, 2)",
            (np.ones((4, 2)), TWO, LONG),
        ),
        ("NaN", "W must be >= -1e+16 | nan", (WITH_NAN, TWO, TWO)),
        ("a vector H", "H must be (2, width); got (2,)", (ONES[:, None], TWO, ONES)),
        ("too many nodes", "H must be (2, width); got (3, 2)", (TWO, TWO, LONG.T)),
        ("a list for H", "H must be (2, width); got list", (TWO, TWO, EDGE)),
        ("NaN in H", "H must be >= -1e+16 | nan", (TWO, TWO, WITH_NAN)),
        ("a rectangle", "A_hat must be (N, N); got (2, 3)", (TWO, LONG, TWO)),
        ("a list for A_hat", "A_hat must be (N, N); got list", (TWO, EDGE, TWO)),
        ("NaN in A_hat", "A_hat must be >= -1e+16 | nan", (TWO, WITH_NAN, TWO)),
        ("a list for W", "W must be (2, width); got list", (EDGE, TWO, TWO)),
    ),
    *paper_rows(
        "gnn",
        ("too few nodes", "X must be (2, F); got (1, 2)", ([TWO], TWO, TWO[:1])),
        ("too many nodes", "X must be (2, F); got (3, 2)", ([TWO], TWO, LONG.T)),
        ("NaN", "X must be >= -1e+16 | nan", ([TWO], TWO, WITH_NAN)),
        ("huge", "X must be | <= 1e+16; got 1e+300", ([TWO], TWO, HUGE)),
        ("a negative adjacency", "A must be >= 0 | -2.0", ([TWO], NEGATIVE, TWO)),
        (
            "too many rows in W",
            "W must be (2, width); got (3, 2)",
            ([LONG.T], TWO, TWO),
        ),
        ("a vector for W", "W must be (2, width); got (2,)", ([ONES], TWO, TWO)),
        ("a vector for X", "X must be (2, F); got (2,)", ([TWO], TWO, ONES)),
        ("a list for X", "X must be (2, F); got list", ([TWO], TWO, EDGE)),
        ("a list for A", "A must be (N, N); got list", ([TWO], EDGE, TWO)),
    ),
    *paper_rows(
        "assign",
        ("no cluster", "R must be (N, K) with K >= 1; got (2, 0)", (np.ones((2, 0)),)),
        ("a vector", "R must be (N, K) with K >= 1; got (2,)", (ONES,)),
        ("a stack", "R must be (N, K) with K >= 1; got (2, 2, 2)", (STACK,)),
        ("a number", "R must be (N, K) with K >= 1; got ()", (np.array(1.0),)),
        ("a list", "R must be (N, K) with K >= 1; got list", (EDGE,)),
        ("NaN", "R must be >= -1e+38 | nan", (WITH_NAN,)),
        ("infinite", "R must be | inf", (WITH_INF,)),
    ),
    *paper_rows(
        "coarsen",
        *(
            (f"S {S.shape}", f"S must be (2, K); got {S.shape}", (TWO, TWO, S))
            for S in (TWO[:1], LONG.T, ONES, STACK)
        ),
        *(
            (f"Z {Z.shape}", f"Z must be (2, D); got {Z.shape}", (TWO, Z, TWO))
            for Z in (TWO[:1], LONG.T, ONES, STACK)
        ),
        *(
            (f"A {A.shape}", f"A must be (N, N); got {A.shape}", (A, TWO, TWO))
            for A in (LONG, TWO[:, :1], STACK)
        ),
        ("NaN in S", "S must be | nan", (TWO, TWO, WITH_NAN)),
        ("infinite Z", "Z must be | inf", (TWO, WITH_INF, TWO)),
        ("huge A", "A must be | 1e+300", (HUGE, TWO, TWO)),
        ("a list for A", "A must be (N, N); got list", (EDGE, TWO, TWO)),
        ("a number for Z", "Z must be (2, D); got ()", (TWO, np.array(1.0), TWO)),
        ("a list for S", "S must be (2, K); got list", (TWO, TWO, EDGE)),
    ),
    *paper_rows(
        "diffpool",
        ("a rectangle", "A must be (N, N); got (2, 3)", ({"embed": [TWO]}, LONG, TWO)),
        ("NaN features", "X must be | nan", ({"embed": [TWO]}, TWO, WITH_NAN)),
    ),
    *paper_rows(
        "link_loss",
        *(
            (f"S {S.shape}", f"S must be (2, K); got {S.shape}", (TWO, S))
            for S in (TWO[:1], LONG.T, ONES, STACK)
        ),
        *(
            (f"A {A.shape}", f"A must be (N, N); got {A.shape}", (A, TWO))
            for A in (LONG, TWO[:, :1], STACK)
        ),
        ("NaN in A", "A must be | nan", (WITH_NAN, TWO)),
        ("huge A", "A must be | 1e+300", (HUGE, TWO)),
        ("a number for A", "A must be (N, N); got ()", (np.array(1.0), TWO)),
        ("a list for S", "S must be (2, K); got list", (TWO, EDGE)),
    ),
    *paper_rows(
        "entropy_loss",
        ("a vector", "S must be (N, K); got (2,)", (ONES,)),
        ("a stack", "S must be (N, K); got (2, 2, 2)", (STACK,)),
        ("NaN", "S must be | nan", (WITH_NAN,)),
        ("a number", "S must be (N, K); got ()", (np.array(1.0),)),
        ("a list", "S must be (N, K); got list", (EDGE,)),
    ),
    *paper_rows(
        "forward",
        (
            "a list",
            "A must be (N, N); got list",
            ({"levels": [], "embed": [TWO]}, [[0.0]], TWO),
        ),
        (
            "a rectangle",
            "A must be (N, N); got (2, 3)",
            ({"levels": [], "embed": [TWO]}, LONG, TWO),
        ),
        (
            "negative",
            "A must be >= 0 | -2.0",
            ({"levels": [], "embed": [TWO]}, NEGATIVE, TWO),
        ),
        *(
            (
                f"a classifier of shape {W.shape}",
                f"classify must be (2, C); got {W.shape}",
                ({"levels": [], "embed": [TWO], "classify": W}, TWO, TWO),
            )
            for W in (ONES, LONG.T, np.array(1.0))
        ),
    ),
    *paper_rows(
        "cross_entropy",
        ("a label past the last", "label must be in 0 ... 1; got 2", (ONES, 2)),
        ("a negative label", "label must be in 0 ... 1; got -1", (ONES, -1)),
        ("a label of NumPy", "label must be in 0 ... 1; got 5", (ONES, np.int64(5))),
        ("half a label", "label must be in 0 ... 1; got 0.5", (ONES, 0.5)),
        ("a matrix", "logits must be (C,); got (2, 2)", (TWO, 0)),
        ("a matrix of one row", "logits must be (C,); got (1, 2)", (TWO[:1], 1)),
        ("a number for logits", "logits must be (C,); got ()", (np.array(1.0), 0)),
        ("a list of logits", "logits must be (C,); got list", ([0.0, 1.0], 0)),
        ("two labels", "label must be in 0 ... 1; got [0 1]", (ONES, np.arange(2))),
        ("NaN", "logits must be | nan", (np.array([NAN, 1]), 0)),
    ),
]

RNG = np.random.default_rng(0)
SIZED = "must be (N, N) or (B, K, K)"


def engine_rows(module, name, *cases, error=ValueError):
    entry = f"{module.__name__}.{name}"
    return rows(entry, getattr(module, name), *cases, error=error)


def operators(name):
    return [
        *engine_rows(
            layers,
            name,
            ("a list", "A must be an array (N, N) or (B, K, K) | list", (EDGE,)),
            ("a vector", f"A {SIZED} | (2,)", (ONES,)),
            ("a rectangle", f"A {SIZED} | (2, 3)", (LONG,)),
            ("a stack of rectangles", f"A {SIZED} | (2, 2, 3)", (np.ones((2, 2, 3)),)),
            ("words", "A must be float32 or float64; | <U1", (WORDS,)),
            ("complex", "A must be float32 or float64; | complex128", (COMPLEX,)),
            (
                "whole numbers",
                "A must be float32 or float64; | int",
                (TWO.astype(int),),
            ),
            ("booleans", "A must be | bool", (sparse.csr_array(TWO == 1),)),
            ("negative", "A must be not negative; got -2.0", (NEGATIVE,)),
            (
                "sparse and negative",
                "A must be not negative; got -2.0",
                (sparse.csr_array(NEGATIVE),),
            ),
        ),
        *engine_rows(
            layers,
            name,
            ("NaN", "A must be finite | nan", (WITH_NAN,)),
            ("sparse and infinite", "A must be | inf", (sparse.csr_array(WITH_INF),)),
            ("huge", "A must be finite and at most 1.3e+148 | 1e+300", (HUGE,)),
            error=OverflowedError,
        ),
    ]


def draws(name, make):
    """Return rows for a function that draws parameters, by (rng, n_in, n_out)."""
    return engine_rows(
        layers,
        name,
        ("a seed for a generator", "rng must be a Generator; got 'int'", make(0, 2, 2)),
        (
            "n_in = -1",
            "n_in must be a whole number >= 0; got -1",
            make(RNG, -1, 2),
        ),
        ("n_out = 0", "n_out must be a whole number >= 1; got 0", make(RNG, 2, 0)),
        ("n_out = 1.5", "n_out must be | 1.5", make(RNG, 2, 1.5)),
    )


PARAMS = {"W": [np.ones((2, 3))], "b": np.zeros(3)}
BOTH = {"W": [np.ones((2, 3)), np.ones((2, 3))], "b": np.zeros(3)}
NORM = layers.init_batch_norm(None, 2, float)
GNN = layers.init_gnn(RNG, "gcn", [2, 3], False, float)
NORMED = layers.init_gnn(RNG, "gcn", [2, 2], True, float)
LAYERS = [
    *operators("gcn_operator"),
    *operators("mean_operator"),
    *draws("glorot", lambda rng, n, m: (rng, n, m, float)),
    *draws("init_linear", lambda rng, n, m: (rng, [n], m, float)),
    *draws("init_gcn", lambda rng, n, m: (rng, n, m, float)),
    *draws("init_sage", lambda rng, n, m: (rng, n, m, float)),
    *draws("init_s2v", lambda rng, n, m: (rng, n, m, float)),
    *draws("init_gnn", lambda rng, n, m: (rng, "gcn", [n, m], False, float)),
    *engine_rows(
        layers,
        "init_gnn",
        (
            "an unknown kind",
            "kind must be one of 'gcn' | 'gat'",
            (RNG, "gat", [2, 2], False, float),
        ),
        (
            "s2v of two widths",
            'sizes[1:] must be equal for "s2v"; got [4, 5]',
            (RNG, "s2v", [3, 4, 5], False, float),
        ),
    ),
    *engine_rows(
        layers,
        "linear",
        ("too wide", "inputs[0] must be (N, 2); got (2, 3)", (PARAMS, LONG)),
        ("a vector", "inputs[0] must be (N, 2); got (2,)", (PARAMS, ONES)),
        ("a list", "inputs[0] must be an array | list", (PARAMS, EDGE)),
        (
            "two inputs",
            "number of inputs must be 1, that of W; got 2",
            (PARAMS, TWO, TWO),
        ),
        ("one for two", "number of inputs must be 2, that of W; got 1", (BOTH, TWO)),
        ("words", "inputs[0] must be | <U1", (PARAMS, WORDS)),
    ),
    *engine_rows(
        layers,
        "linear",
        ("NaN", "inputs[0] must be finite | nan", (PARAMS, WITH_NAN)),
        error=OverflowedError,
    ),
    *engine_rows(
        layers,
        "gcn",
        ("too wide", "P H must be (N, 2) | (2, 3)", (PARAMS, None, LONG, LONG)),
    ),
    *engine_rows(
        layers,
        "sage",
        ("PH too wide", "PH must be (2, 2); got (2, 3)", (BOTH, None, TWO, LONG)),
        (
            "H too wide for a narrow layer",
            "H must be (N, 2); got (2, 3)",
            ({"W": [np.ones((2, 1))] * 2, "b": np.zeros(1)}, TWO, LONG),
        ),
    ),
    *engine_rows(
        layers,
        "s2v",
        ("too wide", "P mu must be (N, 2) | (2, 3)", (BOTH, TWO, TWO, LONG)),
    ),
    *engine_rows(
        layers,
        "mlp",
        ("too wide", "H must be (N, 2) | (2, 3)", (PARAMS, None, LONG)),
    ),
    *engine_rows(
        layers,
        "batch_norm",
        ("a vector", "H must be (N, 2); got (2,)", (NORM, ONES)),
        ("too wide", "H must be (N, 2); got (2, 3)", (NORM, LONG)),
    ),
    *engine_rows(
        layers,
        "batch_norm",
        ("infinite", "H must be finite | inf", (NORM, WITH_INF)),
        error=OverflowedError,
    ),
    *engine_rows(
        layers,
        "gnn",
        ("an unknown kind", "kind must be one of 'gcn' | 'gat'", (GNN, "gat", A, TWO)),
        ("a rectangle", f"P {SIZED} | (2, 3)", (GNN, "gcn", LONG, TWO)),
        (
            "features for three nodes",
            "X must be (2, F); got (3, 2)",
            (GNN, "gcn", sparse.csr_array(A), LONG.T),
        ),
        (
            "features too wide",
            "P H must be (N, 2); got (2, 3)",
            (GNN, "gcn", sparse.csr_array(A), LONG),
        ),
        (
            "two layers, but norms of one",
            "number of layers of params must be 1; got 2",
            ({**GNN, "layers": GNN["layers"] * 2}, "gcn", sparse.csr_array(A), TWO),
        ),
        *(
            (
                f"{len(moments)} moments for {name}",
                f"running must be {n_norms} pairs; got {len(moments)}",
                (params, "gcn", sparse.csr_array(A), TWO),
                {"running": moments},
            )
            for name, params, n_norms, moments in (
                ("a batch norm", NORMED, 1, []),
                ("a batch norm", NORMED, 1, [(ONES, ONES)] * 2),
                ("no batch norm", GNN, 0, [(ONES, ONES)]),
            )
        ),
    ),
]

BATCH = GraphBatch.from_graphs([PAIR])
LEVEL = pooling.Level.of(BATCH)
POOLED, OFFSETS = np.ones((1, 2, 2)), np.array([0, 2])
POOLING = [
    *engine_rows(
        pooling,
        "assign",
        ("a vector", "R must be (N, K) with K >= 1; got (2,)", (ONES,)),
        ("no cluster", "R must be (N, K) with K >= 1; got (2, 0)", (np.ones((2, 0)),)),
        ("a list", "R must be an array (N, K); got 'list'", (EDGE,)),
        ("words", "R must be | <U1", (WORDS,)),
        ("complex", "R must be | complex128", (COMPLEX,)),
        ("half precision", "R must be | float16", (TWO.astype("float16"),)),
        ("whole numbers", "R must be float32 or | uint8", (TWO.astype("uint8"),)),
    ),
    *engine_rows(
        pooling,
        "assign",
        ("NaN", "R must be finite | nan", (WITH_NAN,)),
        ("infinite", "R must be finite | inf", (WITH_INF,)),
        error=OverflowedError,
    ),
    *engine_rows(
        pooling,
        "coarsen",
        (
            "a matrix for a level",
            "level must be a Level; got 'numpy.ndarray'",
            (A, TWO, TWO),
        ),
        ("Z for three nodes", "Z must be (2, D); got (3, 2)", (LEVEL, LONG.T, TWO)),
        ("S for three nodes", "S must be (2, K) | (3, 2)", (LEVEL, TWO, LONG.T)),
        (
            "no cluster",
            "S must be (2, K) with K >= 1 | (2, 0)",
            (LEVEL, TWO, np.ones((2, 0))),
        ),
    ),
    *engine_rows(
        pooling,
        "coarsen",
        ("NaN in Z", "Z must be finite | nan", (LEVEL, WITH_NAN, TWO)),
        ("huge Z", "Z must be | 1e+300", (LEVEL, HUGE, TWO)),
        ("infinite S", "S must be finite | inf", (LEVEL, TWO, WITH_INF)),
        error=OverflowedError,
    ),
    *engine_rows(
        pooling,
        "next_level",
        ("a matrix", "A_pooled must be (B, M, M) | (2, 2)", (TWO, STACK)),
        (
            "a rectangle",
            "A_pooled must be (B, M, M) | (2, 2, 3)",
            (np.ones((2, 2, 3)), STACK),
        ),
        (
            "features of three",
            "X_pooled must be (2, 2, D); got (2, 3, 1)",
            (STACK, np.ones((2, 3, 1))),
        ),
    ),
]
LOSSES = [
    *rows(
        "npdiffpool.engine.losses.cross_entropy",
        losses.cross_entropy,
        ("a vector", "logits must be (B, C); got (2,)", (ONES, np.zeros(2, int))),
        ("three labels", "labels must be (2,); got (3,)", (TWO, np.zeros(3, int))),
        (
            "a label past the last",
            "labels must be in 0 ... 1; got [2]",
            (TWO, np.array([0, 2])),
        ),
        (
            "a negative label",
            "labels must be in 0 ... 1; got [-1]",
            (TWO, np.array([0, -1])),
        ),
        ("floats for labels", "labels must be whole numbers | float64", (TWO, ONES)),
    ),
    *engine_rows(
        losses,
        "entropy_loss",
        ("an assignment", "entropies must be (N,); got (2, 2)", (TWO, OFFSETS)),
        (
            "offsets past the end",
            "offsets must be whole numbers from 0 up to 2",
            (ONES, np.array([0, 3])),
        ),
        (
            "offsets before the end",
            "offsets must be | up to 2 | 0, 1",
            (ONES, np.array([0, 1])),
        ),
        ("decreasing offsets", "offsets must be", (ONES, np.array([0, 3, 2]))),
        ("one offset", "offsets must be | [2]", (ONES, [2])),
        (
            "entropies of three",
            "offsets must be whole numbers from 0 up to 3",
            (np.ones(3), OFFSETS),
        ),
    ),
    *engine_rows(
        losses,
        "link_loss",
        (
            "a matrix for a level",
            "level must be a Level | 'numpy.ndarray'",
            (A, TWO, POOLED),
        ),
        ("S for three", "S must be (2, K) | (3, 2)", (LEVEL, LONG.T, POOLED)),
        (
            "three clusters",
            "A_pooled must be (1, 2, 2); got (1, 3, 3)",
            (LEVEL, TWO, np.ones((1, 3, 3))),
        ),
        (
            "an unknown scale",
            "scale must be one of 'frobenius' | 'edges'",
            (LEVEL, TWO, POOLED, "edges"),
        ),
    ),
    *engine_rows(
        losses,
        "squared_error",
        ("one column", "targets must be (2, 2); got (2,)", (TWO, ONES)),
        ("booleans", "outputs must be float32 or | bool", (TWO.astype(bool), TWO)),
        (
            "three targets",
            "targets must be (2, 1); got (3, 1)",
            (TWO[:, :1], np.ones((3, 1))),
        ),
    ),
    *engine_rows(
        losses,
        "squared_error",
        (
            "a NaN target",
            "targets must be finite | nan",
            (TWO, np.array([[NAN, 1.0]] * 2)),
        ),
        error=OverflowedError,
    ),
]

CONFIG = Config(1, 2, clusters=(2,), hidden=3, n_layers=1, dtype="float64")
DRAWN = model.init_model(RNG, CONFIG)
FLAT = replace(CONFIG, clusters=())
LISTED = {**DRAWN, "embed": deepcopy(DRAWN["embed"])}
LISTED["embed"]["layers"][0]["b"] = [0.0, 0.0, 0.0]
FORM = "(see Output.moments) must be [['embed', 'levels'], ['embed', 'pool']]"
LABEL, TREE = np.array([1]), {"W": TWO, "b": ONES}
STATE, VECTOR = adam.adam_init(np.ones(3)), np.ones(3)
MODEL = [
    *engine_rows(
        model,
        "init_model",
        ("a seed for a generator", "rng must be a Generator; got 'int'", (0, CONFIG)),
        (
            "a dict for a configuration",
            "config must be a Config; got 'dict'",
            (RNG, {}),
        ),
    ),
    *engine_rows(
        model,
        "blank_params",
        ("a dict", "config must be a Config; got 'dict'", ({},)),
    ),
    *engine_rows(
        model,
        "forward",
        (
            "a list of parameters",
            "params must be a dict; got 'list'",
            ([], BATCH, CONFIG),
        ),
        ("graphs", "batch must be a GraphBatch; got 'list'", (DRAWN, GRAPHS, CONFIG)),
        (
            "None for a configuration",
            "config must be a Config | 'NoneType'",
            (DRAWN, BATCH, None),
        ),
        (
            "wider graphs",
            "n_features of config must be 2; got 1",
            (DRAWN, GraphBatch.from_graphs([WIDE]), CONFIG),
        ),
        (
            "parameters of one level for two",
            "params['levels'] must be a list of 2; got a list of 1",
            (DRAWN, BATCH, replace(CONFIG, clusters=(2, 2))),
        ),
        (
            "parameters of one level for a flat model",
            "params['levels'] must be a list of 0; got a list of 1",
            (DRAWN, BATCH, replace(CONFIG, clusters=())),
        ),
        (
            "parameters of one layer for two",
            "params['embed']['layers'] must be a list of 2; got a list of 1",
            (model.init_model(RNG, FLAT), BATCH, replace(FLAT, n_layers=2)),
        ),
        (
            "parameters without readouts",
            "params must be a dict with the keys | ['classify', 'embed', 'levels']",
            ({k: v for k, v in DRAWN.items() if k != "read"}, BATCH, CONFIG),
        ),
        (
            "a list for an array",
            "params['embed']['layers'][0]['b'] must be (3,); got a list of 3",
            (LISTED, BATCH, CONFIG),
        ),
        (
            "parameters of two clusters for three",
            "params['levels'][0]['pool']['head']['W'][0] must be (3, 3); got (3, 2)",
            (DRAWN, BATCH, replace(CONFIG, clusters=(3,))),
        ),
        (
            "a string for moments",
            "running must be a dict; got 'str'",
            (DRAWN, BATCH, CONFIG, "running"),
        ),
        *(
            (
                name,
                f"keys of running and of its levels {FORM}; got {seen}",
                (DRAWN, BATCH, CONFIG, moments),
            )
            for name, moments, seen in (
                ("moments without keys", {}, "[[]]"),
                (
                    "moments of another model",
                    {"levels": [{"embed": [], "pool": []}] * 2, "embed": []},
                    "[['embed', 'levels'], ['embed', 'pool'], ['embed', 'pool']]",
                ),
                ("a number for levels", {"levels": 3}, "[['levels']]"),
                (
                    "None for the moments of a level",
                    {"levels": [None], "embed": []},
                    "[['embed', 'levels'], None]",
                ),
                (
                    "moments of a flat model",
                    {"levels": [], "embed": []},
                    "[['embed', 'levels']]",
                ),
                (
                    "moments without those of the pooling GNN",
                    {"levels": [{"embed": []}], "embed": []},
                    "[['embed', 'levels'], ['embed']]",
                ),
            )
        ),
    ),
    *engine_rows(
        model,
        "total_loss",
        (
            "graphs",
            "batch must be a GraphBatch | 'list'",
            (DRAWN, GRAPHS, LABEL, CONFIG),
        ),
        (
            "labels for two",
            "labels must be (1,) or (1, T); got (2,)",
            (DRAWN, BATCH, ONES, CONFIG),
        ),
        (
            "two weights",
            "weights must be (1,); got (2,)",
            (DRAWN, BATCH, LABEL, CONFIG, np.ones(2)),
        ),
        (
            "a negative seed",
            "seed must be a whole number >= 0; got -1",
            (DRAWN, BATCH, LABEL, CONFIG, None, -1),
        ),
        (
            "a large seed",
            "seed must be below 2^32; got 4294967296",
            (DRAWN, BATCH, LABEL, CONFIG, None, 1 << 32),
        ),
    ),
    *engine_rows(
        autodiff,
        "to_vector",
        ("no leaves", "tree must be of one array or more; got {}", ({},)),
    ),
    *engine_rows(
        autodiff,
        "from_vector",
        ("too short", "vector must be (6,); got (5,)", (TREE, np.ones(5))),
        ("too long", "vector must be (6,); got (7,)", (TREE, np.ones(7))),
        ("a list", "vector must be an array (P,); got 'list'", (TREE, [1.0] * 6)),
    ),
    *engine_rows(
        adam,
        "clip_by_norm",
        ("a matrix", "gradient must be (P,); got (2, 2)", (TWO, 1.0)),
        (
            "a negative limit",
            "limit must be a finite number >= 0; got -1.0",
            (ONES, -1.0),
        ),
        ("a NaN limit", "limit must be a finite | nan", (ONES, NAN)),
        ("int8", "gradient must be float32 or | int8", (ONES.astype("int8"), 1.0)),
    ),
    *engine_rows(
        adam,
        "clip_by_norm",
        ("NaN", "gradient must be finite | nan", (np.array([NAN]), 1.0)),
        error=OverflowedError,
    ),
    *engine_rows(
        adam,
        "adam_step",
        (
            "None for a state",
            "state must be a AdamState; got 'NoneType'",
            (None, VECTOR, VECTOR, 0.1),
        ),
        (
            "a longer gradient",
            "gradient must be (3,); got (2,)",
            (STATE, VECTOR, ONES, 0.1),
        ),
        (
            "a negative rate",
            "learning_rate must be | -0.1",
            (STATE, VECTOR, VECTOR, -0.1),
        ),
    ),
    *engine_rows(
        adam,
        "decay_of",
        (
            "a negative decay",
            "weight_decay must be a finite number >= 0; got -0.1",
            ({"W": TWO}, -0.1),
        ),
    ),
    *engine_rows(
        adam,
        "adam_step",
        (
            "an infinite gradient",
            "gradient must be finite | inf",
            (STATE, VECTOR, VECTOR * INF, 0.1),
        ),
        (
            "a gradient whose square is infinite",
            "squared gradient must be finite | got inf",
            (STATE, VECTOR, np.full(3, 1.5e154), 0.1),  # over 1 - 0.999
        ),
        error=OverflowedError,
    ),
]
TRAIN, WIDER = Labelled(BATCH, LABEL), GraphBatch.from_graphs([WIDE])
TRAINING = rows(
    "npdiffpool.training.fit.fit",
    fit,
    (
        "a dict for a configuration",
        "config must be a Config; got 'dict'",
        ({}, Schedule(), TRAIN, None, RNG),
    ),
    (
        "None for a schedule",
        "schedule must be a Schedule; got 'NoneType'",
        (CONFIG, None, TRAIN, None, RNG),
    ),
    (
        "graphs",
        "train must be a Labelled; got 'list'",
        (CONFIG, Schedule(), GRAPHS, None, RNG),
    ),
    (
        "a tuple for validation data",
        "validation must be a Labelled; got 'tuple'",
        (CONFIG, Schedule(), TRAIN, (BATCH, LABEL), RNG),
    ),
    (
        "a seed for a generator",
        "rng must be a Generator; got 'int'",
        (CONFIG, Schedule(), TRAIN, None, 0),
    ),
    (
        "a seed for a generator of a training that goes on",
        "rng must be a Generator; got 'int'",
        (CONFIG, Schedule(), TRAIN, None, 0),
        {"resume": Checkpoint(0, VECTOR, {}, STATE, None, [], None)},
    ),
    (
        "wider graphs",
        "n_features of train.batch must be 1, as config.n_features; got 2",
        (CONFIG, Schedule(), Labelled(WIDER, LABEL), None, RNG),
    ),
    (
        "wider graphs for validation",
        "n_features of validation.batch must be 1, as config.n_features; got 2",
        (CONFIG, Schedule(), TRAIN, Labelled(WIDER, LABEL), RNG),
    ),
    (
        "labels for two",
        "train.labels must be (1,); got (2,)",
        (CONFIG, Schedule(), Labelled(BATCH, np.array([0, 1])), None, RNG),
    ),
    (
        "a label past the last",
        "train.labels must be in 0 ... 1; got [2]",
        (CONFIG, Schedule(), Labelled(BATCH, np.array([2])), None, RNG),
    ),
    (
        "a negative validation label",
        "validation.labels must be in 0 ... 1; got [-1]",
        (CONFIG, Schedule(), TRAIN, Labelled(BATCH, np.array([-1])), RNG),
    ),
    (
        "a class for two targets",
        "train.labels must be (1, 2); got (1,)",
        (replace(CONFIG, loss="squared_error"), Schedule(), TRAIN, None, RNG),
    ),
    (
        "two weights",
        "train.weights must be (1,); got (2,)",
        (CONFIG, Schedule(), TRAIN._replace(weights=np.ones(2)), None, RNG),
    ),
    (
        "two validation weights",
        "validation.weights must be (1,); got (2,)",
        (CONFIG, Schedule(), TRAIN, TRAIN._replace(weights=np.ones(2)), RNG),
    ),
    (
        "a monitor without a function",
        "score must be given for 'roc_auc'; got None",
        (CONFIG, Schedule(monitor="roc_auc"), TRAIN, TRAIN, RNG),
    ),
    (
        "a number for a checkpoint",
        "resume must be a Checkpoint; got 'int'",
        (CONFIG, Schedule(), TRAIN, None, RNG),
        {"resume": 3},
    ),
)

CSR = sparse.csr_array(A)
CLUSTERS = np.array([0, 1])


def of_assignments(name):
    return [
        *engine_rows(
            measures,
            name,
            ("a vector", "S must be (N, K) with K >= 1; got (2,)", (ONES,)),
            ("no cluster", "S must be (N, K) | (2, 0)", (np.ones((2, 0)),)),
            ("words", "S must be | <U1", (WORDS,)),
            ("a list", "S must be an array (N, K); got 'list'", (EDGE,)),
            ("negative", "S must be not negative; got -2.0", (NEGATIVE,)),
        ),
        *engine_rows(
            measures,
            name,
            ("NaN", "S must be finite | nan", (WITH_NAN,)),
            error=OverflowedError,
        ),
    ]


def of_clusters(name, module=measures, A=A):
    return [
        *engine_rows(
            module,
            name,
            ("a rectangle", "A must be (N, N); got (2, 3)", (LONG, CLUSTERS)),
            ("negative", "A must be not negative; got -2.0", (NEGATIVE, CLUSTERS)),
            ("words", "A must be | <U1", (WORDS, CLUSTERS)),
            (
                "three clusters",
                "clusters must be (2,); got (3,)",
                (A, np.zeros(3, int)),
            ),
            (
                "a negative cluster",
                "clusters must be whole | [-1]",
                (A, np.array([0, -1])),
            ),
            ("floats", "clusters must be whole numbers | float64", (A, ONES)),
        ),
        *engine_rows(
            module,
            name,
            ("NaN", "A must be finite | nan", (WITH_NAN, CLUSTERS)),
            error=OverflowedError,
        ),
    ]


MEASURES = [
    *of_assignments("normalized_entropy"),
    *of_assignments("effective_clusters"),
    *of_assignments("certainty"),
    *of_assignments("clusters_used"),
    *engine_rows(
        measures,
        "used_clusters",
        ("an array", "clusters must be a list of arrays; got 'ndarray'", (CLUSTERS,)),
        ("floats", "clusters[0] must be whole numbers | float64", ([ONES],)),
        ("a matrix", "clusters[0] must be (N,); got (2, 2)", ([A.astype(int)],)),
        ("negative", "clusters[0] must be whole | [-1]", ([np.array([-1])],)),
        (
            "one cluster of two",
            "clusters[1] must be an array of at least 2 clusters; got 1",
            ([CLUSTERS, CLUSTERS[:1]],),
        ),
    ),
    *engine_rows(
        measures,
        "normalized_entropy",
        (
            "a row of zeros",
            "S must be an array with a positive sum in each row; got 0.0",
            (np.zeros((2, 2)),),
        ),
    ),
    *of_clusters("edges_inside"),
    *of_clusters("modularity"),
    *of_clusters("normalized_cut", graclus, CSR),
    *engine_rows(
        measures,
        "modularity",
        (
            "directed",
            "A must be symmetric; it differs from its transpose by 1.0",
            (DIRECTED, CLUSTERS),
        ),
    ),
    *engine_rows(
        graclus,
        "normalized_cut",
        ("directed", "A must be symmetric", (sparse.csr_array(DIRECTED), CLUSTERS)),
    ),
    *engine_rows(
        graclus,
        "graclus",
        ("no cluster", "n_clusters must be a whole number >= 1; got 0", (CSR, 0)),
        ("1.5 clusters", "n_clusters must be | 1.5", (CSR, 1.5)),
        ("a rectangle", "A must be (N, N); got (2, 3)", (sparse.csr_array(LONG), 1)),
        (
            "negative",
            "A must be not negative; got -2.0",
            (sparse.csr_array(NEGATIVE), 1),
        ),
        ("a list", "A must be an array (N, N); got 'list'", (EDGE, 1)),
        (
            "colours of three",
            "colours must be (2,); got (3,)",
            (CSR, 1, np.zeros(3, np.uint64)),
        ),
    ),
    *engine_rows(
        graclus,
        "graclus",
        ("NaN", "A must be finite | nan", (sparse.csr_array(WITH_NAN), 1)),
        error=OverflowedError,
    ),
    *engine_rows(
        graclus,
        "assignment_matrix",
        (
            "a negative cluster",
            "clusters must be whole numbers | [-1]",
            (np.array([-1]),),
        ),
        ("floats", "clusters must be whole numbers | float64", (ONES,)),
        ("a matrix", "clusters must be (N,); got (2, 2)", (TWO,)),
    ),
    *rows(
        "npdiffpool.estimators.baselines.count_parameters",
        count_parameters,
        ("a dict", "config must be a Config; got 'dict'", ({},)),
    ),
    *rows(
        "npdiffpool.estimators.baselines.flat_twin",
        flat_twin,
        ("None", "config must be a Config; got 'NoneType'", (None,)),
    ),
    *rows(
        "npdiffpool.estimators.baselines.count_colours",
        count_colours,
        ("negative rounds", "rounds must be a whole number >= 0; got -1", (GRAPHS, -1)),
        (
            "floats for colours",
            "known must be whole numbers | float64",
            (GRAPHS, 1, ONES),
        ),
        (
            "a colour twice",
            "known must be different colours; got 5",
            (GRAPHS, 1, [5, 5]),
        ),
    ),
    *rows(
        "npdiffpool.estimators.baselines.count_colours",
        count_colours,
        ("no graphs", "graphs must hold at least one Graph; got none", ([], 1)),
        error=GraphError,
    ),
]
ROWS = [*PAPER, *LAYERS, *POOLING, *LOSSES, *MODEL, *TRAINING, *MEASURES]


@table(ROWS)
def test_bad_input_to_the_engine_raises_one_error_before_any_work(
    row, tmp_path, monkeypatch
):
    check(row, tmp_path, monkeypatch)
