"""Bad input to models and their parameters raises one error before any work."""

import networkx as nx
import numpy as np
from bad_input import (
    CLASSIFIER,
    CLUSTERER,
    EDGE,
    GRAPHS,
    INF,
    LABELS,
    NAN,
    PAIR,
    REGRESSOR,
    WIDE,
    check,
    classifier,
    fitted,
    rows,
    table,
    values,
)

from npdiffpool import (
    DiffPoolClassifier,
    DiffPoolClusterer,
    DiffPoolRegressor,
    Graph,
    GraphError,
    NotFittedError,
)
from npdiffpool.datasets import Dataset
from npdiffpool.engine.config import Config
from npdiffpool.estimators.baselines import SubtreeKernelClassifier
from npdiffpool.estimators.fitting.inputs import count_clusters
from npdiffpool.training.fit import Checkpoint
from npdiffpool.training.schedule import Schedule

HUGE = Graph([[1e39]], [1])

SHARED = {
    ("hidden", "a whole number >= 1"): (0, -1, 2.0, "8", None, True),
    ("n_layers", "a whole number >= 1"): (0, 1.5),
    ("classifier_hidden", "a whole number >= 0"): (-1, None),
    ("gnn", "one of 'gcn', 'sage', 's2v', 'mlp'"): ("gat", "", None, 3),
    ("readout", "one of 'sum', 'mean', 'max', 'set2set', 'sortpool'"): (
        "median",
        ["max"],
    ),
    ("assignment", "one of 'learned', 'hard', 'graclus', 'random', 'uniform'"): (
        "soft",
        None,
    ),
    ("link_scale", "one of 'frobenius', 'nodes', 'entries', 'relative'"): ("edges", 1),
    ("dtype", "one of 'float32', 'float64'"): ("float16", np.float32),
    ("concat_layers", "True or False"): (1, "yes", None),
    ("batch_norm", "True or False"): (0,),
    ("normalize_rows", "True or False"): (1.0,),
    ("recompute", "True or False"): (1,),
    ("dropout", "a finite number >= 0 and < 1"): (-0.1, 1.0, NAN, "half", False),
    ("link_weight", "a finite number >= 0"): (-0.1, NAN, INF, "1", True, None),
    ("entropy_weight", "a finite number >= 0"): (-1, NAN),
}
SCHEDULED = {
    ("epochs", "a whole number >= 1"): (0, 1.5, None),
    ("batch_size", "a whole number >= 1"): (0, True),
    ("learning_rate", "a finite number > 0"): (0, 0.0, -1e-3, NAN, INF, "fast"),
    ("learning_rate_schedule", "one of 'constant', 'cosine', 'step'"): ("linear", None),
    ("weight_decay", "a finite number >= 0"): (-1e-3, NAN, INF, None),
    ("clip_norm", "a finite number > 0"): (0, NAN, None),
    ("patience", "a whole number >= 1"): (0, 2.5, False),
}
FLAGS = {
    ("standardize", "True or False"): (1, None),
    ("verbose", "True or False"): (1, "loud"),
    ("seed", "a whole number >= 0"): (-1, None, 1.0),
    ("ratio_of", "one of 'mean', 'largest'"): ("median", None),
    ("validation_fraction", "None or above 0 and below 1"): (1.0, 0.0, 1, "half"),
    ("warm_start", "True or False"): (1, None),
    ("monitor", "the name of a score"): (None, 1),
}
SIZES = {
    ("n_features", "a whole number >= 0"): (-1, 1.0),
    ("n_outputs", "a whole number >= 1"): (0, "2"),
    ("largest", "a whole number >= 0"): (-1,),
    ("loss", "one of 'cross_entropy', 'squared_error'"): ("hinge",),
}
CLUSTERS = (
    (8, "clusters must be a tuple; got 8"),
    ("ab", "clusters must be a tuple; got 'ab'"),
    (None, "clusters must be a tuple; got None"),
    ((1.0,), "a ratio in clusters must be in (0, 1); got 1.0"),
    ((0.5, 0.0), "a ratio in clusters must be in (0, 1); got 0.0"),
    ((NAN,), "a ratio in clusters must be in (0, 1); got nan"),
    ((-0.5,), "a ratio in clusters must be in (0, 1); got -0.5"),
    ((0,), "a number in clusters must be a whole number >= 1; got 0"),
    ((4, True), "a number in clusters must be a whole number >= 1; got True"),
    (("4",), "a number in clusters must be a whole number >= 1; got '4'"),
)


