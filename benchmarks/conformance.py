"""Check the laws of pooling on npdiffpool and on other implementations.

    python benchmarks/conformance.py --examples 100

README.md beside this file has the commands that install the other implementations.

The results are written to conformance.md beside this file: a table, and for every law
that fails the smallest counterexample found, as a program. A law fails by "choice" if
the library documents a departure from the paper (``pool.choices``). Names of
implementations (see --help) restrict the run.
"""

import argparse
import os
import platform
import warnings
from importlib import import_module, metadata
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # before NumPy: these arrays are small

from npdiffpool.testing import conformance  # noqa: E402

ADAPTERS = "adapters"
LAYER_LAWS = ["G1", "G2", "G4"]  # about layers other than pooling
IMPLEMENTATIONS = {  # name: module, and its function or Subject
    "npdiffpool paper": ("npdiffpool.testing.own.subjects", "PAPER"),
    "npdiffpool engine": ("npdiffpool.testing.own.subjects", "ENGINE"),
    "PyG": (f"{ADAPTERS}.torch_geometric", "pool"),
    "PyG unnormalised": (f"{ADAPTERS}.torch_geometric", "pool_unnormalised"),
    "tgp dense": (f"{ADAPTERS}.torch_geometric_pool", "pool"),
    "tgp dense plain": (f"{ADAPTERS}.torch_geometric_pool", "pool_plain"),
    "tgp dense normalised": (f"{ADAPTERS}.torch_geometric_pool", "pool_normalised"),
    "tgp sparse": (f"{ADAPTERS}.torch_geometric_pool", "pool_sparse"),
    "authors": (f"{ADAPTERS}.authors", "pool"),
    "authors no norm": (f"{ADAPTERS}.authors", "pool_without_norm"),
    "PyG layers": (f"{ADAPTERS}.torch_geometric_layers", "layers"),
}
PACKAGES = "numpy autograd hypothesis torch torch-geometric torch-geometric-pool"
LEGEND = """\
- PyG: `torch_geometric.nn.dense_diff_pool`; unnormalised: with `normalize=False`.
- tgp: `DiffPool` of torch-geometric-pool; plain: without `remove_self_loops` and
  `degree_norm`; normalised: plain, with `normalize_loss`; sparse: plain, with
  `batched=False`. Its entropy uses the logarithm of S + 1e-8 and so has an error of
  1e-8, which violates E1, E2, E3 and E7.
- authors: the pooling of the authors' released code, reimplemented from a
  description, with its batch norm over node positions; no norm: without it.
- PyG layers: `DenseGCNConv` and `DenseSAGEConv`.

holds: no counterexample was found. FAILS: a counterexample was found and is shown
below. choice: the law fails by a choice that the library documents or the adapter
makes, as the note says. –: the law does not apply to the implementation."""


def load(names):
    """Import implementations; return them by name, and the missing packages."""
    found, missing = {}, {}
    for name in names:
        module, function = IMPLEMENTATIONS[name]
        try:
            found[name] = getattr(import_module(module), function)
        except ImportError as error:
            missing[name] = error.name
    return found, missing


def examine(pool, examples):
    """Return the results of all laws by id; run the script of each failure."""
    results = conformance(pool, examples=examples)
    results += conformance(pool, laws=LAYER_LAWS, examples=examples)
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
    """Yield the lines of the table and of its footnotes."""
    laws = {id: r.law for column in results.values() for id, r in column.items()}
    yield "| law | " + " | ".join(pools) + " |"
    yield "|---|" + "---|" * len(pools)
    notes = []
    for id, law in laws.items():
        cells = [cell(pool, results[n].get(id), notes) for n, pool in pools.items()]
        if set(cells) != {"–"}:
            claim = law.statement.replace("|", r"\|")
            yield f"| {id} {claim} | " + " | ".join(cells) + " |"
    yield ""
    yield from (f"({number}) {note}.\n" for number, note in enumerate(notes, 1))


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
    """Yield the lines on the counterexamples to an implementation."""
    yield f"## Counterexamples: {name}\n"
    found = {r.law.id: verdict(pool, r) for r in results.values()}
    if not {"FAILS", "choice"} & set(found.values()):
        yield "None.\n"
    for id, word in found.items():
        if word in ("FAILS", "choice"):
            yield f"### {name}, {id} ({word}): {results[id].law.statement}\n"
            yield f"```python\n{results[id].script.rstrip()}\n```\n"


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
    yield from ["", LEGEND, ""]
    yield from table(pools, results)
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
    beside = Path(__file__).with_suffix(".md")
    parser.add_argument("--out", type=Path, default=beside, help="file to write")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(IMPLEMENTATIONS)
    if unknown:
        parser.error(f"no such implementation: {', '.join(sorted(unknown))}")
    warnings.simplefilter("ignore")  # NaN and infinities are expected
    pools, missing = load(chosen.names or IMPLEMENTATIONS)
    results = {}
    for name, pool in pools.items():
        results[name] = examine(pool, chosen.examples)
        failures = [id for id, r in results[name].items() if r.verdict == "fails"]
        print(f"{name}: {', '.join(failures) or 'all laws hold'}", flush=True)
    lines = report(pools, missing, results, chosen)
    chosen.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
