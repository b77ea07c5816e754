"""The rows and columns of the table of variants, and what is published of them.

`cells` returns what `table.py --all` runs: each row on the data sets where it says
something, the most telling first. The pages also show a few rows that are run by name:
those without copies, and by the paper's protocol DiffPool on MUTAG and other parameters
on DD.
"""

from itertools import product
from typing import Any, NamedTuple

from npdiffpool.estimators.baselines import SubtreeKernelClassifier


class Row(NamedTuple):
    """One row: a variant, as the parameters that differ from the defaults."""

    title: str
    parameters: Any  # of DiffPoolClassifier; None is the 1-WL kernel
    paper: dict[str, str] = {}  # published by Ying et al., arXiv 1806.08804
    fair: dict[str, str] = {}  # published by Errica et al., arXiv 1912.09893
    grid: tuple[dict[str, Any], ...] = ({},)  # chosen from on a validation part


class Columns(NamedTuple):
    """One column: the settings of a data set, within a budget of hours on two cores."""

    epochs: int
    largest_class: float  # its share of the graphs
    clusters: tuple[float, ...] = (0.25,)
    two_levels: tuple[float, ...] = (0.25, 0.25)
    has_labels: bool = False  # node labels in addition to attributes
    has_splits: bool = True  # index lists published by Errica et al.
    distinct_of: str | None = None  # the data set that this is, without copies


SETS = {
    "ENZYMES": Columns(100, 100 / 600, has_labels=True),
    "PROTEINS": Columns(20, 663 / 1113, (20,), (20, 5), has_labels=True),
    "DD": Columns(20, 691 / 1178, (50,), (50, 10)),
    "MUTAG": Columns(100, 125 / 188, has_splits=False),
    "COLLAB": Columns(10, 2600 / 5000, (50,), (50, 10)),
    "REDDIT-BINARY": Columns(12, 1000 / 2000, (50,), (50, 10)),
}
SETS |= {  # the data sets with many isomorphic copies, with one graph of each group
    f"{name}-distinct": SETS[name]._replace(distinct_of=name)
    for name in ("MUTAG", "COLLAB")
}


def _of(*figures: str) -> dict[str, str]:
    """Map ENZYMES, DD, COLLAB, PROTEINS and REDDIT-BINARY to published figures."""
    names = ("ENZYMES", "DD", "COLLAB", "PROTEINS", "REDDIT-BINARY")
    return {name: figure for name, figure in zip(names, figures) if figure}


S2V_FLAT: dict[str, Any] = {"gnn": "s2v", "clusters": ()}
ALONE: dict[str, Any] = {"link_weight": 0.0, "entropy_weight": 0.0}
GRID: tuple[dict[str, Any], ...] = (
    {},
    {"hidden": 32},
    {"hidden": 128},
    {"n_layers": 2},
    {"clusters": (0.1,)},
    {"learning_rate": 5e-4},
)
ROWS = {
    "learned": Row(
        "DiffPool",
        {},
        _of("62.53", "80.64", "75.48", "76.25"),
        _of("59.5 ± 5.6", "75.0 ± 3.5", "68.9 ± 2.0", "73.7 ± 3.5", "89.1 ± 1.6"),
    ),
    "tuned": Row("learning_rate=0.003", {"learning_rate": 3e-3, "epochs": 60}),
    "grid": Row("DiffPool, configuration chosen from a grid of six", {}, grid=GRID),
    "no-link": Row(
        "without link loss (NoLP)",
        {"link_weight": 0.0},
        _of("61.95", "79.98", "75.58", "76.22"),
    ),
    "no-entropy": Row("without entropy loss", {"entropy_weight": 0.0}),
    "no-auxiliary": Row("classification loss alone", ALONE),
    "two-levels": Row("two levels", {"clusters": "two"}),
    "graclus": Row(
        "Graclus (DiffPool-Det)",
        {"assignment": "graclus"},
        _of("58.33", "75.47", "82.13", "75.62"),
    ),
    "hard": Row("hard assignment, straight-through gradient", {"assignment": "hard"}),
    "random": Row(
        "control: random assignment (hash of 1-WL colours)", {"assignment": "random"}
    ),
    "uniform": Row("control: uniform assignment", {"assignment": "uniform"}),
    "flat": Row(
        "flat GraphSAGE of equal depth and size",
        {"clusters": ()},
        _of("54.25", "75.42", "68.25", "70.48"),
        _of("58.2 ± 6.0", "72.9 ± 2.0", "73.9 ± 1.7", "73.0 ± 4.5", "84.3 ± 1.9"),
    ),
    "structure-free": Row(
        "structure-free baseline",
        {"clusters": (), "gnn": "mlp", "readout": "sum"},
        {},
        _of("65.2 ± 6.4", "78.4 ± 4.5", "70.2 ± 1.5", "75.8 ± 3.7", "82.2 ± 3.0"),
    ),
    "set2set": Row(
        "flat, Set2Set readout",
        {"clusters": (), "readout": "set2set"},
        _of("60.15", "78.12", "71.75", "74.29"),
    ),
    "sortpool": Row(
        "flat, SortPool readout",
        {"clusters": (), "readout": "sortpool"},
        _of("57.12", "79.37", "73.76", "75.54"),
    ),
    "gcn": Row("GCN layers (equation 2)", {"gnn": "gcn"}),
    "s2v-flat": Row("S2V, flat", S2V_FLAT, _of("61.10", "78.92")),
    "s2v-twin": Row("S2V, flat, of equal depth and size", S2V_FLAT),
    "s2v": Row("S2V, one level", {"gnn": "s2v"}, _of("62.86", "80.75")),
    "s2v-two-levels": Row(
        "S2V, two levels", {"gnn": "s2v", "clusters": "two"}, _of("63.33", "82.07")
    ),
    "wl-kernel": Row(
        "1-WL subtree kernel, SVM", None, _of("53.43", "74.02", "78.61", "73.76")
    ),
    "default": Row("DiffPool, another training", {}),
    "dropout": Row("dropout=0.3", {"dropout": 0.3}),
    "weight-decay": Row("weight_decay=0.01", {"weight_decay": 0.01}),
    "cosine": Row(
        'learning_rate_schedule="cosine"', {"learning_rate_schedule": "cosine"}
    ),
    "step": Row('learning_rate_schedule="step"', {"learning_rate_schedule": "step"}),
    "readout-mean": Row('readout="mean"', {"readout": "mean"}),
    "readout-sum": Row('readout="sum" (the paper)', {"readout": "sum"}),
    "batch-norm": Row("batch_norm=True (the paper)", {"batch_norm": True}),
    "last-layer": Row("concat_layers=False (the paper)", {"concat_layers": False}),
    "linear": Row("classifier_hidden=0", {"classifier_hidden": 0}),
    "raw": Row("standardize=False (the paper)", {"standardize": False}),
}

