"""Files, data sets, splits, evaluation, figures, laws and the command line.

Each bad input is one error before any work; on the command line, status 2 and one line.
"""

import json

import networkx as nx
import numpy as np
import pytest
from bad_input import (
    CLASSIFIER,
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
    command,
    enter,
    rows,
    table,
    values,
)
from matplotlib.figure import Figure

from npdiffpool import (
    Dataset,
    DatasetError,
    DiffPoolClassifier,
    Graph,
    GraphError,
    ModelFileError,
    NotFittedError,
    load_dataset,
    load_model,
)
from npdiffpool.cli.grid import GridError, read_grid
from npdiffpool.datasets import (
    find_duplicates,
    from_networkx,
    hierarchical_sbm,
    load_dataset_like,
    stratified_folds,
    stratified_split,
    write_tu,
)
from npdiffpool.estimators import Explanation
from npdiffpool.evaluation.comparison import compare
from npdiffpool.evaluation.protocols import check_options, cross_validate
from npdiffpool.evaluation.splits import (
    SplitsError,
    check_splits,
    make_splits,
    read_splits,
)
from npdiffpool.testing import (
    as_code,
    causes,
    check_pooling,
    conformance,
    conformance_layer,
    conformance_model,
    parametrize_laws,
)
from npdiffpool.testing.laws._registry import law
from npdiffpool.testing.own.parts import pool_by_paper
from npdiffpool.viz import (
    draw_hierarchy,
    draw_history,
    plot_assignment,
    plot_differences,
    plot_embeddings,
    plot_explanation,
    plot_hierarchy,
    plot_history,
    plot_results,
    report_model,
    save_figures,
    write_report,
)