DECAYED = (
    "a decay of all weights in a step",
    "learning_rate times weight_decay must be below 1 | got learning_rate 0.5 and "
    "weight_decay 2",
)
OF_CLASS = (
    'class_weight must be "balanced", a dict from labels to weights, or None; got'
)


def config(**changed):
    return Config(**{"n_features": 1, "n_outputs": 2, **changed})


def dataset(*names):
    """Return the graphs as a data set with these feature names."""
    return Dataset(GRAPHS, np.array(LABELS), "some", names, "")


def fit_with(kind):
    """Return a function that fits a model with changed parameters."""
    return lambda graphs, labels, **changed: kind(**changed).fit(graphs, labels)


def each(entry, call, wrong, args=()):
    """Return a row for each wrong value of each parameter."""
    cases = [(*key, *found) for key, found in wrong.items()]
    return [row for case in cases for row in values(entry, call, *case, args=args)]


DATA, ONES = (GRAPHS, LABELS), (1,) * 101
COUNTS = [(f"clusters={c!r}", text, DATA, {"clusters": c}) for c, text in CLUSTERS]
PARAMETERS = [
    *each("npdiffpool.engine.config.Config", config, SHARED | SIZES),
    *rows(
        "npdiffpool.engine.config.Config",
        config,
        *(
            (
                f"clusters={c!r}",
                f"each of clusters must be a whole number >= 1 | {c[-1]!r}",
                (),
                {"clusters": c},
            )
            for c in ((0,), (8, -1), (2.0,), (True,))
        ),
        ("clusters=8", "clusters must be a tuple; got 8", (), {"clusters": 8}),
        ("many clusters", "at most 8192; got 8193", (), {"clusters": (8193,)}),
        ("many levels", "levels must be at most 100; got 101", (), {"clusters": ONES}),
        ("many layers", "n_layers must be at most 1000; got", (), {"n_layers": 1001}),
    ),
    *each("npdiffpool.training.schedule.Schedule", Schedule, SCHEDULED),
    *rows(
        "npdiffpool.training.schedule.Schedule",
        Schedule,
        (*DECAYED, (), {"learning_rate": 0.5, "weight_decay": 2.0}),
    ),
    *each(
        "npdiffpool.DiffPoolClassifier",
        fit_with(DiffPoolClassifier),
        SHARED | SCHEDULED | FLAGS,
        DATA,
    ),
    *rows("npdiffpool.DiffPoolClassifier", fit_with(DiffPoolClassifier), *COUNTS),
    *rows(
        "npdiffpool.DiffPoolClassifier",
        fit_with(DiffPoolClassifier),
        (*DECAYED, DATA, {"learning_rate": 0.5, "weight_decay": 2}),
        ("a word", f"{OF_CLASS} 'even'", DATA, {"class_weight": "even"}),
        ("a list", f"{OF_CLASS} [1, 2]", DATA, {"class_weight": [1, 2]}),
        (
            "a negative weight",
            "class_weight[1] must be a finite number >= 0; got -2",
            DATA,
            {"class_weight": {1: -2}},
        ),
        (
            "an unknown class",
            "class_weight must be for labels in [0, 1]; got ['1']",
            DATA,
            {"class_weight": {"1": 2}},
        ),
        (
            "only weights of 0",
            "class_weight must give a weight above 0 to at least one graph; got {0",
            DATA,
            {"class_weight": {0: 0, 1: 0}},
        ),
    ),
    *each(
        "npdiffpool.DiffPoolRegressor",
        fit_with(DiffPoolRegressor),
        {key: found[:1] for key, found in (SHARED | SCHEDULED | FLAGS).items()},
        DATA,
    ),
    *rows("npdiffpool.DiffPoolRegressor", fit_with(DiffPoolRegressor), *COUNTS[:1]),
    *rows(
        "npdiffpool.estimators.fitting.inputs.count_clusters",
        count_clusters,
        *((what, text, (c, 10)) for (c, text), (what, *_) in zip(CLUSTERS, COUNTS)),
    ),
]

