"""Check the laws of pooling on npdiffpool and on other implementations.

    python benchmarks/conformance.py --examples 100

README.md beside this file has the commands that install the other implementations.

The results are written to conformance.md beside this file: a line for users of each
implementation, a table for each profile (see npdiffpool/testing/profiles.py), and for
every cause of failures the smallest counterexample found, as a program. A law fails by
"choice" if the library documents a departure from the paper (``pool.choices``). Names
of implementations (see --help) restrict the run.
"""

import argparse
import os
import platform
import re
import sys
import time
import warnings
from importlib import import_module, metadata
from pathlib import Path

from markdown_table import markdown_table

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # before NumPy: these arrays are small

from npdiffpool.testing import LAWS, causes, conformance

LAYER_LAWS = ["G1", "G2", "G4"]  # about layers other than pooling
OWN = "npdiffpool.testing.own.subjects"
PYG, TGP = "adapters.torch_geometric", "adapters.torch_geometric_pool"
COLUMNS = {  # by profile, then name: a module, and its function or Subject
    "diffpool": {
        "npdiffpool paper": (OWN, "PAPER"),
        "npdiffpool engine": (OWN, "ENGINE"),
        "PyG": (PYG, "pool"),
        "PyG unnormalised": (PYG, "pool_unnormalised"),
        "tgp dense": (TGP, "pool"),
        "tgp dense plain": (TGP, "pool_plain"),
        "tgp dense normalised": (TGP, "pool_normalised"),
        "tgp sparse": (TGP, "pool_sparse"),
        "authors": ("adapters.authors", "pool"),
        "authors no norm": ("adapters.authors", "pool_without_norm"),
        "PyG layers": (f"{PYG}_layers", "layers"),
    },
    "mincut": {
        "PyG mincut": (f"{PYG}_dense", "pool_mincut"),
        "tgp mincut": (f"{TGP}_dense", "pool_mincut"),
    },
    "dmon": {
        "PyG dmon": (f"{PYG}_dense", "pool_dmon"),
        "tgp dmon": (f"{TGP}_dense", "pool_dmon"),
    },
    "hosc": {"tgp hosc": (f"{TGP}_dense", "pool_hosc")},
    "topk": {
        "PyG topk": (f"{PYG}_topk", "pool"),
        "tgp topk": (f"{TGP}_sparse", "pool_topk"),
        "tgp sag": (f"{TGP}_sparse", "pool_sag"),
        "tgp asap": (f"{TGP}_sparse", "pool_asap"),
    },
    "graclus": {"tgp graclus": (f"{TGP}_graclus", "pool")},
}
IMPLEMENTATIONS = {
    name: (*found, profile)
    for profile, column in COLUMNS.items()
    for name, found in column.items()
}
PACKAGES = """numpy autograd hypothesis torch torch-geometric torch-geometric-pool
torch-scatter torch-cluster"""
LEGEND = """\
- PyG: `torch_geometric.nn.dense_diff_pool`; unnormalised: with `normalize=False`.
- tgp: `DiffPool` of torch-geometric-pool; plain: without `remove_self_loops` and
  `degree_norm`; normalised: plain, with `normalize_loss`; sparse: plain, with
  `batched=False`. Its entropy uses the logarithm of S + 1e-8 and so has an error of
  1e-8, which violates E1, E2, E3 and E7.
- authors: the pooling of the authors' released code, reimplemented from a
  description, with its batch norm over node positions; no norm: without it.
- PyG layers: `DenseGCNConv` and `DenseSAGEConv`.
- PyG and tgp with the name of another pooling: that pooling of the library. How R and
  Z enter, and which options differ from the defaults, is said in `adapters/`.

C15 is about graphs without nodes, which the other libraries do not claim to pool.

holds: no counterexample was found. FAILS: a counterexample was found and is shown
below. choice: the law fails by a choice that the library documents or the adapter
makes, as the note says. –: the law does not apply to the implementation."""
SUMMARY = {  # what a user should know; each law that is named must fail
    "PyG": "a batch has one link loss, not the mean of its graphs' (B1), and by "
    "default it is divided by n^2 (L1).",
    "tgp dense": "by default A' loses its diagonal and is normalised (C10); a batch "
    "has one link loss (B1), and the entropy an error of 1e-8 (E7).",
    "tgp sparse": "A' lacks the last graphs of a batch if they have no edges (B3); "
    "the gradient of the link loss is NaN where A = S S^T (L8).",
    "authors": "the batch norm depends on the order of the nodes (C6), and the link "
    "loss is a cross-entropy (L1).",
    "PyG layers": "`DenseGCNConv` replaces the weight of a self-loop by 1 (G2).",
    "PyG mincut": "without edges between clusters, the gradient of A' is NaN (D1); "
    "without any, so is the cut loss, also that of the batch (P5).",
    "tgp mincut": "1e-8 is added to the denominator of the cut loss, which changes it "
    "for small weights (P5).",
    "PyG dmon": "the cluster loss of a batch divides each graph's norm by the sizes "
    "of all graphs (P9); without edges the spectral loss is NaN (P7).",
    "tgp dmon": "degrees below 1e-8 count as 1e-8 in A' (P2).",
    "tgp hosc": "the cut loss of first order is always 0, as it is computed of A' "
    "without its diagonal (P5).",
    "PyG topk": "which of several nodes with equal scores is kept depends on the "
    "other graphs of the batch (B3).",
    "tgp topk": "A' is in the order of the nodes, but X' in that of their scores, so "
    "edges join the wrong nodes (P4).",
    "tgp sag": "as `TopkPooling` (P4).",
    "tgp graclus": "X' is a sum, not a mean (P3); the clusters are random, and those "
    "of a graph depend on its batch (B3); weights of A' below 1e-8 are dropped (P1).",
}


