"""Planted hierarchies: DiffPool, its controls and flat GNNs of equal depth and size.

    python benchmarks/hierarchy.py

For each seed graphs are drawn by `hierarchical_sbm` and divided into a training, a
validation and a test part. Each model is trained, the validation part chooses the
epoch, and the test part measures the accuracy and the agreement of the clusters (argmax
of the rows of S_0, and of S_0 S_1) with the planted truth: normalised mutual
information and adjusted Rand index. Writes results/hierarchy.json and
results/hierarchy.md.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from markdown_table import markdown_table
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

import npdiffpool as ndp
from npdiffpool.datasets import hierarchical_sbm
from npdiffpool.engine.config import Config
from npdiffpool.estimators.baselines import count_parameters, flat_twin

RESULTS = Path(__file__).parent / "results"
CONFIG = Config(n_features=8, n_outputs=2, clusters=(8,))
TWIN = flat_twin(CONFIG)
UNTRAINED = {"learning_rate": 1e-30, "epochs": 1}  # steps that round to zero
CLEAN, NOISY = {}, {"noise": 0.1}
FLAT = {"clusters": (), "hidden": TWIN.hidden}
EQUAL = {**FLAT, "n_layers": TWIN.n_layers}
MODELS = {  # parameters of `hierarchical_sbm`, and of the classifier
    "DiffPool, 8 clusters": (CLEAN, {"clusters": (8,)}),
    "DiffPool, 8 clusters, untrained": (CLEAN, {"clusters": (8,), **UNTRAINED}),
    "DiffPool, 8 and 2 clusters": (CLEAN, {"clusters": (8, 2)}),
    "DiffPool, 8, link loss alone": (CLEAN, {"clusters": (8,), "entropy_weight": 0.0}),
    "DiffPool, 8, entropy loss alone": (CLEAN, {"clusters": (8,), "link_weight": 0.0}),
    "DiffPool, 8, no auxiliary loss": (
        CLEAN,
        {"clusters": (8,), "link_weight": 0.0, "entropy_weight": 0.0},
    ),
    "control: random, 8": (CLEAN, {"clusters": (8,), "assignment": "random"}),
    "Graclus, 8": (CLEAN, {"clusters": (8,), "assignment": "graclus"}),
    "flat, equal depth and size": (CLEAN, EQUAL),
    "flat, readout mean": (CLEAN, {**EQUAL, "readout": "mean"}),
    "flat, readout sum": (CLEAN, {**EQUAL, "readout": "sum"}),
    "flat, twice as deep": (CLEAN, {**FLAT, "n_layers": 2 * TWIN.n_layers}),
    "DiffPool, 8, noise": (NOISY, {"clusters": (8,)}),
    "flat, equal depth and size, noise": (NOISY, EQUAL),
}
FEATURES = {"features alone": CLEAN, "features alone, noise": NOISY}
SCALES = {  # of the values, and digits that are shown
    "test": (100, 1),
    "training": (100, 1),
    "kept": (1, 0),
    "NMI": (1, 2),
    "ARI": (1, 2),
}
SCORES = {"NMI": normalized_mutual_info_score, "ARI": adjusted_rand_score}
HEAD = """# Planted hierarchies

Written by `python benchmarks/hierarchy.py` from hierarchy.json. A graph has 72 nodes:
eight communities of nine, joined to two rings. Both rings have four communities (class
0), or one has three and the other five (class 1); chance is 50 %. Graphs are drawn by
`hierarchical_sbm` with its defaults, separately for each of {seeds} seeds: {train} for
training ({epochs} epochs), {held} for validation, which chooses the epoch, {test} for
the test.

NMI and ARI (1 is the best) measure the agreement of the clusters with the planted truth
on the test graphs: at level 1 the argmax of a node's row of S_0 with its community, at
level 2 the argmax of its row of S_0 S_1 with its ring. Mean ± standard deviation over
seeds. The flat GNN of equal depth and size has {layers} layers of width {hidden} and
{size} parameters and otherwise the settings of DiffPool, which has {own} parameters.