EMPTY = Graph(np.zeros((0, 0)), np.zeros((0, 1)))
TWO_TARGETS = [{"validation_loss_0": 1.0, "validation_loss_1": 2.0}]
SCORES = [0.5, 0.6]
FAIR = {"protocol": "fair", "folds": [{"test": 0.5, "validation": 0.6}] * 2}
PATH = nx.path_graph(2)
PATH.nodes[0].update({"element": "C", "charge": "+", "at": 1, "charge=+": 1})
PATH.nodes[1].update({"element": "O", "charge": 1, "at": [1, 2], "charge=+": 2})
SOURCE = "source must be a name or a path"
TU = {"bad/bad_A.txt": "1, 9\n", "bad/bad_graph_indicator.txt": "1\n1\n"}
TU["bad/bad_graph_labels.txt"] = "0\n"
TU["few/few_A.txt"] = "1, 2\n"
TU["few/few_graph_indicator.txt"] = "1\n1\n"
TU["few/few_edge_attributes.txt"] = "-1\n"
NAMED = 'weights must be "attribute 0", "attribute 1", ..., or left out'
WITHOUT = {"require_labels": False}
FIRST = {"weights": "attribute 0"}
BAD_OPTIONS = [
    ("a number for weights", f"{NAMED} | 0", ("MUTAG",), {"weights": 0}),
    ("an unknown weight", f"{NAMED} | 'length'", ("MUTAG",), {"weights": "length"}),
    ("a feature as weight", f"{NAMED} | 'label=0'", ("MUTAG",), {"weights": "label=0"}),
    (
        "weights of nothing",
        "weights names an edge attribute | MUTAG",
        ("MUTAG",),
        FIRST,
    ),
    ("a negative weight", "line 1: the weight -1.0", ("./few",), {**FIRST, **WITHOUT}),
    (
        "a column too many",
        "weights must be 'attribute 0', the only column of | 'attribute 7'",
        ("./few",),
        {"weights": "attribute 7", **WITHOUT},
    ),
    (
        "a number for target",
        'target must be "attribute 0" | 0',
        ("MUTAG",),
        {"target": 0},
    ),
    ("an unknown target", "target must be | 'homo'", ("MUTAG",), {"target": "homo"}),
    (
        "a target twice",
        "target must be | 'attribute 0,attribute 0'",
        ("MUTAG",),
        {"target": "attribute 0,attribute 0"},
    ),
    (
        "a target of nothing",
        "target names a graph attribute | MUTAG",
        ("MUTAG",),
        {"target": "attributes"},
    ),
    (
        "a word for a flag",
        "require_labels must be True, False or None; got 'no'",
        ("MUTAG",),
        {"require_labels": "no"},
    ),
    ("no labels", "few_graph_labels.txt: the file is missing", ("./few",), {}),
]
DATA = [
    *rows(
        "npdiffpool.load_dataset",
        load_dataset,
        ("a number", f"{SOURCE}; got int", (5,)),
        ("None", f"{SOURCE}; got NoneType", (None,)),
        ("graphs", f"{SOURCE}; got list", (GRAPHS,)),
        ("an empty name", "the name of a data set must begin | ''", ("",)),
        (
            "a name with a space",
            "the name of a data set must | 'my data'",
            ("my data",),
        ),
        ("an unknown name", "'NOWHERE' is not in the working folder", ("NOWHERE",)),
        ("a path to nothing", "no/such/folder", ("no/such/folder",)),
        ("a zip that is none", "not.zip", ("./not.zip",)),
        ("an edge to no node", "bad_A.txt | 9", ("./bad",)),
        ("an unknown feature", "features must be | 'colour'", ("MUTAG", "colour")),
        ("a feature twice", "features must be | 'ones+ones'", ("MUTAG", "ones+ones")),
        ("no feature", "features must be | None", ("MUTAG", None)),
        ("a cap of 0", "degree_cap must be | 0", ("MUTAG", "degree", 0)),
        ("half a cap", "degree_cap must be | 1.5", ("MUTAG", "degree", 1.5)),
        ("True for a cap", "degree_cap must be | True", ("MUTAG", "degree", True)),
        (
            "a word for progress",
            "progress must be True, False or None; got 'yes'",
            ("MUTAG", "auto", 64, "yes"),
        ),
        ("a similar name", "'MUTGA' is not in | Did you mean MUTAG?", ("MUTGA",)),
        *BAD_OPTIONS,
        error=DatasetError,
        files={**TU, "not.zip": b"PK but no zip"},
    ),
    *rows(
        "npdiffpool.datasets.load_dataset_like",
        load_dataset_like,
        ("no name", "feature_names must be a non-empty list | []", ("MUTAG", [])),
        ("a word", "feature_names must be | 'label=0'", ("MUTAG", "label=0")),
        (
            "a name twice",
            "feature_names must be different; got 'label=0' twice",
            ("MUTAG", ["label=0", "label=1", "label=0"]),
        ),
        ("a number", "feature_names must be | 5", ("MUTAG", 5)),
        ("an unknown kind", "feature_names must be | 'mood=1'", ("MUTAG", ["mood=1"])),
        (
            "a cap that is not a number",
            "feature_names must be | 'degree>=x'",
            ("MUTAG", ["degree>=x"]),
        ),
        ("a label too few", "MUTAG has the feature 'label=1'", ("MUTAG", ["label=0"])),
        *(
            (case, says, (source, ["degree>=3"]), options)
            for case, says, (source,), options in BAD_OPTIONS
        ),
        error=DatasetError,
        files=TU,
    ),
    *rows(
        "npdiffpool.datasets.write_tu",
        write_tu,
        ("no graphs", "graphs must hold at least one Graph; got none", ([], "new")),
        ("a matrix", "graphs[1] must be a Graph; got list", ([PAIR, EDGE], "new")),
        ("a number", "graphs must be a sequence of Graph; got int", (5, "new")),
        (
            "one graph",
            "graphs must be a sequence of Graph; got one Graph",
            (PAIR, "new"),
        ),
        (
            "two widths",
            "features as the first, 1; graphs[1] has 2",
            ([PAIR, WIDE], "new"),
        ),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.datasets.write_tu",
        write_tu,
        ("no nodes", "graphs must have at least one node in all", ([EMPTY], "new")),
        (
            "a directed graph",
            "graphs[0] is directed",
            ([Graph([[0, 1], [0, 0]], [1, 2])], "new"),
        ),
        (
            "the last without nodes",
            "the last graph has no nodes",
            ([PAIR, EMPTY], "new"),
        ),
        (
            "a folder with files",
            "folder must be new or empty; TINY is not",
            ([PAIR], "TINY"),
        ),
        ("a file", "folder must be new or empty; file is not", ([PAIR], "file")),
        error=DatasetError,
        files={"TINY/x": b"", "file": b""},
    ),
    *rows(
        "npdiffpool.datasets.write_tu",
        write_tu,
        (
            "the largest number",
            "64 bits, or floats; got 9223372036854775807 at 0",
            ([PAIR], "new", [2**63 - 1]),
        ),
        (
            "a large number",
            "whole numbers of 64 bits, or floats; got 9223372036854775813 at 0",
            ([PAIR], "new", np.array([2**63 + 5], np.uint64)),
        ),
        (
            "a line break in the name",
            "name must be the name of a file",
            ([PAIR], "new"),
            {"name": "a\n"},
        ),
        ("two labels", "labels must be (1,); got (2,)", ([PAIR], "new", [1, 2])),
        (
            "words",
            "labels must be whole numbers of 64 bits, or floats; got 'a' at 0",
            ([PAIR], "new", ["a"]),
        ),
        ("a NaN", "labels must be finite; got nan", ([PAIR], "new", [np.nan])),
        ("no targets", "labels must | (1, 0)", ([PAIR], "new", np.zeros((1, 0)))),
        ("two rows", "labels must | (2, 1)", ([PAIR], "new", np.zeros((2, 1)))),
        (
            "bools",
            "labels must be whole numbers of 64 bits, or floats; got True at 0",
            ([PAIR], "new", [True]),
        ),
        (
            "one of two",
            "labels must be whole numbers of 64 bits, or floats; got None at 0",
            ([PAIR, Graph(EDGE, [1, 2], 3)], "new"),
        ),
        (
            "a path as a name",
            "name must be the name of a file; got 'a/b'",
            ([PAIR], "new"),
            {"name": "a/b"},
        ),
        (
            "no name",
            "name must be the name of a file; got ''",
            ([PAIR], "new"),
            {"name": ""},
        ),
    ),
    *rows(
        "npdiffpool.datasets.find_duplicates",
        find_duplicates,
        ("no graphs", "graphs must hold at least one Graph; got none", ([],)),
        ("a matrix", "graphs[0] must be a Graph; got list", ([EDGE],)),
        ("two widths", "features as the first, 1; graphs[1] has 2", ([PAIR, WIDE],)),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.datasets.from_networkx",
        from_networkx,
        ("a list", "graphs[1]: G must be a networkx graph; got list", ([PATH, EDGE],)),
        (
            "a missing attribute",
            "graphs[0]: features: node 0 has no attribute 'mass'",
            ([PATH], "mass"),
        ),
        (
            "a value that is not listed",
            "graphs[0]: attribute 'element' must be one of ['C']; got 'O' at node 1",
            ([PATH], {"element": ["C"]}),
        ),
        (
            "strings and numbers",
            "graphs[0]: attribute 'charge' must be a string, as others are"
            "; got 1 at node 1",
            ([PATH], "charge"),
        ),
        (
            "two widths",
            "attribute 'at' must be of width 1, as others are; got [1, 2] at node 1",
            ([PATH], "at"),
        ),
        (
            "a set of values",
            "features['element'] must be a list of values",
            ([PATH], {"element": {"C", "O"}}),
        ),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.datasets.from_networkx",
        from_networkx,
        ("no graphs", "graphs must be one networkx graph or more; got []", ([],)),
        ("no attributes", "features must be names of node | {}", ([PATH], {})),
        ("one graph", "graphs must be a sequence of networkx graphs; got", (PATH,)),
        (
            "a number for features",
            "features must be names of node attributes | 5",
            ([PATH], 5),
        ),
        (
            "equal names of columns",
            "names of columns must be different",
            ([PATH], {"charge": ["+", 1], "charge=+": None}),
        ),
        ("two labels", "labels must be (1,); got (2,)", ([PATH], None, [1, 2])),
        (
            "one label of two",
            "labels must be given for all graphs or none",
            ([PATH, nx.Graph(label=1)],),
        ),
    ),
    *values(
        "npdiffpool.datasets.hierarchical_sbm",
        hierarchical_sbm,
        "n_graphs",
        "a whole number >= 2",
        1,
        2.5,
        "3",
    ),
    *values(
        "npdiffpool.datasets.hierarchical_sbm",
        hierarchical_sbm,
        "n_communities",
        "a whole number >= 8",
        7,
        None,
    ),
    *values(
        "npdiffpool.datasets.hierarchical_sbm",
        hierarchical_sbm,
        "n_communities",
        "even",
        9,
    ),
    *values(
        "npdiffpool.datasets.hierarchical_sbm",
        hierarchical_sbm,
        "part_size",
        "a whole number >= 1",
        0,
    ),
    *values(
        "npdiffpool.datasets.hierarchical_sbm",
        hierarchical_sbm,
        "seed",
        "a whole number >= 0",
        -1,
        None,
    ),
    *values(
        "npdiffpool.datasets.hierarchical_sbm",
        hierarchical_sbm,
        "within",
        "a finite number >= 0",
        -0.1,
        NAN,
        "0.5",
    ),
    *values(
        "npdiffpool.datasets.hierarchical_sbm",
        hierarchical_sbm,
        "between",
        "at most 1",
        1.5,
    ),
    *values(
        "npdiffpool.datasets.hierarchical_sbm",
        hierarchical_sbm,
        "noise",
        "a finite number >= 0",
        INF,
    ),
]