COMPLETE = tuple(name for name, known in SETS.items() if not known.distinct_of)
PICTURED = "flat graclus random".split()
MAIN = "learned flat graclus random structure-free wl-kernel".split()
OTHERS = """grid no-link no-entropy no-auxiliary two-levels hard uniform set2set
sortpool gcn s2v-flat s2v-twin s2v s2v-two-levels""".split()
TWINS = "flat s2v-twin".split()  # flat GNNs with the depth and size of one level
NOT_GRID = "DD COLLAB REDDIT-BINARY".split()  # hours for one row
REGULARISED = "dropout weight-decay cosine step".split()  # compared with "default"
DEPARTURES = "readout-sum batch-norm last-layer linear raw".split()
OF_PAPER = """learned no-link graclus set2set sortpool flat s2v-flat s2v s2v-two-levels
wl-kernel""".split()
ON_DD = "tuned readout-mean readout-sum".split()  # by the paper's protocol
NAMES_OF_PAPER = "ENZYMES DD COLLAB PROTEINS".split()
PAPER_COLUMNS = COMPLETE[:-1]  # the paper has no REDDIT-BINARY


def cells():
    """Return the table's cells in their order, each as (data set, row, protocol)."""
    fair = [
        *product(MAIN, COMPLETE),
        *product(OTHERS, COMPLETE),
        *product(["default"], COMPLETE),
        *product(REGULARISED, ("ENZYMES", "PROTEINS")),
        *product(DEPARTURES, ("ENZYMES", "MUTAG")),
    ]
    paper = product(OF_PAPER, NAMES_OF_PAPER)
    return [
        *(
            (name, row, "fair")
            for row, name in fair
            if row != "grid" or name not in NOT_GRID
        ),
        *((name, row, "paper") for row, name in paper),
    ]


def epochs_of(row, name):
    """Return the epochs of a row on a data set: the row's own, or those of the set."""
    return (ROWS[row].parameters or {}).get("epochs", SETS[name].epochs)


def grid_of(row, protocol):
    """Return the configurations to choose from.

    The kernel chooses its parameters on the validation part. The paper's protocol has
    one choice for all folds, so there each choice of the kernel is a configuration.
    """
    if ROWS[row].parameters is not None or protocol == "fair":
        return ROWS[row].grid
    kernel = SubtreeKernelClassifier()
    choices = product(kernel.rounds, kernel.penalties)
    return [{"rounds": (n,), "penalties": (C,)} for n, C in choices]
