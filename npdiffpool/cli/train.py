"""Train a classifier, or with --target a regressor, and write a run folder.

For example:
  npdiffpool train                               MUTAG, with all defaults
  npdiffpool train my_graphs.zip --out first     your own graphs, in TU format
  npdiffpool train my_graphs --target "attribute 0"
                                                 regression on a graph attribute
  npdiffpool train --clusters 0.25,4             two levels: a quarter of the mean
                                                 number of nodes, then 4
  npdiffpool train --clusters ""                 no pooling: a flat GNN
  npdiffpool train --link-weight 0 --entropy-weight 0
  npdiffpool train --resume --out runs/MUTAG-1   resume an interrupted run
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from npdiffpool._support.threads import use_threads
from npdiffpool.cli.parameters import add_parameters, make_model
from npdiffpool.cli.parser import add_json, add_run_folder, results_only
from npdiffpool.datasets import Dataset, load_dataset
from npdiffpool.estimators.diffpool import Model
from npdiffpool.runs.snapshots import choose_recorded, readable
from npdiffpool.runs.train import check_run_folder, train_run


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.usage = "npdiffpool train [DATA] [--option VALUE ...]"
    command.add_argument(
        "data",
        nargs="?",
        default="MUTAG",
        metavar="DATA",
        help="name, folder or zip of a data set in TU format (default: %(default)s)",
    )
    add_run_folder(command, "DATA")
    text = "number of threads (default: OMP_NUM_THREADS if set, otherwise all CPUs)"
    command.add_argument("--threads", type=int, metavar="INT", help=text)
    add_json(command, "the results")
    add_parameters(command)


def run(arguments: argparse.Namespace) -> None:
    """Train, write the run folder, print the results."""
    model = make_model(arguments).set_params(verbose=True)
    model.check_parameters()
    check_run_folder(arguments.out, arguments.resume)
    with results_only(arguments.json), use_threads(arguments.threads):
        how = {"weights": arguments.weights, "target": arguments.target}
        dataset = load_dataset(arguments.data, arguments.features, **how)
        folder = train_run(model, dataset, arguments.out, arguments.resume, draw)
    if arguments.json:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        print(json.dumps({"run": str(folder), **config["results"]}))


def draw(model: Model, test: Dataset, folder: Path) -> None:
    """Draw the history and the hierarchy of a test graph; write the report."""
    try:
        from npdiffpool.viz import save_figures, write_report
    except ImportError as error:
        print(f"figures and report were not written: {error}")
        return
    # The graph that the report shows first.
    graphs = [test.graphs[i] for i in choose_recorded(test.graphs)]
    graph = graphs[readable([graph.n_nodes for graph in graphs])]
    for path in save_figures(model, graph, folder):
        print(f"figure: {path}")
    print(f"report: {write_report(folder)}")