MODELS = [
    *rows(
        "npdiffpool.load_model",
        load_model,
        ("a number, which would be an open file", "path must be the path | 0", (0,)),
        ("None", "path must be the path of a file; got None", (None,)),
    ),
    *rows(
        "npdiffpool.load_model",
        load_model,
        ("a path to nothing", "none.npz: no such model file", ("none.npz",)),
        ("a folder", "folder: not a readable model file", ("folder",)),
        ("an empty file", "empty.npz: not a readable model file", ("empty.npz",)),
        ("words", "words.npz: not a readable model file", ("words.npz",)),
        error=ModelFileError,
        files={"folder/file": b"", "empty.npz": b"", "words.npz": b"words"},
    ),
]

FOLD = {"test": [0, 1], "model_selection": [{"train": [2], "validation": [3]}]}
LAST = {"test": [2, 3], "model_selection": [{"train": [0], "validation": [1]}]}
OUT = {"test": [2, 9], "model_selection": [{"train": [0], "validation": [1]}]}
SPLITS_FILES = {
    "words.json": b"words",
    "number.json": b"5",
    "once.json": json.dumps([FOLD]),
    "out.json": json.dumps([FOLD, OUT]),
}
AB = list("ab") * 10
SPLITS = [
    *rows(
        "npdiffpool.evaluation.splits.make_splits",
        make_splits,
        ("one fold", "n_folds must be a whole number >= 2; got 1", (AB, 1)),
        ("half a fold", "n_folds must be | 2.5", (AB, 2.5)),
        ("too many folds", "n_folds must be at most 20; got 21", (AB, 21)),
        ("a negative seed", "seed must be a whole number >= 0; got -1", (AB, 2, -1)),
        (
            "a word for a flag",
            "by_class must be True or False; got 'yes'",
            (AB, 2, 0, "yes"),
        ),
        ("a matrix of labels", "labels must be one per graph | (2, 2)", (np.eye(2), 2)),
        ("no labels", "labels must be one per graph | ()", (None, 2)),
        ("too few labels", "labels must be enough | (0.9, 0.1); got 1", ([0, 1], 2)),
    ),
    *rows(
        "npdiffpool.datasets.stratified_folds",
        stratified_folds,
        ("one fold", "n_folds must be a whole number >= 2; got 1", (AB, 1)),
        ("more folds than labels", "n_folds must be at most 2; got 3", ([0, 1], 3)),
        ("a negative seed", "seed must be | -1", (AB, 2, -1)),
        ("a number for labels", "labels must be one per graph | ()", (5, 2)),
        ("ragged labels", "labels must be one per graph", ([[0], [0, 1]], 2)),
        (
            "numbers and words",
            "labels must be given, none missing | [None, 'a']",
            ([None, "a"], 2),
        ),
        (
            "a number that NumPy would turn into a word",
            "labels must be all numbers or all strings; got 1",
            (["a", 1], 2),
        ),
    ),
    *rows(
        "npdiffpool.datasets.stratified_split",
        stratified_split,
        ("no share", "shares must be positive, with sum 1; got ()", (AB, ())),
        ("a share of 0", "shares must be positive | (0.0, 1.0)", (AB, (0.0, 1.0))),
        ("too much", "shares must be | (0.5, 0.6)", (AB, (0.5, 0.6))),
        ("a negative share", "shares must be | (-0.5, 1.5)", (AB, (-0.5, 1.5))),
        ("a NaN share", "shares must be | nan", (AB, (NAN, 1.0))),
        ("words", "shares must be | ('a',)", (AB, ("a",))),
        ("a number", "shares must be | 1", (AB, 1)),
        (
            "too few labels",
            "labels must be enough for parts with the shares (0.9, 0.1); got 2",
            ([0, 1], (0.9, 0.1)),
        ),
        (
            "a seed of None",
            "seed must be a whole number >= 0; got None",
            (AB, (0.5, 0.5), None),
        ),
        ("a matrix", "labels must be one per graph | (2, 2)", (np.eye(2), (0.5, 0.5))),
    ),
    *rows(
        "npdiffpool.evaluation.splits.check_splits",
        check_splits,
        ("none", "splits must be one fold or more | []", ([], 4)),
        ("a number", "splits must be one fold or more | 5", (5, 4)),
        ("a pair", "splits must be | ([0], [1])", ([([0], [1])], 4)),
        ("numbers in a fold", "splits[0]: train must be a list | 0", ([(0, 1, 2)], 4)),
        (
            "an empty part",
            "splits[0]: validation must be a list | []",
            ([([0], [], [1])], 4),
        ),
        (
            "a graph in two parts",
            "splits[0]: a graph must occur once",
            ([([0, 1], [1], [2])], 4),
        ),
        (
            "an index past the last",
            "splits[0]: an index must be in 0 ... 3; got 4",
            ([([0], [1], [4])], 4),
        ),
        (
            "a negative index",
            "an index must be in 0 ... 3; got -1",
            ([([0], [1], [-1])], 4),
        ),
        ("floats", "an index must be | 0.0", ([([0.0], [1], [2])], 4)),
        error=SplitsError,
    ),
    *rows(
        "npdiffpool.evaluation.splits.read_splits",
        read_splits,
        ("words", "words.json must be JSON", ("words.json", 4)),
        ("a number", "number.json must be JSON | TypeError", ("number.json", 4)),
        (
            "graphs that are never tested",
            "once.json must test each of 4 graphs once",
            ("once.json", 4),
        ),
        (
            "an index past the last",
            "out.json, fold 1: an index must be | 9",
            ("out.json", 4),
        ),
        error=SplitsError,
        files=SPLITS_FILES,
    ),
    *rows(
        "npdiffpool.cli.grid.read_grid",
        read_grid,
        ("words", "words.json must be JSON", ("words.json",)),
        (
            "a number",
            "number.json must be JSON | no configuration: 5",
            ("number.json",),
        ),
        ("none", "none.json must be JSON | no configuration: []", ("none.json",)),
        ("no list", "value.json | no list of values of hidden: 5", ("value.json",)),
        ("numbers in a list", "list.json | no configuration: [1]", ("list.json",)),
        error=GridError,
        files={
            "words.json": b"words",
            "number.json": b"5",
            "none.json": b"[]",
            "value.json": b'{"hidden": 5}',
            "list.json": b"[1]",
        },
    ),
]