WEIGHTS = "sample_weight must be "
A_GRAPH = "graphs must hold at least one Graph; got none"
FIT = [
    ("two weights", WEIGHTS + "(4,) | (2,)", DATA, None, {"sample_weight": [1, 2]}),
    (
        "a negative weight",
        WEIGHTS + "finite and not negative; got -1.0",
        DATA,
        None,
        {"sample_weight": [1, -1, 1, 1]},
    ),
    (
        "a NaN weight",
        WEIGHTS + "finite and not negative; got nan",
        DATA,
        None,
        {"sample_weight": [1, NAN, 1, 1]},
    ),
    (
        "only weights of 0",
        WEIGHTS + "above zero for at least one graph; got only 0",
        DATA,
        None,
        {"sample_weight": [0] * 4},
    ),
    (
        "words for weights",
        WEIGHTS + "numbers; got 'dtype",
        DATA,
        None,
        {"sample_weight": list("abcd")},
    ),
    (
        "one weight in the validation set",
        "validation weights must be (4,) | (1,)",
        (*DATA, (*DATA, [1.0])),
    ),
    ("no graphs", A_GRAPH, ([], []), GraphError),
    ("a number among graphs", "graphs[0] must be | int", ([1], [0]), GraphError),
    ("one graph", "graphs must be | one Graph", (PAIR, [0]), GraphError),
    (
        "two widths",
        "features as the first, 1; graphs[1] has 2",
        ([PAIR, WIDE], [0, 1]),
        GraphError,
    ),
    (
        "a networkx graph",
        "graphs[0] must be a Graph; got networkx.classes.graph.Graph; convert it by",
        ([nx.path_graph(2)], [0]),
        GraphError,
    ),
    (
        "no labels",
        "labels must be given unless every graph has a label; graphs[0] has none",
        (GRAPHS, None),
    ),
    (
        "no validation labels",
        "validation labels must be given unless | graphs[0] has none",
        (*DATA, (GRAPHS, None)),
    ),
    ("ragged labels", "labels must be (4,): setting an", (GRAPHS, [[0], [0, 1], 1, 0])),
    (
        "two feature names",
        "feature_names of graphs must be 1 names; got ('x', 'y')",
        (dataset("x", "y"), LABELS),
    ),
    (
        "validation columns that differ",
        "validation graphs must have the feature columns | missing: 'x', unknown: 'y'",
        (dataset("x"), LABELS, (dataset("y"), LABELS)),
    ),
    ("three labels", "labels must be (4,); got (3,)", (GRAPHS, [0, 1, 0])),
    ("text as labels", "labels must be (4,); got ()", (GRAPHS, "label")),
    ("no pair", "validation must be a pair | 'int'", (*DATA, 3)),
    (
        "a validation set without labels",
        "validation must be a pair | 'list'",
        (*DATA, GRAPHS),
    ),
    ("an empty validation set", A_GRAPH, (*DATA, ([], [])), GraphError),
    (
        "validation labels for two",
        "validation labels must be (1,); got (2,)",
        (*DATA, ([PAIR], [0, 1])),
    ),
    (
        "a wider validation set",
        "graphs must have 1 features | 2",
        (*DATA, ([WIDE], [0])),
        GraphError,
    ),
    (
        "a feature that overflows",
        "every feature must fit into float32 | 1e+300",
        ([Graph([[0]], [x]) for x in (0, 1, 1e300, 0)], LABELS),
        GraphError,
    ),
    (
        "a weight that overflows",
        "every edge weight must fit into float32 | 1e+39",
        ([HUGE] * 4, LABELS),
        GraphError,
    ),
    ("an integer as on_epoch", "on_epoch must be callable; got 5", (*DATA, None, 5)),
    (
        "text as on_checkpoint",
        "on_checkpoint must be callable; got 'x'",
        DATA,
        None,
        {"on_checkpoint": "x"},
    ),
    (
        "an integer as resume",
        "resume must be a Checkpoint (npdiffpool.training.fit) | int",
        DATA,
        None,
        {"resume": 3},
    ),
    (
        "a checkpoint of another model",
        "resume must be a checkpoint of a model with 61 | 1 float64 parameters",
        DATA,
        None,
        {"resume": Checkpoint(1, np.zeros(1), [], None, {}, [], None)},
    ),
]
CLASSES = [
    (
        "a number among strings",
        "labels must be all numbers or all strings; got 1",
        (GRAPHS, ["a", 1, "a", "b"]),
    ),
    (
        "text to validate numbers",
        "validation labels must be numbers, as in training; got ['0']",
        (*DATA, ([PAIR], ["0"])),
    ),
    (
        "a NaN label",
        "labels must be numbers or strings | float64",
        (GRAPHS, [0, 1, NAN, 1]),
    ),
    (
        "a missing label",
        "labels must be numbers or strings | object",
        (GRAPHS, [0, 1, None, 1]),
    ),
    ("complex labels", "labels must be | complex128", (GRAPHS, [1j, 1, 0, 1])),
    (
        "one class",
        "labels must contain at least two classes; got one class, [1]",
        (GRAPHS, [1, 1, 1, 1]),
    ),
    ("a column of labels", "labels must | (4, 1)", (GRAPHS, np.zeros((4, 1)))),
    (
        "an unseen validation label",
        "validation labels must be among the training classes [0, 1]; got [7]",
        (*DATA, ([PAIR], [7])),
    ),
]
TARGETS = [
    ("text", "labels must be finite numbers | str32", (GRAPHS, list("abcd"))),
    ("no targets", "labels must be (4,); got (4, 0)", (GRAPHS, np.zeros((4, 0)))),
    (
        "two for three graphs",
        "labels must be (4,) | (3, 2)",
        (GRAPHS, np.eye(4)[:3, :2]),
    ),
    ("a NaN among two", "labels must be finite | nan", (GRAPHS, [[0, NAN]] * 4)),
    (
        "validation targets of another number",
        "validation labels must be (1,), as in training; got (1, 2)",
        (*DATA, ([PAIR], [[0.0, 1.0]])),
    ),
    ("a NaN target", "labels must be finite numbers | nan", (GRAPHS, [0, 1, NAN, 1])),
    ("an infinite target", "labels must be finite | inf", (GRAPHS, [0, 1, INF, 1])),
    ("a missing target", "labels must be finite | object", (GRAPHS, [0, 1, None, 1])),
    (
        "a NaN validation target",
        "validation labels must be finite | nan",
        (*DATA, ([PAIR], [NAN])),
    ),
]


