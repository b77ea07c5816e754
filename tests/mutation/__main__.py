"""Mutation testing: change a module in one place at a time; a test must fail each time.

    pip install -e ".[mutation]"
    python -m tests.mutation [--module NAME ...] [--jobs 2] [--sample N --seed S]
    python -m tests.mutation --stale

Without --module, all of the core. With --saved FILE, each verdict is saved at once, and
the same command resumes; --again tries its survivors again, after new tests.

A mutant that survives (no test fails) must be listed in equivalent.txt, with the reason
why it behaves like the original. Every mutant listed there must still survive.
"""

import argparse
import json
import random
import sys
from collections import Counter
from pathlib import Path

from .groups import CORE, MODULES
from .mutants import Mutant, mutants_of, read_module
from .trials import Trials, is_in_functions, prepare

LISTED = Path(__file__).with_name("equivalent.txt")


def parse_arguments():
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--module", nargs="+", choices=MODULES, help="default: the core; --stale: all"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--sample", type=int, help="mutants to try of each module, drawn at random"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--stale", action="store_true", help=f"only list stale entries of {LISTED.name}"
    )
    parser.add_argument("--saved", type=Path, help="file with the verdicts so far")
    parser.add_argument("--again", action="store_true", help="try survivors again")
    parser.add_argument("--verbose", action="store_true", help="print every verdict")
    options = parser.parse_args()
    options.module = options.module or (
        [*MODULES] if options.stale else CORE.modules.split()
    )
    return options


def main():
    """Return 0 if the survivors are exactly the listed mutants, otherwise 1."""
    options, reasons = parse_arguments(), read_list(LISTED)
    sources = {name: mutants_of(name) for name in options.module}
    mutants = [mutant for own in sources.values() for mutant in own]
    if options.stale:
        return 1 if print_stale({}, mutants, reasons) else 0
    prepare()
    verdicts = {}
    for group in dict.fromkeys(MODULES[name] for name in options.module):
        own = {name: sources[name] for name in sources if MODULES[name] is group}
        verdicts |= try_mutants(choose(own, options), options)
    return 0 if report(verdicts, mutants, reasons) else 1


def choose(sources, options):
    """Return all mutants of some modules, or a sample of each module's."""
    chosen = {}
    for own in sources.values():
        n = min(options.sample or len(own), len(own))
        names = random.Random(options.seed).sample([*own], n) if n < len(own) else own
        chosen |= {mutant: own[mutant] for mutant in names}
    return chosen


def try_mutants(sources, options):
    """Return the verdicts on the mutants of a group; save each at once."""
    verdicts = {mutant: v for mutant, v in read_saved(options) if mutant in sources}
    rest = {mutant: sources[mutant] for mutant in sources if mutant not in verdicts}
    if not rest:
        return verdicts
    trials, name = Trials(), next(iter(rest)).module
    original = {Mutant(name, "none", "", ""): read_module(name)}
    [(_, verdict, killer, seconds)] = trials.run(original, 1, 3600)
    if verdict != "survived":
        sys.exit(f"The tests do not pass on the unchanged package: {verdict}, {killer}")
    print(f"{len(trials.seconds)} tests pass in {seconds:.0f} s", flush=True)
    limit = int(2 * seconds + 10)

    def done(mutant, verdict, killer, used):
        verdicts[mutant] = verdict
        if options.saved:
            with options.saved.open("a", encoding="utf-8") as file:
                print(json.dumps([*mutant, verdict]), file=file)
        if options.verbose:
            print(f"\n{mutant}\n{verdict} in {used:.1f} s by {killer}", flush=True)

    fast = {}
    if MODULES[name].is_collected:
        fast = {m: source for m, source in rest.items() if is_in_functions(m, source)}
    for result in trials.run(
        {m: rest[m] for m in rest if m not in fast}, options.jobs, limit
    ):
        done(*result)
    if fast:
        trials.run_collected(fast, options.jobs, limit, done)
    return verdicts


def read_saved(options):
    """Return the mutants that are not tried again, and their verdicts."""
    if not options.saved or not options.saved.exists():
        return []
    lines = options.saved.read_text(encoding="utf-8").splitlines()
    saved = {Mutant(*names): verdict for *names, verdict in map(json.loads, lines)}
    again = {"survived"} if options.again else set()
    return [pair for pair in saved.items() if pair[1] not in again]


def read_list(path):
    """Return the reason of each mutant in equivalent.txt."""
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    reasons = {}
    for block in filter(None, text.strip().split("\n\n")):
        head, *rest = block.strip().splitlines()
        marks = [f"{line} "[:2] for line in rest]  # a "+" alone: nothing is left
        if marks != ["- ", "+ ", *["  "] * max(len(rest) - 2, 1)]:
            form = "a place and an operator, '- ', '+ ' and an indented reason"
            raise ValueError(f"{path.name} must have entries of {form}; got {block}")
        before, after, *reason = (line[2:] for line in rest)
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
    n, counts = len(verdicts), Counter(verdicts.values())
    n_killed, n_listed = n - len(survivors), len(survivors) - len(unlisted)
    modules = ", ".join(sorted({mutant.module for mutant in mutants}))
    print(f"\n{n} of {len(mutants)} mutants of {modules}:")
    print(f"{n_killed} killed, {counts['timed out']} of them by the time limit and")
    print(f"{counts['not run']} because no test could be collected;")
    print(f"{n_listed} survived and are listed, {len(unlisted)} survived and are not.")
    share = n_killed / max(n - n_listed, 1)
    print(f"Score: {n_killed / max(n, 1):.1%} of all, {share:.1%} of those")
    print("that are not listed as equivalent.")
    return not unlisted and not stale


if __name__ == "__main__":
    sys.exit(main())