MODEL, FEW = classifier(), (GRAPHS * 5, LABELS * 5)
EVALUATION = [
    *rows(
        "npdiffpool.evaluation.comparison.compare",
        compare,
        ("None", "first must be an Evaluation, | None", (None, SCORES, 0)),
        ("words", "second must be an Evaluation, | 'a'", (SCORES, ["a", "b"], 0)),
        ("one score", "first must be | two scores or more | [0.5]", ([0.5], SCORES, 0)),
        ("booleans", "first must be an | [True, False]", ([True, False], SCORES, 0)),
        ("a table", "first must be an | [[1, 2]]", ([[1, 2]], SCORES, 0)),
        ("ragged", "first must be an | [[1], [1, 2]]", ([[1], [1, 2]], SCORES, 0)),
        ("NaN", "second must be finite; got [nan]", (SCORES, [NAN, 0.5], 0)),
        ("infinite", "first must be finite; got [inf]", ([0.5, INF], SCORES, 0)),
        ("three scores", "second must be 2 scores; got 3", (SCORES, [0.5] * 3, 0)),
        ("no ratio", "ratio must be given with sequences | None", (SCORES, SCORES)),
        (
            "no ratio for one",
            "second must be of the protocol of first, 'fair'; got None",
            (FAIR, SCORES),
        ),
        (
            "two protocols",
            "second must be of the protocol of first, 'fair'; got 'paper'",
            (FAIR, {**FAIR, "protocol": "paper"}),
        ),
        (
            "no protocol",
            "first['protocol'] must be one of 'fair', 'paper'; got None",
            ({"folds": FAIR["folds"]}, FAIR),
        ),
        (
            "no folds",
            "second['folds'] must be folds with 'test'; got None",
            (FAIR, {"protocol": "fair"}),
        ),
        (
            "folds without test scores",
            "first['folds'] must be folds with 'test'; got [{'validation': 0.5}]",
            ({"protocol": "fair", "folds": [{"validation": 0.5}]}, FAIR),
        ),
        ("a negative ratio", "ratio must be a | >= 0; got -1", (SCORES, SCORES, -1)),
        ("NaN ratio", "ratio must be a finite | nan", (FAIR, FAIR, NAN)),
        ("a word for ratio", "ratio must be a | 'test'", (FAIR, FAIR, "test")),
    ),
    *rows(
        "npdiffpool.evaluation.protocols.check_options",
        check_options,
        ("a word for a model", "model must be one with fit | 'model'", ("model",)),
        ("an unknown protocol", "protocol must be one of | 'mine'", (MODEL, "mine")),
        ("no configuration", "grid must be | []", (MODEL,), {"grid": []}),
        ("an unknown name", "a name in grid | 'x'", (MODEL,), {"grid": [{"x": 1}]}),
        ("a value", "epochs must be | 0", (MODEL,), {"grid": [{"epochs": 0}]}),
        ("a ratio", "a ratio in | 2.0", (MODEL,), {"grid": [{"clusters": (2.0,)}]}),
    ),
    *rows(
        "npdiffpool.evaluation.protocols.cross_validate",
        cross_validate,
        (
            "a word for a model",
            "model must be one with fit, score and get_params; got 'model'",
            ("model", *FEW),
        ),
        (
            "an unknown protocol",
            "protocol must be one of 'fair', 'paper'; got 'mine'",
            (MODEL, *FEW),
            {"protocol": "mine"},
        ),
        (
            "no run",
            "runs must be a whole number >= 1; got 0",
            (MODEL, *FEW),
            {"runs": 0},
        ),
        (
            "one fold",
            "folds must be a whole number >= 2; got 1",
            (MODEL, *FEW),
            {"folds": 1},
        ),
        (
            "more folds than graphs",
            "n_folds must be at most 20; got 30",
            (MODEL, *FEW),
            {"folds": 30},
        ),
        (
            "no configuration",
            "grid must be one configuration or more; got []",
            (MODEL, *FEW),
            {"grid": []},
        ),
        (
            "a dict for a grid",
            "grid must be one configuration or more | 'hidden'",
            (MODEL, *FEW),
            {"grid": {"hidden": [3]}},
        ),
        (
            "an unknown name in the grid",
            "a name in grid must be one of | 'width'",
            (MODEL, *FEW),
            {"grid": [{"width": 3}]},
        ),
        (
            "a bad value in the grid",
            "hidden must be a whole number >= 1; got 0",
            (MODEL, *FEW),
            {"grid": [{"hidden": 3}, {"hidden": 0}]},
        ),
        (
            "patience in the paper's protocol",
            "patience must be None | 3",
            (classifier(patience=3), *FEW),
            {"protocol": "paper"},
        ),
        (
            "a number to run jobs",
            "executor must be a concurrent.futures.Executor; got 2",
            (MODEL, *FEW),
            {"executor": 2},
        ),
        (
            "a number as callback",
            "on_done must be callable; got 5",
            (MODEL, *FEW),
            {"on_done": 5},
        ),
        (
            "three labels",
            "labels must be (20,); got (3,)",
            (MODEL, FEW[0], [0, 1, 0]),
        ),
        (
            "one class",
            "labels must contain at least two classes; got one class, [1]",
            (MODEL, FEW[0], [1] * 20),
        ),
    ),
    *rows(
        "npdiffpool.evaluation.protocols.cross_validate",
        cross_validate,
        ("no graphs", "graphs must hold at least one Graph; got none", (MODEL, [], [])),
        (
            "a number for data",
            "graphs must be a sequence of Graph; got int",
            (MODEL, 5, [0]),
        ),
        (
            "a weight that overflows",
            "every edge weight must fit into float32 | 1e+39",
            (MODEL, [*FEW[0][:-1], type(PAIR)([[1e39]], [1])], FEW[1]),
        ),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.evaluation.protocols.cross_validate",
        cross_validate,
        (
            "a pair for a fold",
            "splits must be one fold or more | ([0], [1])",
            (MODEL, *FEW),
            {"splits": [([0], [1])]},
        ),
        (
            "a graph that is not there",
            "splits[0]: an index must be | 99",
            (MODEL, *FEW),
            {"splits": [([0], [1], [99])]},
        ),
        error=SplitsError,
    ),
]