def fit_rows(kind, model, cases):
    """Return the rows of calls of `fit`."""
    found = []
    for what, says, args, *rest in cases:
        error = rest[0] if rest and rest[0] else ValueError
        case = (what, says, (model, *args), *rest[1:])
        entry = f"npdiffpool.{kind.__name__}.fit"
        found += rows(entry, kind.fit, case, error=error)
    return found


NAMED = classifier().fit(dataset("x"), LABELS)
RAW = fitted(standardize=False), fitted(DiffPoolRegressor, standardize=False)
FITS = [
    *fit_rows(DiffPoolClassifier, RAW[0], FIT + CLASSES),
    *fit_rows(DiffPoolRegressor, RAW[1], [*FIT[:-1], *TARGETS]),
    *fit_rows(
        DiffPoolClassifier,
        fitted().set_params(patience=3),
        [
            (
                "patience without a validation set",
                "patience must be None without a validation set; got 3; pass valid",
                DATA,
            )
        ],
    ),
    *fit_rows(
        DiffPoolClassifier,
        fitted().set_params(monitor="speed"),
        [("an unknown score", "monitor must be | 'speed'", DATA)],
    ),
    *fit_rows(
        DiffPoolClassifier,
        fitted().set_params(monitor="roc_auc"),
        [
            (
                "a score without a validation set",
                "without a validation set; got 'roc_auc' | validation_fraction=...",
                DATA,
            ),
            (
                "a score of one class",
                "monitor 'roc_auc' is not defined for this validation set: ",
                (*DATA, (GRAPHS[:1], LABELS[:1])),
            ),
        ],
    ),
    *fit_rows(
        DiffPoolClassifier,
        fitted().set_params(validation_fraction=0.1),
        [
            (
                "nothing held out",
                "must leave at least one graph of | in both parts; got 0.1 of 4 graphs",
                DATA,
            )
        ],
    ),
]

