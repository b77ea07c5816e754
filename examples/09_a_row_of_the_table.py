# %% [markdown]
# # A row of the table of results, reproduced
#
# Each file in benchmarks/results has all settings of a row of the tables. This page
# trains MUTAG's row under the paper's protocol again and compares fold by fold. As a
# script it takes the file of another row as an argument and, as the second, the file of
# index lists that the row was run with (all rows except MUTAG's). DD, COLLAB and
# REDDIT-BINARY take a quarter of an hour and more.

# %%
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from npdiffpool import DiffPoolClassifier, load_dataset
from npdiffpool.estimators.baselines import SubtreeKernelClassifier
from npdiffpool.evaluation import Source, cross_validate
from npdiffpool.evaluation.splits import read_splits

HERE = Path(__file__).parent if "__file__" in globals() else Path.cwd()  # a notebook's
ROW = HERE.parent / "benchmarks" / "results" / "MUTAG" / "learned-paper.json"
MODELS = {kind.__name__: kind for kind in (DiffPoolClassifier, SubtreeKernelClassifier)}
NO = "no (another version, BLAS or CPU rounds differently?)"


# %% [markdown]
# ## Run it again
#
# The file's settings are the arguments of `cross_validate`.


# %%
def with_tuples(parameters):
    """Return the parameters with tuples, which JSON has stored as lists."""
    pairs = parameters.items()
    return {k: tuple(v) if isinstance(v, list) else v for k, v in pairs}


def model_of(settings, **changes):
    """Return the model of a row, with changed parameters if given."""
    parameters = with_tuples({**settings["parameters"], **changes})
    if settings["model"] == "DiffPoolClassifier":
        parameters.setdefault("ratio_of", "largest")  # the only choice at first
    else:
        parameters.pop("seed", None)  # older files have one; it had no effect
    return MODELS[settings["model"]](**parameters)


def rerun(settings, splits=None, executor=None, **changes):
    """Cross-validate with the settings of a row, and changed parameters if given."""
    return cross_validate(
        model_of(settings, **changes),
        Source(settings["data"], settings["features"]),
        protocol=settings["protocol"],
        splits=splits,
        grid=[with_tuples(choice) for choice in settings["grid"]],
        runs=settings["runs"] or 1,
        executor=executor,
    )


# %% [markdown]
# ## Compare
#
# A seed determines everything random, so each fold has the same result up to rounding,
# which after many steps can change digits. Another processor or BLAS adds in another
# order, and so do later versions: since these files nodes are in a canonical order.


# %%
def compare(kept, new):
    """Print each fold beside the file's, and return whether all are equal."""
    part = "test" if new.protocol == "fair" else "validation"
    print(f"fold  {part + ' accuracy':>20}  {'in the file':>12}")
    for fold, known in zip(new.folds, kept["folds"]):
        print(f"{fold['fold']:>4}  {fold[part]:>20.4%}  {known[part]:>12.4%}")
    score, spread = 100 * new.score, 100 * new.spread
    print(f"mean {score:.2f} ± {spread:.2f} % (standard deviation over folds)")
    if new.epoch is not None:
        print(f"after epoch {new.epoch}, whose mean is highest: not a test accuracy")
    same = new.folds == kept["folds"]
    print(f"identical to the file: {'yes' if same else NO}")
    return same


def main(path=ROW, splits=None, processes=2):
    """Run the row again and compare it with its file."""
    kept = json.loads(Path(path).read_text(encoding="utf-8"))
    print(f"{kept['settings']['data']}: {kept['command']}")
    if splits is not None:
        splits = read_splits(splits, len(load_dataset(kept["settings"]["data"])))
    with ProcessPoolExecutor(processes) as executor:
        return compare(kept["result"], rerun(kept["settings"], splits, executor))


# %%
if __name__ == "__main__":
    in_notebook = "get_ipython" in globals()  # sys.argv is the kernel's there
    main(*[] if in_notebook else sys.argv[1:3])