SOFT, ROW = np.full((2, 2), 0.5), Figure().subplots(1, 3)
AXES = ROW[0]
OF_ANOTHER = Explanation(0, 1.0, np.ones(3), [np.ones(2)], np.ones(0), "occlusion")
OF_OTHER_CLASS = OF_ANOTHER._replace(label="other", nodes=np.ones(2))
RESULTS = {"DiffPool": (0.6, 0.1)}
VIZ = [
    *rows(
        "npdiffpool.viz.plot_assignment",
        plot_assignment,
        ("a vector", "S must have shape (N, K) | (2,)", (np.ones(2), AXES)),
        ("no node", "S must have shape | (0, 2)", (np.ones((0, 2)), AXES)),
        ("no cluster", "S must have shape | (2, 0)", (np.ones((2, 0)), AXES)),
        ("words", "S must be a matrix of numbers; got list", ([["a"]], AXES)),
        ("rows of another sum", "S must have rows | 2.0", (np.ones((2, 2)), AXES)),
        ("negative", "S must have rows >= 0 | -1.0", ([[-1.0, 2.0]], AXES)),
        ("NaN", "S must have rows | nan", ([[NAN, 1.0]], AXES)),
        ("three axes", "axes must hold 1 matplotlib axes | 3", (SOFT, ROW)),
        ("a number for axes", "axes must hold 1 | int", (SOFT, 5)),
        ("an array below", "below must be a list | ndarray", (SOFT, AXES, SOFT)),
        (
            "three clusters below two rows",
            "S must have shape (3, K), one row per cluster of the level below | (2, 2)",
            (SOFT, AXES, [np.ones((4, 3)) / 3]),
        ),
        (
            "a vector below",
            "below[0] must have shape (N, K) | (2,)",
            (SOFT, AXES, [np.ones(2)]),
        ),
    ),
    *rows(
        "npdiffpool.viz.draw_hierarchy",
        draw_hierarchy,
        (
            "a matrix for a graph",
            "graph must be a Graph; got 'list'",
            (EDGE, [SOFT], ROW),
        ),
        (
            "three rows of two",
            "assignments[0] must have shape (2, K) | (3, 2)",
            (PAIR, [np.ones((3, 2)) / 2], ROW),
        ),
        (
            "a second that does not fit",
            "assignments[1] must have shape | (3, 2)",
            (PAIR, [SOFT, np.ones((3, 2)) / 2], ROW),
        ),
        (
            "a matrix for a list",
            "assignments must be a list of arrays; got array",
            (PAIR, SOFT[:1], ROW),
        ),
        (
            "a negative seed",
            "seed must be a whole number >= 0; got -1",
            (PAIR, [SOFT], ROW, -1),
        ),
    ),
    *rows(
        "npdiffpool.viz.draw_history",
        draw_history,
        ("none", "history must hold at least one epoch; got none", ([], None, ROW[:2])),
        ("a number", "history must be a list of dicts; got 5", (5, None, ROW[:2])),
        ("numbers", "history must be a list of dicts; got [1]", ([1], None, ROW[:2])),
        (
            "a word for a loss",
            "loss in history must be a number; got 'low'",
            ([{"loss": "low"}], None, ROW[:2]),
        ),
        (
            "a best epoch of 0",
            "best_epoch must be a whole number >= 1; got 0",
            ([{"loss": 1.0}], 0, ROW[:2]),
        ),
        (
            "one axes",
            "axes must hold 2 matplotlib axes | got 1",
            ([{"train_accuracy": 1.0}], None, AXES),
        ),
        (
            "two axes for one panel",
            "axes must hold 1 matplotlib axes | got 2",
            ([{"loss": 1.0}], None, ROW[:2]),
        ),
        (
            "a name for one of two targets",
            "target_names must be a list with a name for each target; got ['a']",
            (TWO_TARGETS, None, ROW[:2]),
            {"target_names": ["a"]},
        ),
        (
            "one word for names",
            "target_names must be a list with a name for each target; got 'ab'",
            (TWO_TARGETS, None, ROW[:2]),
            {"target_names": "ab"},
        ),
    ),
    *rows(
        "npdiffpool.viz.plot_history",
        plot_history,
        (
            "before fit",
            "clf must be a fitted model, with history_; got DiffPoolClass",
            (classifier(), ROW[:2]),
        ),
        ("three axes", "axes must hold 2 matplotlib axes | got 3", (CLASSIFIER, ROW)),
    ),
    *rows(
        "npdiffpool.viz.plot_hierarchy",
        plot_hierarchy,
        (
            "before fit",
            "the classifier is not fitted; call fit first",
            (classifier(), PAIR, ROW[:2]),
        ),
        error=NotFittedError,
    ),
    *rows(
        "npdiffpool.viz.plot_hierarchy",
        plot_hierarchy,
        ("a word for a model", "clf must be a fitted model | str", ("model", PAIR)),
    ),
    *rows(
        "npdiffpool.viz.plot_hierarchy",
        plot_hierarchy,
        (
            "a list",
            "graphs[0] must be a Graph; got list",
            (CLASSIFIER, [PAIR], ROW[:2]),
        ),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.viz.plot_explanation",
        plot_explanation,
        ("a word for a model", "clf must be a fitted model | str", ("model", PAIR)),
        ("before fit", "clf must be a fitted model, with", (classifier(), PAIR)),
        ("a list", "graph must be a Graph; got 'list'", (CLASSIFIER, [PAIR])),
        (
            "a negative seed",
            "seed must be a whole number >= 0; got -1",
            (CLASSIFIER, PAIR, None, ROW[:2], -1),
        ),
        (
            "an array",
            "explanation must be an Explanation; got 'numpy.ndarray'",
            (CLASSIFIER, PAIR, np.ones(2), ROW[:2]),
        ),
        (
            "the explanation of another graph",
            "explanation must be of this graph and model, with [2, 2] | [3, 2]",
            (CLASSIFIER, PAIR, OF_ANOTHER, ROW[:2]),
        ),
        (
            "the explanation of another class",
            "label of explanation must be in [ | ]; got 'other'",
            (CLASSIFIER, PAIR, OF_OTHER_CLASS, ROW[:2]),
        ),
        (
            "one axes",
            "axes must hold 2 matplotlib axes | got 1",
            (CLASSIFIER, PAIR, None, AXES),
        ),
    ),
    *rows(
        "npdiffpool.viz.plot_embeddings",
        plot_embeddings,
        (
            "before fit",
            "the classifier is not fitted; call fit first",
            (classifier(), *FEW, AXES),
        ),
        error=NotFittedError,
    ),
    *rows(
        "npdiffpool.viz.plot_embeddings",
        plot_embeddings,
        (
            "one graph",
            "graphs must be at least 2, to project; got 1",
            (CLASSIFIER, [PAIR], [0], AXES),
        ),
        (
            "three labels",
            "labels must be (4,); got (3,)",
            (CLASSIFIER, GRAPHS, [0, 1, 0], AXES),
        ),
        (
            "no labels",
            "labels must be given | got None for graphs[0]",
            (CLASSIFIER, GRAPHS, None, AXES),
        ),
        (
            "two targets",
            "labels must be one target, such as labels[:, 0]; got 2 targets",
            (
                REGRESSOR,
                Dataset(GRAPHS, np.zeros((4, 2)), targets=("a", "b")),
                None,
                AXES,
            ),
        ),
        (
            "words for targets",
            "labels must be finite numbers | str32",
            (REGRESSOR, GRAPHS, list("abcd"), AXES),
        ),
    ),
    *rows(
        "npdiffpool.viz.plot_embeddings",
        plot_embeddings,
        (
            "no graphs",
            "graphs must hold at least one | none",
            (CLASSIFIER, [], [], AXES),
        ),
        (
            "wider graphs",
            "graphs must have 1 features | 2",
            (CLASSIFIER, [WIDE] * 2, [0, 1], AXES),
        ),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.viz.plot_results",
        plot_results,
        (
            "none",
            "results must contain at least one accuracy; got none",
            ({}, None, AXES),
        ),
        (
            "a list",
            "results must map names to accuracies; got [0.6]",
            ([0.6], None, AXES),
        ),
        (
            "a mean alone",
            "results['a'] must be (mean, spread) | 0.6",
            ({"a": 0.6}, None, AXES),
        ),
        ("percent", "results['a'] must be | (60, 5)", ({"a": (60, 5)}, None, AXES)),
        ("NaN", "results['a'] must be | nan", ({"a": (NAN, 0.1)}, None, AXES)),
        (
            "a published word",
            "published['b'] must be a mean | 'high'",
            (RESULTS, {"b": "high"}, AXES),
        ),
        (
            "a list of published ones",
            "published must map | [0.5]",
            (RESULTS, [0.5], AXES),
        ),
        (
            "two axes",
            "axes must hold 1 matplotlib axes | got 2",
            (RESULTS, None, ROW[:2]),
        ),
    ),
    *rows(
        "npdiffpool.viz.plot_differences",
        plot_differences,
        ("none", "differences must map one name or more | {}", ({}, AXES)),
        ("a list", "differences must map one name | [0.1]", ([0.1], AXES)),
        ("a mean alone", "differences['a'] must be a | 0.1", ({"a": 0.1}, AXES)),
        ("a pair", "differences['a'] must be a | (0, 1)", ({"a": (0, 1)}, AXES)),
        ("NaN", "differences['a'] must be a | nan", ({"a": (0, NAN, 1)}, AXES)),
        ("words", "differences['a'] must be a | 'b'", ({"a": ("b", 0, 1)}, AXES)),
        (
            "a mean outside the interval",
            "differences['a'] must be a | low <= mean <= high; got (2, 0, 1)",
            ({"a": (2, 0, 1)}, AXES),
        ),
        (
            "two axes",
            "axes must hold 1 matplotlib axes | got 2",
            ({"a": (0, 0, 0)}, ROW[:2]),
        ),
    ),
    *rows(
        "npdiffpool.viz.save_figures",
        save_figures,
        (
            "before fit",
            "the classifier is not fitted; call fit first",
            (classifier(), PAIR, "run"),
        ),
        error=NotFittedError,
    ),
    *rows(
        "npdiffpool.viz.save_figures",
        save_figures,
        (
            "a number for a folder",
            "folder must be a path; got 5",
            (CLASSIFIER, PAIR, 5),
        ),
    ),
    *rows(
        "npdiffpool.viz.save_figures",
        save_figures,
        ("wider graphs", "graphs must have 1 features | 2", (CLASSIFIER, WIDE, "run")),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.viz.report_model",
        report_model,
        (
            "a number as folder",
            "folder must be a path; got 5",
            (CLASSIFIER, GRAPHS, LABELS, 5),
        ),
        (
            "two labels",
            "labels must be (4,); got (2,)",
            (CLASSIFIER, GRAPHS, [0, 1], "new"),
        ),
        ("no labels", "labels must be given unless", (CLASSIFIER, GRAPHS, None, "new")),
        (
            "a text for a model",
            "model must be a fitted | str",
            ("model", GRAPHS, LABELS, "new"),
        ),
        (
            "a folder with files",
            "folder must be a new or empty | own",
            (CLASSIFIER, GRAPHS, LABELS, "own"),
        ),
        files={"own/notes.txt": b"keep"},
    ),
    *rows(
        "npdiffpool.viz.report_model",
        report_model,
        (
            "no graphs",
            "graphs must hold at least one Graph",
            (CLASSIFIER, [], [], "new"),
        ),
        (
            "a wider graph",
            "graphs must have 1 features | 2",
            (CLASSIFIER, [WIDE], [0], "new"),
        ),
        error=GraphError,
    ),
    *rows(
        "npdiffpool.viz.report_model",
        report_model,
        (
            "an unfitted model",
            "model must be fitted",
            (DiffPoolClassifier(), GRAPHS, LABELS, "new"),
        ),
        error=NotFittedError,
    ),
    *rows(
        "npdiffpool.viz.write_report",
        write_report,
        ("a number", "run must be the path of a folder; got 5", (5,)),
        ("no such folder", "nowhere is not a run folder | config.json", ("nowhere",)),
        ("no history", "half is not a run folder | history.csv", ("half",)),
        ("words for a configuration", "config.json: not readable JSON", ("words",)),
        ("words for a history", "history.csv: not a table of numbers", ("broken",)),
        (
            "a history without epochs",
            "history.csv: must have a column epoch; got loss",
            ("lost",),
        ),
        (
            "an empty configuration",
            "config.json: a value that the report needs is missing | 'results'",
            ("empty",),
        ),
        files={
            "half/config.json": b"{}",
            "words/config.json": b"words",
            "broken/config.json": b"{}",
            "broken/history.csv": b"epoch,loss\n1,low\n",
            "lost/config.json": b"{}",
            "lost/history.csv": b"loss\n1.0\n",
            "empty/config.json": b"{}",
            "empty/history.csv": b"epoch,loss\n1,0.5\n",
        },
    ),
]


