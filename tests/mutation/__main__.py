"""Mutation testing: break the core one place at a time, and see a test notice.

    pip install -e ".[mutation]"
    python -m tests.mutation [--module NAME ...] [--jobs 2] [--sample N --seed S]

A mutant that no test notices has to stand in equivalent.txt with the reason why it
behaves as the original does, and what stands there has to survive still.
"""

import argparse
import random
import sys
from collections import Counter
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants_of, read_module
from tests.mutation.trials import Trials, prepare

CORE = "paper fused primitives segments layers pooling losses optim".split()
LISTED = Path(__file__).with_name("equivalent.txt")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--module", nargs="+", choices=CORE, default=CORE)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample", type=int, help="try so many only, drawn by --seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true", help="print each verdict")
    return parser.parse_args()


def main():
    """Return 0 if all survivors are listed and all listed survive, else 1."""
    options, trials = parse_arguments(), Trials()
    prepare()
    made = {m: s for name in options.module for m, s in mutants_of(name).items()}
    intact = {Mutant(CORE[0], "nothing", "", ""): read_module(CORE[0])}
    [(_, verdict, killer, seconds)] = trials.run(intact, 1, 3600)
    if verdict != "survived":
        print(f"The tests do not pass on the package as it is: {killer}")
        return 1
    print(f"{len(trials.seconds)} tests pass in {seconds:.0f} s", flush=True)
    chosen, limit, verdicts = [*made], int(2 * seconds + 10), {}
    if options.sample:
        n = min(options.sample, len(made))
        chosen = random.Random(options.seed).sample(chosen, n)
    sources = {mutant: made[mutant] for mutant in chosen}
    for mutant, verdict, killer, used in trials.run(sources, options.jobs, limit):
        verdicts[mutant] = verdict
        if options.verbose:
            print(f"\n{mutant}\n{verdict} in {used:.1f} s by {killer}", flush=True)
    return 0 if report(verdicts, made, read_list(LISTED)) else 1


def read_list(path):
    """Return the reasons of equivalent.txt by mutant."""
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    reasons = {}
    for block in filter(None, text.strip().split("\n\n")):
        head, *rest = block.strip().splitlines()
        before, after, *reason = (line[2:] for line in rest)
        if not reason:
            raise ValueError(f"{path.name} gives no reason for {block}")
        reasons[Mutant(*head.split(), before, after)] = " ".join(reason)
    return reasons


def report(verdicts, made, reasons):
    """Print the numbers and whatever is amiss; return whether nothing is."""
    modules = {mutant.module for mutant in made}
    survivors = {mutant for mutant in verdicts if verdicts[mutant] == "survived"}
    unlisted = [mutant for mutant in verdicts if mutant in survivors - {*reasons}]
    stale = [
        mutant
        for mutant in reasons
        if mutant.module in modules and mutant not in survivors
        if mutant in verdicts or mutant not in made
    ]
    for mutant in unlisted:
        print(f"\nNo test notices this, and no reason is listed:\n{mutant}")
    for mutant in stale:
        print(f"\nListed, but killed now or made no more:\n{mutant}")
    n, n_timed_out = len(verdicts), Counter(verdicts.values())["timed out"]
    n_killed, n_listed = n - len(survivors), len(survivors) - len(unlisted)
    print(f"\n{n} of {len(made)} mutants of {', '.join(sorted(modules))}:")
    print(f"{n_killed} killed, {n_timed_out} of them by the time limit;")
    print(f"{n_listed} survived and are listed, {len(unlisted)} survived and are not.")
    print(f"Score: {n_killed / n:.1%} of all, {n_killed / (n - n_listed):.1%} of those")
    print("that are not listed as equivalent.")
    return not unlisted and not stale


if __name__ == "__main__":
    sys.exit(main())