def load(names):
    """Import implementations; return them by name, and the missing packages."""
    found, missing = {}, {}
    for name in names:
        module, function, _ = IMPLEMENTATIONS[name]
        try:
            found[name] = getattr(import_module(module), function)
        except ImportError as error:
            missing[name] = error.name
    return found, missing


def examine(pool, profile, examples):
    """Return the results of all laws by id; run the script of each failure.

    The claims of the profile are checked, or ``pool.claims`` if an adapter has others.
    """
    claims = getattr(pool, "claims", profile)
    results = conformance(pool, profile=claims, examples=examples)
    results += conformance(pool, profile=claims, laws=LAYER_LAWS, examples=examples)
    for result in results:
        if result.script and f"({raised(result.script)}: " not in result.reason:
            raise RuntimeError(f"the script does not fail:\n{result.script}")
    return {result.law.id: result for result in results}


def raised(script):
    """Run a program; return the type name of the exception it raises, or None."""
    try:
        exec(compile(script, "<counterexample>", "exec"), {"__name__": "__main__"})
    except Exception as error:
        return type(error).__name__
    return None


def choices_of(pool):
    """Return the laws that an implementation violates by choice, with reasons."""
    parts = getattr(pool, "parts", {"pool": pool}).values()
    pairs = [getattr(part, "choices", {}).items() for part in parts]
    return dict(sum(map(list, pairs), []))


def verdict(pool, result):
    """Return the word for a result in the table."""
    if result is None or result.verdict == "not applicable":
        return "–"
    if result.verdict == "holds":
        return "holds"
    return "choice" if result.law.id in choices_of(pool) else "FAILS"


def table(pools, results):
    """Return the table and its footnotes."""
    checked = set().union(*(results[name] for name in pools))
    laws = {id: law for id, law in LAWS.items() if id in checked}
    rows, notes = [], []
    for id, law in laws.items():
        cells = [cell(pool, results[n].get(id), notes) for n, pool in pools.items()]
        if set(cells) != {"–"}:
            claim = law.statement.replace("|", r"\|")
            rows.append([f"{id} {claim}", *cells])
    notes = [f"({number}) {note}.\n" for number, note in enumerate(notes, 1)]
    return "\n".join([markdown_table(["law", *pools], rows), "", *notes])