def flat(A, R, Z):
    return A


def for_one_input(A, R, Z, output, G):
    """Return no gradient by Z of a loss, which does not depend on it."""
    return R, Z if output == "X" else None


def laws_of(name, call):
    return rows(
        f"npdiffpool.testing.{name}",
        call,
        ("a number for a layer", "pool must be callable | 5", (5,)),
        (
            "a layer that gives a matrix",
            "must return something with the attributes",
            (flat,),
        ),
        (
            "an unknown law",
            "laws must be of | 'Z9'",
            (pool_by_paper,),
            {"laws": ["Z9"]},
        ),
        ("no law", "laws must be of | 'none'", (pool_by_paper,), {"laws": []}),
        (
            "a word for a flag",
            "empty_graphs must be True or False; got 'no'",
            (pool_by_paper,),
            {"empty_graphs": "no"},
        ),
        (
            "an unknown profile",
            "profile must be one of diffpool, | 'mincutpool'",
            (pool_by_paper,),
            {"profile": "mincutpool"},
        ),
        (
            "a batch as one object",
            "must return a list of two objects | got ndarray",
            (pool_by_paper, lambda As, Rs, Zs: np.stack(As)),
        ),
        (
            "a batch of plain tuples of other outputs",
            "must return A as a dense NumPy array | a tuple is in the order A, X, S",
            (pool_by_paper, lambda As, Rs, Zs: list(zip(As, Zs, Rs))),
        ),
        (
            "a gradient of a loss for one of two inputs",
            '(A, R, Z, "link", G) must return two NumPy arrays | got ndarray, NoneType',
            (pool_by_paper, None, for_one_input),
        ),
        (
            "a gradient for one of two inputs",
            "must return two NumPy arrays, dR and dZ | got ndarray, NoneType",
            (pool_by_paper, None, lambda A, R, Z, output, G: (R, None)),
        ),
    )