The features name a node's community. So the communities (level 1) can be read from the
features alone, as in the last two rows (the argmax of a node's features). With "noise"
a tenth of the nodes have the features of a random community. What the features do not
show is how the communities are joined. The neighbourhood of a node within three edges
does not distinguish the classes. The flat GNN of six layers could recognise a ring of
three communities from inside, but does not learn to in {epochs} epochs. DiffPool's
first level has {K} clusters, as many as there are communities.
"""


def agreement(drawn, assign, chosen):
    """Return the mean NMI and ARI over graphs, by level."""
    found = {}
    for number in chosen:
        truths, S = (drawn.communities[number], drawn.groups[number]), 1.0
        assignments = assign(drawn.dataset[int(number)])
        for level, (S_next, truth) in enumerate(zip(assignments, truths), start=1):
            S = S_next if level == 1 else S @ S_next
            for name, score in SCORES.items():
                value = score(truth, np.argmax(S, axis=1))
                found.setdefault(f"{name} {level}", []).append(float(value))
    return {name: float(np.mean(values)) for name, values in found.items()}


def train(sizes, epochs, name, seed):
    """Train a model for one seed; return its accuracies and its agreement."""
    drawing, parameters = MODELS[name]
    drawn = hierarchical_sbm(sum(sizes), seed=seed, **drawing)
    parts = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    pairs = [(drawn.dataset[part], drawn.dataset.labels[part]) for part in parts]
    given = {"epochs": epochs, "seed": seed, **parameters}
    clf = ndp.DiffPoolClassifier(**given)
    clf.fit(*pairs[0], validation=pairs[1])
    last = clf.history_[-1]
    return {
        "model": name,
        "seed": seed,
        "test": clf.score(*pairs[2]),
        "training accuracy, last epoch": last["train_accuracy"],
        "kept epoch": clf.best_epoch_,
        **agreement(drawn, clf.assignments, parts[2]),
    }


def score_features(sizes, name, drawing, seed):
    """Return the agreement of the features alone with the communities."""
    drawn = hierarchical_sbm(sum(sizes), seed=seed, **drawing)
    chosen = range(sum(sizes[:2]), sum(sizes))
    found = agreement(drawn, lambda graph: [np.asarray(graph.features)], chosen)
    return {"model": name, "seed": seed, **found}


def write(kept):
    """Return the text of the page."""
    names = ["test", "NMI 1", "ARI 1", "NMI 2", "ARI 2"]
    names += ["training accuracy, last epoch", "kept epoch"]
    titles = ["model", "test accuracy, % (higher is better)"]
    titles += [name.replace(" ", ", level ") for name in names[1:5]]
    titles += ["training accuracy, last epoch, %", "chosen epoch"]
    head = {"layers": TWIN.n_layers, "hidden": TWIN.hidden}
    head |= {"size": count_parameters(TWIN), "own": count_parameters(CONFIG)}
    head["K"] = CONFIG.clusters[0]
    lines = [HEAD.format(**kept["settings"], **head)]
    rows = []
    for model in (*MODELS, *FEATURES):
        runs = [run for run in kept["runs"] if run["model"] == model]
        rows.append(
            [model, *(_cell(name, [run.get(name) for run in runs]) for name in names)]
        )
    return "\n".join([*lines, markdown_table(titles, rows)]) + "\n"


def _cell(name, values):
    if not values or values[0] is None:
        return ""
    scale, digits = SCALES[name.split()[0]]
    mean, spread = scale * np.mean(values), scale * np.std(values)
    return f"{mean:.{digits}f} ± {spread:.{digits}f}"


def main():
    """Train every model for every seed, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sizes",
        type=int,
        nargs=3,
        default=(1000, 200, 300),
        help="graphs for training, validation and test",
    )
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    work = partial(train, arguments.sizes, arguments.epochs)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        runs = list(pool.map(work, *zip(*product(MODELS, range(arguments.seeds)))))
    for name, seed in product(FEATURES, range(arguments.seeds)):
        runs.append(score_features(arguments.sizes, name, FEATURES[name], seed))
    settings = dict(zip(("train", "held", "test"), arguments.sizes))
    settings |= {"epochs": arguments.epochs, "seeds": arguments.seeds}
    kept = {"settings": settings, "runs": runs}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "hierarchy.json").write_text(json.dumps(kept, indent=1) + "\n")
    (RESULTS / "hierarchy.md").write_text(write(kept))


if __name__ == "__main__":
    main()