def cell(pool, result, notes):
    """Return one cell of the table; add the reason for a choice to the notes."""
    word = verdict(pool, result)
    if word != "choice":
        return f"**{word}**" if word == "FAILS" else word
    note = choices_of(pool)[result.law.id]
    if note not in notes:
        notes.append(note)
    return f"choice ({notes.index(note) + 1})"


def counterexamples(name, pool, results):
    """Yield the lines on the counterexamples to an implementation, cause by cause."""
    groups = causes(list(results.values()))
    yield f"## Counterexamples: {name}\n"
    if not groups:
        yield "None.\n"
    for number, (first, *others) in enumerate(groups, 1):
        yield f"### {name}, cause {number}\n"
        yield f"{first.law.id} ({verdict(pool, first)}): {first.law.statement}"
        if others:
            more = [f"{other.law.id} ({verdict(pool, other)})" for other in others]
            yield f"Also {', '.join(more)}."
        yield f"\n```python\n{first.script.rstrip()}\n```\n"


def untrue(results):
    """Yield an error for each law that the summary names although it does not fail."""
    for name in SUMMARY.keys() & results.keys():
        for id in re.findall(r"\b[A-Z]\d+\b", SUMMARY[name]):
            if results[name][id].verdict != "fails":
                yield f"the summary says that {id} fails on {name}: {SUMMARY[name]}"


def versions():
    """Yield the versions of Python and of the installed packages."""
    yield f"Python {platform.python_version()}"
    for package in PACKAGES.split():
        try:
            yield f"{package} {metadata.version(package)}"
        except metadata.PackageNotFoundError:
            yield f"{package} not installed"


def report(pools, missing, results, chosen):
    """Yield the lines of conformance.md."""
    examples, names = chosen.examples, "".join(f' "{name}"' for name in chosen.names)
    yield "# Laws of pooling on several implementations\n"
    yield f"Written by `python benchmarks/conformance.py --examples {examples}{names}`;"
    yield ", ".join(versions()) + ".\n"
    yield f"Up to {examples} cases were tried for each check; every script was run."
    yield from (f"Omitted: {n}, as {m} is not installed." for n, m in missing.items())
    lines = [f"- **{name}**: {SUMMARY[name]}" for name in SUMMARY if name in results]
    about = "What a user of each should know; in parentheses a law that shows it:"
    yield from ["", about, "", *lines, "", "## Tables\n", LEGEND, ""]
    for profile, column in COLUMNS.items():
        shown = {name: pools[name] for name in column if name in pools}
        if shown:
            yield f"### Profile {profile}\n"
            yield table(shown, results)
    for name, pool in pools.items():
        yield from counterexamples(name, pool, results[name])


def main():
    """Check the laws and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    every = ", ".join(map(repr, IMPLEMENTATIONS))
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"implementations, of {every}"
    )
    parser.add_argument("--examples", type=int, default=100, help="cases per check")
    text = "file to write (default: conformance.md, if no NAME is given)"
    parser.add_argument("--out", type=Path, help=text)
    chosen = parser.parse_args()
    if chosen.out is None and not chosen.names:
        chosen.out = Path(__file__).with_suffix(".md")
    unknown = set(chosen.names) - set(IMPLEMENTATIONS)
    if unknown:
        parser.error(f"no such implementation: {', '.join(sorted(unknown))}")
    warnings.simplefilter("ignore")  # NaN and infinities are expected
    pools, missing = load(chosen.names or IMPLEMENTATIONS)
    results = {}
    for name, pool in pools.items():
        profile, start = IMPLEMENTATIONS[name][-1], time.process_time()
        results[name] = examine(pool, profile, chosen.examples)
        used = f"{time.process_time() - start:.1f} CPU seconds"
        failures = [id for id, r in results[name].items() if r.verdict == "fails"]
        found = ", ".join(failures) or "all laws hold"
        print(f"{name}: {found}; {used}", flush=True)
    if chosen.out is not None:
        lines = report(pools, missing, results, chosen)
        chosen.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    sys.exit("\n".join(untrue(results)) or 0)


if __name__ == "__main__":
    main()