def column_sums(A, X):
    return np.sum(A @ X, axis=0)


def given(name, call, valid):
    return rows(
        f"npdiffpool.testing.{name}",
        call,
        ("a number in its place", "must be callable as | 5", (5,)),
        ("a function that fails", "it raised TypeError | n_features", (flat,)),
        ("no features", "n_features | >= 1; got 0", (valid,), {"n_features": 0}),
        ("an unknown law", "laws must be of | 'Z9'", (valid,), {"laws": ["Z9"]}),
        ("no examples", "examples | >= 1; got 0", (valid,), {"examples": 0}),
    )


EXAMPLES = (
    "no examples",
    "examples must be a whole number >= 1; got 0",
    (pool_by_paper,),
    {"examples": 0, "laws": ["C1"]},
)
TESTING = [
    *laws_of("conformance", conformance),
    *laws_of("check_pooling", check_pooling),
    *laws_of("parametrize_laws", parametrize_laws),
    *rows("npdiffpool.testing.conformance", conformance, EXAMPLES),
    *rows(
        "npdiffpool.testing.causes",
        causes,
        ("a number", "results must be those of conformance; got 5", (5,)),
        ("a law's id", "results must be those of conformance; got", (["C1"],)),
    ),
    *given("conformance_layer", conformance_layer, np.dot),
    *given("conformance_model", conformance_model, column_sums),
    *rows(
        "npdiffpool.testing.conformance_layer",
        conformance_layer,
        ("a number of hops below 0", "hops | >= 0; got -1", (np.dot,), {"hops": -1}),
    ),
    *rows("npdiffpool.testing.check_pooling", check_pooling, EXAMPLES),
    *rows(
        "npdiffpool.testing.as_code",
        as_code,
        ("an object", "value must be made of | object", (object(),)),
        ("an array of objects", "value must be made of | ndarray", (np.array([None]),)),
    ),
    *rows(
        "npdiffpool.testing.laws._registry.law",
        lambda id: law(id, "source", None)(flat),
        ("an id that is taken", "C1", ("C1",)),
    ),
]
ROWS = [*DATA, *MODELS, *SPLITS, *EVALUATION, *VIZ, *TESTING]


@table(ROWS)
def test_bad_input_of_a_file_is_one_error_before_any_work(row, tmp_path, monkeypatch):
    check(row, tmp_path, monkeypatch)


# The command line