MANY = "predict predict_proba transform score assignments_of".split()
ONE = ("assignments", "hierarchy", "explain")
ALL = [*MANY, *ONE, "save"]
TAKE = {"score": ([PAIR], [0]), **{use: (PAIR,) for use in ONE}}
LABEL_OF = {
    "Classifier": [
        ("an unseen label", "label must be one of 0, 1; got 7", (PAIR, 7)),
        ("text for a number", "label must be one of 0, 1; got '1'", (PAIR, "1")),
    ],
    "Regressor": [
        ("a label", "label must be None for a regressor | 1.0", (PAIR, 1.0)),
    ],
}
UNUSABLE = [
    ("no graphs", A_GRAPH, ([],)),
    ("one graph", "graphs must be a sequence of Graph; got one Graph", (PAIR,)),
    ("None", "graphs must be a sequence of Graph; got NoneType", (None,)),
    ("a matrix", "graphs[0] must be a Graph; got list", ([EDGE],)),
    (
        "an unseen width",
        "graphs must have 1 features, as in training; got 2",
        ([WIDE],),
    ),
    (
        "a weight that overflows",
        "every edge weight must fit into float32 | 1e+39",
        ([HUGE],),
    ),
]
USES = [
    row
    for model, name in ((CLASSIFIER, "Classifier"), (REGRESSOR, "Regressor"))
    for use in MANY
    if hasattr(model, use)
    for row in rows(
        f"npdiffpool.DiffPool{name}.{use}",
        lambda model, graphs, use=use: getattr(model, use)(
            graphs, *([[0]] if use == "score" else [])
        ),
        *((what, says, (model, *args)) for what, says, args in UNUSABLE),
        error=GraphError,
    )
]
USES += [
    row
    for use in ("assignments", "hierarchy")
    for row in rows(
        f"npdiffpool.DiffPoolClassifier.{use}",
        getattr(CLASSIFIER, use),
        ("a list", "graphs[0] must be a Graph; got list", ([PAIR],)),
        ("an unseen width", "graphs must have 1 features | 2", (WIDE,)),
        ("None", "graphs[0] must be a Graph; got NoneType", (None,)),
        error=GraphError,
    )
]
USES += [
    row
    for model, name in ((CLASSIFIER, "Classifier"), (REGRESSOR, "Regressor"))
    for row in rows(
        f"npdiffpool.DiffPool{name}.explain",
        model.explain,
        ("a list", "graphs[0] must be a Graph; got list", ([PAIR],)),
        ("an unseen width", "graphs must have 1 features | 2", (WIDE,)),
        error=GraphError,
    )
    + rows(
        f"npdiffpool.DiffPool{name}.explain",
        model.explain,
        *LABEL_OF[name],
        (
            "an unknown method",
            "method must be one of 'occlusion', 'gradient'; got 'lime'",
            (PAIR, None, "lime"),
        ),
        ("no method", "method must be one of | None", (PAIR, None, None)),
        (
            "a number of groups",
            "groups must be a list of lists; got 'int'",
            (PAIR,),
            {"groups": 1},
        ),
        (
            "nodes for groups",
            "groups[0] must be a list of nodes in 0 ... 1; got 0",
            (PAIR,),
            {"groups": [0, 1]},
        ),
        (
            "a node that is not there",
            "groups[1] must be | [2]",
            (PAIR,),
            {"groups": [[0], [2]]},
        ),
        (
            "a node from the end",
            "groups[0] must be | [-1]",
            (PAIR,),
            {"groups": [[-1]]},
        ),
        (
            "a mask",
            "groups[0] must be | [True, False]",
            (PAIR,),
            {"groups": [np.array([True, False])]},
        ),
        ("a matrix", "groups[0] must be | [[0]]", (PAIR,), {"groups": [[[0]]]}),
    )
]
USES += [
    row
    for kind in (DiffPoolClassifier, DiffPoolRegressor)
    for use in ALL
    if hasattr(kind, use)
    for row in rows(
        f"npdiffpool.{kind.__name__}.{use}",
        lambda model, *args, use=use: getattr(model, use)(*args),
        (
            "before fit",
            "is not fitted; call fit first",
            (kind(), *TAKE.get(use, (["model.npz"] if use == "save" else [[PAIR]]))),
        ),
        error=NotFittedError,
    )
]
USES += [
    row
    for model, name in ((CLASSIFIER, "Classifier"), (REGRESSOR, "Regressor"))
    for row in (
        *values(
            f"npdiffpool.DiffPool{name}.set_output",
            model.set_output,
            "transform",
            "None or one of 'default', 'pandas', 'polars'",
            *("numpy", 1, ["pandas"]),
        ),
        *rows(
            f"npdiffpool.DiffPool{name}.get_feature_names_out",
            model.get_feature_names_out,
            ("two names", "input_features must be 1 names | ['x', 'y']", (["x", "y"],)),
        ),
    )
]
USES += [
    *rows(
        "npdiffpool.DiffPoolClassifier.get_feature_names_out",
        NAMED.get_feature_names_out,
        ("another name", "must be 1 names, those of the training | ['y']", (["y"],)),
    ),
    *rows(
        "npdiffpool.DiffPoolClassifier.get_feature_names_out",
        classifier().get_feature_names_out,
        ("before fit", "is not fitted; call fit first", ()),
        error=NotFittedError,
    ),
    *rows(
        "npdiffpool.DiffPoolClassifier.score",
        CLASSIFIER.score,
        ("three labels", "labels must be (4,); got (3,)", (GRAPHS, [0, 1, 0])),
        ("a column of labels", "labels must | (4, 1)", (GRAPHS, np.zeros((4, 1)))),
        (
            "text for numbers",
            "labels must be numbers, as | ['0']",
            (GRAPHS, list("0101")),
        ),
        ("no labels", "labels must be given | graphs[0] has none", (GRAPHS,)),
    ),
    *(
        row
        for use in MANY
        for row in rows(
            f"npdiffpool.DiffPoolClassifier.{use}",
            getattr(NAMED, use),
            (
                "columns that differ",
                "graphs must have the feature columns | missing: 'x', unknown: 'y'",
                (dataset("y"),),
            ),
        )
    ),
    *rows(
        "npdiffpool.DiffPoolRegressor.score",
        REGRESSOR.score,
        ("three labels", "labels must be (4,); got (3,)", (GRAPHS, [0, 1, 0])),
        (
            "a NaN label",
            "labels must be finite numbers | nan",
            (GRAPHS, [0, 1, 0, NAN]),
        ),
        ("text", "labels must be finite numbers | str32", (GRAPHS, list("abcd"))),
        (
            "two targets",
            "labels must be (4,), as in training",
            (GRAPHS, np.eye(4)[:, :2]),
        ),
    ),
    *rows(
        "npdiffpool.DiffPoolClassifier.save",
        CLASSIFIER.save,
        ("an integer as the path", "path must be the path of a file; got 5", (5,)),
        ("no path", "path must be the path of a file; got None", (None,)),
    ),
    *rows(
        "npdiffpool.DiffPoolClassifier.save",
        fitted().set_params(learning_rate=object).save,
        (
            "a parameter that is not plain",
            "a saved parameter must be | type",
            ("model.npz",),
        ),
        files={"model.npz": b"old"},
    ),
    *rows(
        "npdiffpool.DiffPoolClassifier.set_params",
        classifier().set_params,
        (
            "an unknown name",
            "a parameter must be one of gnn, hidden | 'width'",
            (),
            {"epochs": 7, "width": 3},
        ),
    ),
]
KERNEL = SubtreeKernelClassifier
VALID = ([PAIR], [0])
BASELINES = [
    *rows(
        "npdiffpool.estimators.baselines.SubtreeKernelClassifier",
        lambda **changed: KERNEL(**changed).fit(GRAPHS, LABELS, VALID),
        (
            "no rounds",
            "rounds must be a tuple of one or more; got ()",
            (),
            {"rounds": ()},
        ),
        ("a number of rounds", "rounds must be a tuple | 3", (), {"rounds": 3}),
        ("negative rounds", "each of rounds must be | -1", (), {"rounds": (-1,)}),
        ("no penalty", "penalties must be a tuple | ()", (), {"penalties": ()}),
        ("a penalty of 0", "each of penalties must be | 0", (), {"penalties": (0,)}),
        ("a NaN penalty", "each of penalties | nan", (), {"penalties": (NAN,)}),
    ),
    *rows(
        "npdiffpool.estimators.baselines.SubtreeKernelClassifier.fit",
        KERNEL.fit,
        ("no validation", "validation must be a pair | None", (KERNEL(), *DATA)),
        (
            "one class",
            "labels must contain at least two classes; got one class, [1]",
            (KERNEL(), GRAPHS, [1] * 4, VALID),
        ),
        (
            "an unseen label",
            "validation labels must be among the training classes [0, 1]; got [5]",
            (KERNEL(), *DATA, ([PAIR], [5])),
        ),
    ),
    *rows(
        "npdiffpool.estimators.baselines.SubtreeKernelClassifier.fit",
        KERNEL.fit,
        ("no graphs", A_GRAPH, (KERNEL(), [], [], VALID)),
        (
            "a wider validation set",
            "graphs must have 1 features, as in training; got 2",
            (KERNEL(), *DATA, ([WIDE], [0])),
        ),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.estimators.baselines.SubtreeKernelClassifier.fit",
        KERNEL.fit,
        (
            "two names for a column",
            "feature_names of graphs must be 1 names; got ('x', 'y')",
            (KERNEL(), dataset("x", "y"), LABELS, VALID),
        ),
    ),
    *rows(
        "npdiffpool.estimators.baselines.SubtreeKernelClassifier.predict",
        KERNEL.predict,
        ("before fit", "the classifier is not fitted", (KERNEL(), GRAPHS)),
        error=NotFittedError,
    ),
    *rows(
        "npdiffpool.estimators.baselines.SubtreeKernelClassifier.score",
        KERNEL.score,
        (
            "three labels",
            "labels must be (4,); got (3,)",
            (KERNEL().fit(*DATA, DATA), GRAPHS, [0, 1, 0]),
        ),
    ),
]
OF_CLUSTERER = {
    ("n_clusters", "a whole number >= 1"): (0, -1, 2.0, "8", None, True),
    ("n_clusters", "at most 8192"): (8193,),
    ("gnn", "one of 'gcn', 'sage', 'mlp'"): ("s2v", "gat", None),
    ("n_init", "a whole number >= 1"): (0, 1.5, True, "auto"),
    ("n_layers", "at most 1000"): (1001,),
}
WHERE = "npdiffpool.DiffPoolClusterer"
_OWN = DiffPoolClusterer().get_params()
_ALL = (SHARED | SCHEDULED | FLAGS).items()
OF_CLUSTERER |= {k: v for k, v in _ALL if k[0] in _OWN and k[0] != "gnn"}
SETS = [dataset("a", "b")]
CLUSTERERS = [
    *each(
        WHERE, lambda **changed: DiffPoolClusterer(**changed).fit(GRAPHS), OF_CLUSTERER
    ),
    *rows(
        f"{WHERE}.fit",
        CLUSTERER.fit,
        ("two names for a column", "feature_names of graphs must be 1 names", SETS),
    ),
    *rows(
        f"{WHERE}.fit",
        DiffPoolClusterer(link_weight=0, entropy_weight=0).fit,
        (
            "nothing to minimise",
            "link_weight or entropy_weight must be above 0; got (0, 0)",
            (GRAPHS,),
        ),
    ),
    *rows(
        f"{WHERE}.set_params",
        CLUSTERER.set_params,
        ("an unknown name", "one of n_clusters, gnn | 'clusters'", (), {"clusters": 2}),
    ),
    *(
        row
        for use in ("fit", "fit_predict", "predict", "predict_proba")
        for row in rows(
            f"{WHERE}.{use}",
            getattr(CLUSTERER, use),
            *(case for case in UNUSABLE if case[0] != "one graph"),
            ("a number", "graphs must be a sequence of Graph; got int", (3,)),
            ("a networkx graph", "graphs must be | networkx", (nx.path_graph(2),)),
            error=GraphError,
        )
        if use in ("predict", "predict_proba") or "unseen" not in row.case
    ),
    *(
        row
        for use in ("predict", "predict_proba")
        for row in rows(
            f"{WHERE}.{use}",
            getattr(DiffPoolClusterer(), use),
            ("before fit", "the clusterer is not fitted; call fit first", (GRAPHS,)),
            error=NotFittedError,
        )
    ),
]
OVERFLOW = rows(
    "npdiffpool.DiffPoolClassifier.predict",
    fitted(standardize=False, dtype="float64", gnn="mlp", normalize_rows=False).predict,
    (
        "a feature that overflows",
        "every feature must fit into float64 | 1e+200",
        ([Graph([[0]], [1e200])],),
    ),
    error=GraphError,
)
ROWS = [*PARAMETERS, *FITS, *USES, *BASELINES, *CLUSTERERS, *OVERFLOW]


@table(ROWS)
def test_bad_input_to_a_model_is_one_error_before_any_work(row, tmp_path, monkeypatch):
    check(row, tmp_path, monkeypatch)
