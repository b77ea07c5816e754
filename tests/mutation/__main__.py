"""Mutation testing: change the core in one place at a time; a test must fail each time.

    pip install -e ".[mutation]"
    python -m tests.mutation [--module NAME ...] [--jobs 2] [--sample N --seed S]
    python -m tests.mutation --stale

A mutant that survives (no test fails) must be listed in equivalent.txt, with the reason
why it behaves like the original. Every mutant listed there must still survive.
"""

import argparse
import random
import sys
from collections import Counter
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants_of, read_module
from tests.mutation.trials import Trials, prepare

CORE = """paper engine.autodiff engine.primitives engine.segments engine.layers
    engine.pooling engine.losses training.adam""".split()
LISTED = Path(__file__).with_name("equivalent.txt")


def parse_arguments():
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--module", nargs="+", choices=CORE, default=CORE)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--sample", type=int, help="number of mutants to try, drawn at random"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--stale", action="store_true", help=f"only list stale entries of {LISTED.name}"
    )
    parser.add_argument("--verbose", action="store_true", help="print every verdict")
    return parser.parse_args()


def main():
    """Return 0 if the survivors are exactly the listed mutants, otherwise 1."""
    options, trials = parse_arguments(), Trials()
    sources = {m: s for name in options.module for m, s in mutants_of(name).items()}
    if options.stale:
        return 1 if print_stale({}, [*sources], read_list(LISTED)) else 0
    prepare()
    original = {Mutant(CORE[0], "none", "", ""): read_module(CORE[0])}
    [(_, verdict, killer, seconds)] = trials.run(original, 1, 3600)
    if verdict != "survived":
        print(f"A test fails on the unchanged package: {killer}")
        return 1
    print(f"{len(trials.seconds)} tests pass in {seconds:.0f} s", flush=True)
    chosen, limit, verdicts = [*sources], int(2 * seconds + 10), {}
    if options.sample:
        n = min(options.sample, len(sources))
        chosen = random.Random(options.seed).sample(chosen, n)
    tried = {mutant: sources[mutant] for mutant in chosen}
    for mutant, verdict, killer, used in trials.run(tried, options.jobs, limit):
        verdicts[mutant] = verdict
        if options.verbose:
            print(f"\n{mutant}\n{verdict} in {used:.1f} s by {killer}", flush=True)
    return 0 if report(verdicts, [*sources], read_list(LISTED)) else 1


def read_list(path):
    """Return the reason of each mutant in equivalent.txt."""
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    reasons = {}
    for block in filter(None, text.strip().split("\n\n")):
        head, *rest = block.strip().splitlines()
        before, after, *reason = (line[2:] for line in rest)
        if not reason:
            raise ValueError(
                f"{path.name} must give a reason for each mutant; got {block}"
            )
        reasons[Mutant(*head.split(), before, after)] = " ".join(reason)
    return reasons


def print_stale(verdicts, mutants, reasons):
    """Print and return the listed mutants that were killed or are none any more."""
    modules = {mutant.module for mutant in mutants}
    killed = {mutant for mutant in verdicts if verdicts[mutant] != "survived"}
    stale = [
        mutant
        for mutant in reasons
        if mutant.module in modules
        if mutant in killed or mutant not in mutants
    ]
    for mutant in stale:
        reason = "killed" if mutant in killed else "not a mutant of the source"
        print(f"\nListed in {LISTED.name}, but {reason}:\n{mutant}")
    return stale


def report(verdicts, mutants, reasons):
    """Print the wrong entries and the score; return whether none is wrong."""
    survivors = [mutant for mutant in verdicts if verdicts[mutant] == "survived"]
    unlisted = [mutant for mutant in survivors if mutant not in reasons]
    for mutant in unlisted:
        print(f"\nSurvived, but not listed in {LISTED.name}:\n{mutant}")
    stale = print_stale(verdicts, mutants, reasons)
    n, n_timed_out = len(verdicts), Counter(verdicts.values())["timed out"]
    n_killed, n_listed = n - len(survivors), len(survivors) - len(unlisted)
    modules = ", ".join(sorted({mutant.module for mutant in mutants}))
    print(f"\n{n} of {len(mutants)} mutants of {modules}:")
    print(f"{n_killed} killed, {n_timed_out} of them by the time limit;")
    print(f"{n_listed} survived and are listed, {len(unlisted)} survived and are not.")
    print(f"Score: {n_killed / n:.1%} of all, {n_killed / (n - n_listed):.1%} of those")
    print("that are not listed as equivalent.")
    return not unlisted and not stale


if __name__ == "__main__":
    sys.exit(main())