OPTIONS = {
    "--hidden 0": "hidden must be a whole number >= 1; got 0",
    "--weights length": f"{NAMED} | 'length'",
    "--hidden x": "--hidden: invalid int value: 'x'",
    "--n-layers 0": "n_layers must be | 0",
    "--clusters 1.5": "a ratio in clusters must be | 1.5",
    "--clusters 0": "a number in clusters must be | 0",
    "--clusters a,4": "--clusters: must be numbers | 'a,4'",
    "--gnn gat": "gnn must be one of | 'gat'",
    "--readout median": "readout must be one of | 'median'",
    "--assignment soft": "assignment must be one of | 'soft'",
    "--link-weight -1": "link_weight must be | -1.0",
    "--link-weight nan": "link_weight must be | nan",
    "--learning-rate 0": "learning_rate must be | 0.0",
    "--learning-rate=-1e-3": "learning_rate must be | -0.001",
    "--clip-norm inf": "clip_norm must be a finite | inf",
    "--epochs 0": "epochs must be | 0",
    "--batch-size 0": "batch_size must be | 0",
    "--patience 0": "patience must be | 0",
    "--seed -1": "seed must be | -1",
    "--dtype float16": "dtype must be one of | 'float16'",
    "--features colour": "features must be | 'colour'",
    "--ratio-of median": "ratio_of must be one of | 'median'",
    "--colour red": "unrecognized arguments: --colour red (see",
    "--epohcs 3": "--epohcs 3; did you mean --epochs? (see npdiffpool",
    "--epohcs=3": "--epohcs=3; did you mean --epochs?",
    "--epoch 3": "--epoch 3; did you mean --epochs?",
    "-epochs 3": "unrecognized arguments: -epochs | did you mean --epochs?",
    "-hidden 3": "unrecognized arguments: -hidden | did you mean --hidden?",
    "--no-batch-nrom": "--no-batch-nrom; did you mean --no-batch-norm?",
    "--out words.txt": "words.txt is not a folder",
}
RUN_OPTIONS = {  # of train
    "--out full": "--out must be a new or empty folder | full",
    "--out run": "--out must be a new or | run, which has a run: use --resume",
    "--out words.txt/run": "words.txt",
    "--resume": "--resume needs --out",
    "--resume --out full": "--out must be a run folder, or | full",
}
CV_OPTIONS = {
    "--protocol mine": "protocol must be one of | 'mine'",
    "--folds 1": "folds must be | 1",
    "--runs 0": "runs must be | 0",
    "--jobs 0": "jobs must be a whole number >= 1; got 0",
    "--jobs 2 --scheduler a:1": "jobs must be 1 with a scheduler; got 2",
    "--out full": "full must be new, empty or of an evaluation",
    "--splits words.txt": "words.txt must be JSON",
    "--splits none.json": "npdiffpool: none.json: No such file or directory",
    "--grid words.txt": "words.txt must be JSON",
    "--grid none.json": "npdiffpool: none.json: No such file or directory",
    "--grid zero.json": "hidden must be a whole number >= 1; got 0",
    "--grid name.json": "a name in grid must be one of | 'width'",
    "--grid hiden.json": "one of gnn, | 'hiden'; did you mean hidden?",
    "--protocol paper --patience 3": "patience must be None, because the paper's",
}
# There is no such data set, so each of these is told before data are looked for.
KNOWN_BEFORE = [
    *((f"train no/data {option}", says) for option, says in OPTIONS.items()),
    *((f"cv no/data {option}", says) for option, says in OPTIONS.items()),
    *((f"train no/data {option}", says) for option, says in RUN_OPTIONS.items()),
    ("train no/data --threads 0", "threads must be a whole number >= 1; got 0"),
    ("train no/data --threads two", "--threads | two"),
    *((f"cv no/data {option}", says) for option, says in CV_OPTIONS.items()),
    ("predict no/model.npz no/data", "no/model.npz: no such model file"),
    ("predict words.txt no/data", "words.txt: not a readable model file"),
    ("predict full no/data", "full: the folder has no model.npz"),
    ("predict words.txt no/data --feature x", "unrecognized arguments: --feature x"),
]
COMMANDS = [
    *KNOWN_BEFORE,
    ("", "COMMAND"),
    ("--verison", "--verison; did you mean --version? (see npdiffpool --help)"),
    ("--colour train", "unrecognized arguments: --colour (see npdiffpool --help"),
    ("tarin", "'tarin' is not one of | Did you mean train?"),
    ("train MUTGA", "'MUTGA' is not in | Did you mean MUTAG?"),
    ("train ./few", "few_graph_labels.txt: the file is missing"),
    ("cv MUTAG --weights length", f"{NAMED} | 'length'"),
    ("train no/such/folder", "no/such/folder"),
    ("train not.zip", "not.zip"),
    ("train ./bad", "bad_A.txt | 9"),
    ("cv", "DATA"),
    ("cv no/data --folds 2", "no/data"),
    ("report nowhere", "nowhere is not a run folder"),
    ("report words.txt", "words.txt is not a run folder"),
    ("verify nothing", "the layer must be MODULE:FUNCTION; got 'nothing'"),
    ("verify no_such_module:f", "cannot import 'no_such_module'"),
    ("verify npdiffpool:f", "'npdiffpool' has no function 'f'"),
    ("verify --law Z9", "laws must be of | 'Z9'"),
    ("verify --examples 0", "--examples must be | 0"),
    ("verify --exmaples 9", "--exmaples; did you mean --examples?"),
    ("datasets --jsno", "--jsno; did you mean --json?"),
    ("datasets MUTAG", "unrecognized arguments: MUTAG"),
]
FILES = {
    **TU,
    "words.txt": b"words",
    "not.zip": b"PK",
    "full/mine.txt": b"mine",
    "run/checkpoint.npz": b"a run",
    "zero.json": b'{"hidden": [0]}',
    "name.json": b'[{"width": 3}]',
    "hiden.json": b'{"hiden": [3]}',
}


@pytest.mark.parametrize("line, says", COMMANDS, ids=[line for line, _ in COMMANDS])
def test_a_bad_command_is_one_line_and_status_2(
    line, says, tmp_path, monkeypatch, capsys
):
    enter(tmp_path, FILES, monkeypatch)
    text = command(line.split(), tmp_path, capsys)
    assert [part for part in says.split(" | ") if part not in text] == [], text
    assert "Errno" not in text


def test_too_little_memory_is_one_line_and_status_2(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = command(["train", "MUTAG", "--hidden", 10**13], tmp_path, capsys)
    assert "Unable to allocate" in text and "10000000000000" in text


def test_memory_that_runs_out_without_a_word_is_named(tmp_path, monkeypatch, capsys):
    def run_out(*args, **options):
        raise MemoryError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("npdiffpool.cli.train.load_dataset", run_out)
    assert command(["train"], tmp_path, capsys).endswith("MemoryError")
